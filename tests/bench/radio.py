"""The time from the press of a plan's radio to the painted price, in Chromium: `make bench-radio`.

The page is served by gunicorn as `make run` does. A radio is pressed 60 times by a mouse; of each press the page
records when the mouse was released, when the request left, when the answer was there, when it was in the page, and when
the browser had painted the next frame, which shows it: a message sent as a frame begins arrives after its paint.
Nothing of Playwright runs in the page meanwhile: `locator.click` would listen to the press, and `wait_for_function`
would ask in each frame.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.bench import others
from tests.bench.rows import copies
from tests.bench.servers import AS_RUN, kajoom
from tests.browser.chromium import launch_chromium, sign_in

PRESSES = 60
_WARM = 10
_PLANS = ("b", "c", "base")

_RECORD = """() => {
  window.presses = [];
  let press;
  document.addEventListener("pointerup", event => { press = {pressed: event.timeStamp}; }, true);
  document.addEventListener("htmx:before:request", () => { press.asked = performance.now(); });
  document.addEventListener("htmx:before:response", () => { press.answered = performance.now(); });
  document.addEventListener("htmx:after:swap", () => {
    const done = press;
    done.swapped = performance.now();
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => {
        done.painted = performance.now();
        window.presses.push(done);
        window.dispatchEvent(new Event("painted"));
      };
      channel.port2.postMessage("");
    });
  });
}"""

_EXPECT_PAINT = """() => {
  window.painted = new Promise(resolve => window.addEventListener("painted", resolve, {once: true}));
}"""

_PARTS = (
    ("until the request leaves", "pressed", "asked"),
    ("until the answer is there", "asked", "answered"),
    ("until it is in the page", "answered", "swapped"),
    ("until it is painted", "swapped", "painted"),
    ("from the press to the paint", "pressed", "painted"),
)


def main() -> None:
    """Press the radios, and print the median and the 95th percentile of each part in milliseconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--anyway", action="store_true", help="print figures that were taken beside other programs")
    options = parser.parse_args()
    if not options.anyway:
        others.refuse_if_busy()
    with tempfile.TemporaryDirectory() as folder:
        presses = _presses(Path(folder))
    print(f"{PRESSES} presses of a radio, in milliseconds:{'p50':>10}{'p95':>8}{'most':>8}")
    for name, start, end in _PARTS:
        times = sorted(press[end] - press[start] for press in presses)
        part = (statistics.median(times), times[int(0.95 * len(times))], times[-1])
        print(f"  {name:<39}" + "".join(f"{time:>8.1f}" for time in part))


def _presses(folder: Path) -> list[dict[str, float]]:
    with kajoom(folder, options=AS_RUN) as server, launch_chromium() as browser:
        context = browser.new_context(
            base_url=server.address,
            storage_state=sign_in(browser, server.address, "fr"),
            viewport={"width": 1440, "height": 900},
        )
        page = context.new_page()
        page.goto(f"/services/{copies(folder / 'none.sqlite')[0]}/plan?plan=b&cycle=monthly")
        page.evaluate(_RECORD)
        for number in range(_WARM + PRESSES):
            _press(page, _PLANS[(number + 1) % len(_PLANS)])
        presses: list[dict[str, Any]] = page.evaluate("() => window.presses")
        context.close()
    return presses[_WARM:]


def _press(page: Page, plan: str) -> None:
    """Press a plan and wait until its price is painted, then a while, as a client looks at it."""
    name = page.locator(f"#plan-{plan} .name")
    name.scroll_into_view_if_needed()
    box = name.bounding_box()
    assert box is not None
    page.evaluate(_EXPECT_PAINT)
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.evaluate("async () => { await window.painted; }")
    page.wait_for_timeout(150)


if __name__ == "__main__":
    main()
