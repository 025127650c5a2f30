/*
 * Looks for news on a page that waits for them (`data-poll`, the fewest seconds between two looks): more and more rarely
 * while there are none, and not in a tab that nobody sees.
 */
{
  const MINUTE = 60;
  const WAITS = [[MINUTE / 2, 2], [2 * MINUTE, 5], [10 * MINUTE, 15], [Infinity, 60]]; // seconds shown, seconds to wait
  let waiting; // the element that waits for news
  let shownAt;
  let timer;

  function poll() {
    if (waiting?.isConnected && !document.hidden) {
      waiting.dispatchEvent(new Event("poll")); // its data-hx-trigger
    }
  }

  function pollLater() {
    clearTimeout(timer);
    const found = document.querySelector("[data-poll]");
    if (found !== waiting) {
      [waiting, shownAt] = [found, performance.now()];
    }
    if (found) {
      const shown = (performance.now() - shownAt) / 1000;
      const [, seconds] = WAITS.find(([until]) => shown < until);
      timer = setTimeout(poll, Math.max(seconds, found.dataset.poll) * 1000);
    }
  }

  pollLater();
  document.addEventListener("htmx:finally:request", pollLater);
  document.addEventListener("visibilitychange", poll);
}
