/*
 * Shows the client what htmx does not: that a form is taking long, that the network or the server failed, and
 * that the result of a form is unknown. Its texts are data attributes of #status and #alert in base.html, where they
 * are translated. Every page works without this file.
 */
(() => {
  const SHOW_WORKING_AFTER_MS = 800;
  const root = document.documentElement;
  let workingTimer;

  function isPost(request) {
    return request.ctx?.request?.method === "POST";
  }

  /** Announce to screen readers that the server is working, and show it by the cursor (.working in style.css). */
  function showWorking() {
    const status = document.getElementById("status");
    root.classList.add("working");
    status.textContent = status.dataset.working;
  }

  function hideWorking() {
    clearTimeout(workingTimer);
    root.classList.remove("working");
  }

  /**
   * Mark the price beside the choice as out of date while another is computed; `reason` says why there is none yet.
   * A swap replaces the marked element.
   */
  function markPrice(request, reason = "") {
    const quote = document.getElementById("quote");
    if (!quote || !request.ctx?.sourceElement?.matches?.(".choosing")) {
      return;
    }
    quote.dataset.stale = "";
    for (const note of document.querySelectorAll(".stale-reason")) {
      note.textContent = reason;
    }
  }

  function clearError() {
    document.getElementById("alert").textContent = "";
  }

  /**
   * Show an error at the top of the page. `kind` is "offline", "slow" or "broken".
   *
   * A POST without an answer may have been carried out all the same, and sending it again could pay twice. So it is
   * reported as "unknown", never as failed, with a link that reloads the page to show the current state. A "broken"
   * POST was answered by the server with an error: it keeps its own text, and gets the link too.
   */
  function showError(request, kind) {
    const alert = document.getElementById("alert");
    const isUnknown = isPost(request) && kind !== "broken";
    const text = alert.dataset[isUnknown ? "unknown" : kind];
    hideWorking();
    markPrice(request, text);
    if (alert.firstChild?.textContent.trim() === text) {
      return;
    }
    alert.textContent = text + " ";
    if (isPost(request)) {
      alert.append(linkToCurrentState(alert.dataset.look));
    }
  }

  function linkToCurrentState(text) {
    const link = document.createElement("a");
    link.href = location.href;
    link.textContent = text;
    return link;
  }

  /** Whether the page makes this request by itself: an order's page, which looks for news every few seconds. */
  function isPoll(request) {
    return request.ctx?.sourceElement?.dataset.hxTrigger?.startsWith("every") ?? false;
  }

  // A previous error is out of date once the client tries again, or once an answer comes. A poll alone leaves it:
  // emptied and filled again every few seconds, it would be read aloud each time.
  // Quick forms show nothing: a flash would distract.
  document.addEventListener("htmx:before:request", ({ detail }) => {
    if (!isPoll(detail)) {
      clearError();
    }
    markPrice(detail);
    if (isPost(detail)) {
      workingTimer = setTimeout(showWorking, SHOW_WORKING_AFTER_MS);
    }
  });

  document.addEventListener("htmx:after:request", () => {
    hideWorking();
    clearError();
  });

  // No answer: the network failed, or htmx gave up waiting (defaultTimeout in base.html).
  document.addEventListener("htmx:error", ({ detail }) => {
    const message = String(detail.error?.message ?? detail.error);
    showError(detail, message.includes("timeout") ? "slow" : "offline");
  });

  // Answers below 500 are pages or messages of ours, which htmx shows itself.
  document.addEventListener("htmx:response:error", ({ detail }) => {
    if (detail.ctx?.response?.status >= 500) {
      showError(detail, "broken");
    }
  });

  // Going back from a payment provider may bring up the page as it was left, with its buttons still marked as busy.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) {
      location.reload();
    }
  });

  // The button "Print or save as PDF", which style.css hides without JavaScript.
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) {
      window.print();
    }
  });

  // style.css hides what only serves pages without JavaScript.
  root.classList.add("js");
})();
