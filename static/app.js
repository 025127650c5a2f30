// What the page cannot say by itself: that it waits, that it lost the network, that it does not know.
(() => {
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);
  root.classList.add("js");

  const posts = (detail) => detail.ctx?.request?.method === "POST";
  let waiting;
  const rest = () => { clearTimeout(waiting); root.classList.remove("working"); };

  const tell = (detail, key) => {
    rest();
    const alert = byId("alert");
    // A POST whose answer never came may have been carried out: never "failed", always where to look.
    const unknown = posts(detail) && key !== "broken";
    alert.textContent = alert.dataset[unknown ? "unknown" : key] + " ";
    if (posts(detail)) {
      const link = document.createElement("a");
      link.href = location.href;
      link.textContent = alert.dataset.look;
      alert.append(link);
    }
  };

  document.addEventListener("htmx:before:request", ({ detail }) => {
    byId("alert").textContent = "";
    if (!posts(detail)) return;
    waiting = setTimeout(() => {
      root.classList.add("working");
      byId("status").textContent = byId("status").dataset.working;
    }, 800);
  });
  document.addEventListener("htmx:after:request", rest);
  document.addEventListener("htmx:error", ({ detail }) => {
    const reason = String(detail.error?.message ?? detail.error);
    tell(detail, reason.includes("timeout") ? "slow" : "offline");
  });
  document.addEventListener("htmx:response:error", ({ detail }) => {
    if (detail.ctx?.response?.status >= 500) tell(detail, "broken");
  });

  // Back from another site shows the page as it was left, busy marks and all.
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
})();
