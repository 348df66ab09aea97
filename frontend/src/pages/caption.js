/**
 * The captioner's page: picture and sound of the program, and a box whose lines everybody reads.
 * @module
 */
import "../elements/room-player.js";
import { make, pageData } from "../lib/dom.js";
import { enhance } from "../lib/enhance.js";
import { t } from "../lib/i18n.js";

const { address, stream } = /** @type {{address: string, stream: string}} */ (pageData("boot"));
const player = /** @type {import("../elements/room-player.js").RoomPlayer} */ (document.querySelector("room-player"));
const form = /** @type {HTMLFormElement} */ (document.querySelector("[data-form]"));
const box = /** @type {HTMLTextAreaElement} */ (form.querySelector("textarea"));
const lines = document.querySelector("[data-lines]");
const wrong = /** @type {HTMLElement} */ (document.querySelector("[data-error]"));

player.stream = stream;
box.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  void send();
});

async function send() {
  const text = box.value.trim();
  if (!text) return;
  box.value = "";
  const answer = await fetch(address, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ text }) }).catch(() => undefined);
  wrong.hidden = Boolean(answer?.ok);
  if (answer?.ok) {
    lines?.append(make("li", {}, text));
    lines?.lastElementChild?.scrollIntoView({ block: "nearest" });
    return;
  }
  wrong.textContent = t("The line was not sent. It is in the box again.");
  if (!box.value) box.value = text;
}

await enhance();
