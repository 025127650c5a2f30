/* How htmx works on our pages: sent before it, as it reads these settings when it is loaded (kajoom/web/script.py). */
{
  const settings = document.createElement("meta");
  settings.name = "htmx-config";
  settings.content = JSON.stringify({
    history: "reload",
    defaultTimeout: 15000,
    defaultSettleDelay: 0, // the new price is shown as it is, and does not fade in from the look of the old one
    transitions: false,
    includeIndicatorCSS: false,
  });
  document.head.append(settings);

  // An answer that is no page of ours changes nothing; a refusal is shown in #alert, whatever asked for it.
  const answers = new Map([["5xx", "swap:none"]]);
  for (const status of [400, 403, 404, 413, 429]) {
    answers.set(status, "target:#alert swap:innerHTML");
  }
  for (const [status, swap] of answers) {
    document.body.setAttribute(`data-hx-status:${status}:inherited`, `${swap} push:false replace:false`);
  }
}
