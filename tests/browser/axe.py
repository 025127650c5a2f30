"""What axe finds in a page, by the success criteria of WCAG 2.2 AA and its best practices."""

from __future__ import annotations

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

# A colour on its way to another is neither: the page is judged once its transitions are over.
_RUN = """async (tags) => {
  const ends = document.getAnimations().filter(each => each.effect.getComputedTiming().endTime < Infinity);
  for (const each of ends) each.finish();
  const found = await axe.run(document, {runOnly: {type: "tag", values: tags}, resultTypes: ["violations"]});
  return found.violations.flatMap(({id, impact, nodes}) =>
    nodes.map(({target, failureSummary}) => `${id} (${impact}) at ${target.join(" ")}: ${failureSummary}`));
}"""
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def axe(page: Page) -> list[str]:
    """Every violation, with where and why; the script comes by the debugger's way, which no policy of ours stops."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found: list[str] = page.evaluate(_RUN, _TAGS)
    return found
