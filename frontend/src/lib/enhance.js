/**
 * Wakes the elements a page uses: each element of the list in the document loads its own module, and no other.
 * @module
 */

/** @type {Record<string, () => Promise<unknown>>} */
const elements = {
  "ui-command": () => import("../elements/ui-command.js"),
  "ui-copy": () => import("../elements/ui-copy.js"),
  "ui-countdown": () => import("../elements/ui-countdown.js"),
  "ui-file-drop": () => import("../elements/ui-file-drop.js"),
  "ui-fresh": () => import("../elements/ui-fresh.js"),
  "ui-keys": () => import("../elements/ui-keys.js"),
  "ui-language": () => import("../elements/ui-language.js"),
  "ui-level": () => import("../elements/ui-level.js"),
  "ui-menu": () => import("../elements/ui-menu.js"),
  "ui-moment": () => import("../elements/ui-moment.js"),
  "ui-poll": () => import("../elements/ui-poll.js"),
  "ui-secret": () => import("../elements/ui-secret.js"),
  "ui-table": () => import("../elements/ui-table.js"),
  "ui-tabs": () => import("../elements/ui-tabs.js"),
  "ui-theme": () => import("../elements/ui-theme.js"),
  "ui-time": () => import("../elements/ui-time.js"),
  "ui-timer": () => import("../elements/ui-timer.js"),
  "ui-toasts": () => import("../elements/ui-toasts.js"),
  "ui-zone": () => import("../elements/ui-zone.js"),
  "video-upload": () => import("../elements/video-upload.js"),
};

/** Call once, from the page's module. Answers when all elements of the page work. */
export async function enhance() {
  void import("./dialogs.js").then(({ wireDialogs }) => wireDialogs(document));
  // A room has no form that needs it, and loads less.
  if (document.querySelector("form:not(.row)")) void import("./forms.js").then(({ wireForms }) => wireForms(document));
  const used = Object.entries(elements).filter(([name]) => document.querySelector(name));
  await Promise.all(used.map(([, load]) => load()));
  document.documentElement.dataset.ready = "";
}
