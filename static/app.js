/*
 * Shows the client what htmx does not: that a request is being answered, that the network or the server failed, and
 * that the result of a form is unknown. What it says stands in #toast (base.html), which stays inside the window; its
 * `messages`, in the language of the page, come from kajoom/web/script.py. Every page works without this file.
 */
(() => {
  const SHOW_WORKING_AFTER_MS = 800;
  const SHOW_STALE_AFTER_MS = 100; // what takes less is seen as immediate: a mark would only flash
  const LEAVING_MS = 3000; // a link to an address of e-mail looks like leaving too, and the page stays
  const TOAST_MARGIN_PX = 12;

  const root = document.documentElement;
  const [toast, status, alert, retry, dismiss] = ["toast", "status", "alert", "retry", "dismiss"].map((id) =>
    document.getElementById(id),
  );
  let posting; // the request of the form that is being answered
  let workingTimer;
  let staleTimer;
  let pressed; // the button, link or radio of the client's last request: Safari does not focus what is clicked
  let failed; // the request that "Try again" repeats
  let focusedBefore; // what had the focus when it failed
  let failedPolls = 0;
  let leftAt = -Infinity;

  const isPost = (ctx) => ctx.request.method === "POST";

  /** Whether the page makes this request by itself, to look for news: see polling.js. */
  const isPoll = (ctx) => "poll" in ctx.sourceElement.dataset;

  /** The button or link of a request, if any: a plan is chosen by a radio. */
  const buttonOf = (ctx) => ctx.request.submitter ?? ctx.sourceElement.closest("a, button");

  /* ---- The toast ---- */

  /**
   * Place the toast low in the window, and higher where it would cover what was pressed, what has the focus, or the
   * price at the bottom of a phone.
   */
  function place() {
    if (!alert.textContent && status.classList.contains("unseen")) {
      return;
    }
    const boxes = [document.getElementById("quote-bar"), pressed, document.activeElement]
      .filter((it) => it?.isConnected && !toast.contains(it))
      .map((it) => (it.closest("label") ?? it).getBoundingClientRect())
      .filter((box) => box.height && box.height < innerHeight / 2 && box.bottom > 0 && box.top < innerHeight);
    const height = toast.offsetHeight + TOAST_MARGIN_PX;
    const isFree = (top) => top > 0 && boxes.every((box) => top >= box.bottom || top + height <= box.top);
    const tops = [innerHeight, ...boxes.map((box) => box.top)].map((bottom) => bottom - height);
    toast.style.top = `${tops.find(isFree) ?? TOAST_MARGIN_PX}px`;
  }

  /** Show a message in #status, and have it read by screen readers; an empty `name` removes it. */
  function showStatus(name) {
    const text = messages[name] ?? "";
    if (!text && status.classList.contains("unseen")) {
      return; // what the server announced
    }
    status.textContent = text;
    status.classList.toggle("unseen", !text);
    dismiss.hidden = name === "working";
    place();
  }

  /** Show an error: `kind` names its message. A form's has a link to what became of it. */
  function showError(ctx, kind) {
    alert.textContent = `${messages[kind]} `;
    if (isPost(ctx)) {
      const link = document.createElement("a");
      link.href = ctx.sourceElement.dataset.state ?? location.pathname + location.search;
      link.textContent = messages.look;
      alert.append(link);
    }
    offerRetry(ctx, true);
  }

  function offerRetry(ctx, isOffered) {
    failed = ctx;
    retry.hidden = !isOffered;
    dismiss.hidden = false;
    focusedBefore = document.activeElement === document.body ? pressed : document.activeElement;
    place();
  }

  function clearError() {
    if (toast.contains(document.activeElement)) {
      (focusedBefore?.isConnected ? focusedBefore : document.getElementById("content")).focus();
    }
    alert.textContent = "";
    retry.hidden = true;
  }

  function close() {
    clearError();
    showStatus("");
  }

  /* ---- Requests of htmx, in the order of their events ---- */

  /**
   * Mark the price beside the choice as out of date while another is computed; `reason` says why there is none yet.
   * A swap replaces the marked element.
   */
  function markPrice(ctx, reason = "") {
    clearTimeout(staleTimer);
    const quote = document.getElementById("quote");
    if (!quote || !ctx.sourceElement.matches(".choosing")) {
      return;
    }
    quote.dataset.stale = "";
    for (const note of document.querySelectorAll(".stale-reason")) {
      note.textContent = reason && `(${reason})`;
    }
  }

  function markPriceLater(ctx) {
    clearTimeout(staleTimer);
    staleTimer = setTimeout(markPrice, SHOW_STALE_AFTER_MS, ctx);
  }

  function startWorking() {
    clearTimeout(workingTimer);
    workingTimer = setTimeout(showStatus, SHOW_WORKING_AFTER_MS, "working");
  }

  function stopWorking() {
    clearTimeout(workingTimer);
    showStatus("");
  }

  /** Of a page's own requests only the second failure in a row is said, once, and without an interruption. */
  function countFailedPoll() {
    failedPolls += 1;
    if (failedPolls === 2) {
      showStatus("stalled");
    }
  }

  // A previous error is out of date once the client tries again. Quick forms show nothing: a flash would distract.
  document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
    if (isPoll(ctx)) {
      return;
    }
    leftAt = -Infinity;
    clearError();
    markPriceLater(ctx);
    pressed = buttonOf(ctx) ?? ctx.sourceEvent.target;
    buttonOf(ctx)?.setAttribute("aria-busy", "true");
    if (isPost(ctx)) {
      posting = ctx;
      startWorking();
    }
  });

  document.addEventListener("htmx:before:swap", () => clearTimeout(staleTimer));

  document.addEventListener("htmx:after:request", (event) => {
    const { ctx } = event.detail;
    const isRefused = ctx.response.status >= 400;
    if (ctx === posting && !ctx.hx.redirect) {
      stopWorking();
    } else if (isPoll(ctx) && isRefused && !ctx.hx.redirect) {
      event.preventDefault(); // or each would show its error again
      countFailedPoll();
    } else if (isPoll(ctx) && failedPolls) {
      failedPolls = 0;
      showStatus("");
    }
  });

  // Answers below 500 are pages or messages of ours, which htmx shows itself. A gateway's 502 or 504 hides the answer.
  document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
    const code = ctx.response.status;
    if (code >= 500) {
      fail(ctx, isPost(ctx) && [502, 504].includes(code) ? "unknown" : "broken");
    } else {
      markPrice(ctx);
      offerRetry(ctx, code === 429);
    }
  });

  // No answer: the network failed, htmx gave up waiting (defaultTimeout in base.html), or did not understand it.
  // A form without an answer may have been carried out all the same: it is reported as unknown, never as failed.
  document.addEventListener("htmx:error", ({ detail: { ctx } }) => {
    if (!ctx || performance.now() - leftAt < LEAVING_MS) {
      return;
    }
    if (isPoll(ctx)) {
      countFailedPoll();
    } else if (isPost(ctx)) {
      fail(ctx, "unknown");
    } else if (ctx.request.signal.reason === "timeout") {
      fail(ctx, "slow");
    } else {
      fail(ctx, ctx.text === undefined ? "offline" : "broken");
    }
  });

  function fail(ctx, kind) {
    stopWorking();
    markPrice(ctx, messages[`${kind}Short`]);
    showError(ctx, kind);
  }

  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
    if (!ctx.keepIndicators) {
      buttonOf(ctx)?.removeAttribute("aria-busy");
    }
    place();
  });

  // A form that the browser sends itself, as its next page; one whose answer is a file leaves this page as it is.
  document.addEventListener("submit", ({ defaultPrevented, submitter, target }) => {
    if (!defaultPrevented && !("download" in target.dataset)) {
      submitter?.setAttribute("aria-busy", "true");
      if (target.getAttribute("method") === "post") {
        startWorking();
      }
    }
  });

  /* ---- Hands ---- */

  // The same fields again, a form's one-use key among them: what was carried out is not carried out twice.
  retry.addEventListener("click", () => {
    const { sourceElement: source, request } = failed;
    clearError();
    if (!source.isConnected) {
      location.reload();
    } else if (source.matches("form")) {
      source.requestSubmit(request.submitter);
    } else {
      source.click();
    }
  });

  dismiss.addEventListener("click", close);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      close();
    }
  });

  for (const name of ["focusin", "scroll", "resize"]) {
    window.addEventListener(name, place, { passive: true });
  }

  // Leaving the page ends its requests: Firefox and WebKit report them as failed. Firefox does so before `pagehide`.
  for (const name of ["beforeunload", "pagehide"]) {
    window.addEventListener(name, () => {
      leftAt = performance.now();
    });
  }

  /* ---- Address ---- */

  let replacement; // the address to come, and the one that it replaces

  function replaceAddress() {
    if (replacement?.from === location.href) {
      history.replaceState({ htmx: true }, "", replacement.to);
    }
    replacement = undefined;
  }

  // A browser takes longer over the address of a choice than over its price, so that the price is painted first.
  document.addEventListener("htmx:before:history:update", (event) => {
    const { path, type } = event.detail.history;
    replaceAddress();
    if (type === "push") {
      saveScroll();
    } else {
      event.preventDefault();
      replacement = { from: location.href, to: path };
      requestAnimationFrame(() => setTimeout(replaceAddress));
    }
  });
  window.addEventListener("beforeunload", replaceAddress);

  /* ---- Scroll position ---- */

  // htmx reloads the page on Back and Forward, and the browser would then keep the position of the page that is left.
  const scrollKey = () => `scroll:${location.pathname}${location.search}`;
  let isTraversing = false;

  /** The storage of this tab, or `undefined` where the client has forbidden it. */
  function tabStorage() {
    try {
      return sessionStorage;
    } catch {
      return undefined;
    }
  }

  /** Scroll to where the client left this page; its heading takes the focus as usual, but does not scroll to itself. */
  function restoreScroll() {
    const position = tabStorage()?.getItem(scrollKey());
    if (performance.getEntriesByType("navigation")[0]?.type !== "navigate" && position) {
      history.scrollRestoration = "manual";
      document.querySelector("[autofocus]")?.focus({ preventScroll: true });
      scrollTo(0, Number(position));
    }
  }

  restoreScroll();
  window.addEventListener("load", restoreScroll);
  window.addEventListener("popstate", () => {
    isTraversing = true;
  });
  window.addEventListener("hashchange", () => {
    isTraversing = false;
  });
  window.addEventListener("scroll", saveScroll, { passive: true });
  window.addEventListener("pagehide", saveScroll);

  /** Remember where this page is scrolled to, unless its address is already that of another one. */
  function saveScroll() {
    if (!isTraversing) {
      tabStorage()?.setItem(scrollKey(), String(Math.round(scrollY)));
    }
  }

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

  /** Show or hide the passwords of a form; its button says which comes next. */
  function reveal(button) {
    const passwords = button.form.querySelectorAll("[autocomplete$='-password']");
    const type = passwords[0].type === "password" ? "text" : "password";
    passwords.forEach((field) => (field.type = type));
    [button.textContent, button.dataset.reveal] = [button.dataset.reveal, button.textContent];
  }

  // The button "Show the password", which style.css hides without JavaScript. What is sent is hidden again: browsers
  // would offer it later as an ordinary text.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-reveal]");
    if (button) {
      reveal(button);
    }
  });
  document.addEventListener("submit", (event) => {
    const button = event.target.querySelector("[data-reveal]");
    if (button && event.target.querySelector("[type=text][autocomplete$='-password']")) {
      reveal(button);
    }
  });

  // style.css hides what only serves pages without JavaScript.
  root.classList.add("js");
})();
