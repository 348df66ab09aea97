/**
 * Wakes the elements a page uses: each `ui-*` in the document loads its own module, and no other.
 * @module
 */
import { wireDialogs } from "./dialogs.js";
import { wireForms } from "./forms.js";

/** @type {Record<string, () => Promise<unknown>>} */
const elements = {
  "ui-command": () => import("../elements/ui-command.js"),
  "ui-copy": () => import("../elements/ui-copy.js"),
  "ui-countdown": () => import("../elements/ui-countdown.js"),
  "ui-file-drop": () => import("../elements/ui-file-drop.js"),
  "ui-keys": () => import("../elements/ui-keys.js"),
  "ui-level": () => import("../elements/ui-level.js"),
  "ui-menu": () => import("../elements/ui-menu.js"),
  "ui-moment": () => import("../elements/ui-moment.js"),
  "ui-secret": () => import("../elements/ui-secret.js"),
  "ui-table": () => import("../elements/ui-table.js"),
  "ui-tabs": () => import("../elements/ui-tabs.js"),
  "ui-theme": () => import("../elements/ui-theme.js"),
  "ui-time": () => import("../elements/ui-time.js"),
  "ui-timer": () => import("../elements/ui-timer.js"),
  "ui-toasts": () => import("../elements/ui-toasts.js"),
};

/** Call once, from the page's module. Answers when all elements of the page work. */
export async function enhance() {
  wireDialogs(document);
  wireForms(document);
  const used = Object.entries(elements).filter(([name]) => document.querySelector(name));
  await Promise.all(used.map(([, load]) => load()));
  document.documentElement.dataset.ready = "";
}
