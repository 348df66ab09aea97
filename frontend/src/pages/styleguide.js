/**
 * The style guide: its buttons show toasts and the sheet of keys.
 * @module
 */
import { command } from "../lib/commands.js";
import { t } from "../lib/i18n.js";
import { key } from "../lib/keys.js";
import { toast } from "../lib/toast.js";
import "./staff.js";

/** @param {string | undefined} kind */
function show(kind) {
  if (kind === "undo") toast(t("Question hidden"), { undo: () => toast(t("It is back")) });
  else toast(t("Saved"), { tone: "good" });
}

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("button") : null;
  if (button?.dataset.toast) show(button.dataset.toast);
  if (button?.dataset.keys) /** @type {{show(): void} | null} */ (/** @type {unknown} */ (document.querySelector("ui-keys")))?.show();
});

key("u", t("Toast with undo"), t("Style guide"), () => show("undo"));
command({ text: t("Show toast"), group: t("Style guide"), icon: "message-square", run: () => show("") });
