"""Accessibility checks by axe: the success criteria of WCAG 2.2 AA and axe's best practices."""

from __future__ import annotations

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

# Colours are checked after transitions have ended.
_RUN = """async (tags) => {
  const ends = document.getAnimations().filter(each => each.effect.getComputedTiming().endTime < Infinity);
  for (const each of ends) each.finish();
  const found = await axe.run(document, {runOnly: {type: "tag", values: tags}, resultTypes: ["violations"]});
  return found.violations.flatMap(({id, impact, nodes}) =>
    nodes.map(({target, failureSummary}) => `${id} (${impact}) at ${target.join(" ")}: ${failureSummary}`));
}"""
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def axe(page: Page) -> list[str]:
    """Every violation with its place and reason. The script is injected through the debugger, past the CSP."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    violations: list[str] = page.evaluate(_RUN, _TAGS)
    return violations
