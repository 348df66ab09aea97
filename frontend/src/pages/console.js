/**
 * The moderator's console.
 * @module
 */
import "../elements/broadcast-controls.js";
import "../elements/room-bar.js";
import "../elements/room-chat.js";
import "../elements/room-player.js";
import { enhance } from "../lib/enhance.js";
import { t } from "../lib/i18n.js";
import { key } from "../lib/keys.js";
import { toast } from "../lib/toast.js";
import { joinCrewPage } from "../state/crew.js";

const { room, socket } = joinCrewPage();
const modes = /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("input[name=chat_mode]"));

room.addEventListener("webinar", () => {
  for (const input of modes) input.checked = input.value === room.webinar?.["chat"].mode;
});

for (const input of modes) input.addEventListener("change", () => void tell("chat.mode", { mode: input.value }));

const notice = document.querySelector("form[data-notice]");
notice?.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get("text"));
  void tell("notice.set", { state: "paused", text }).then((done) => done && toast(t("Set."), { tone: "good" }));
});

for (const [letter, place] of /** @type {[string, number][]} */ ([["c", 0], ["k", 1]])) {
  const names = [t("Write in the chat"), t("Write to the crew")];
  key(letter, names[place] ?? "", t("Chat"), () => document.querySelectorAll("textarea")[place]?.focus());
}

/**
 * @template {keyof import("../protocol/messages.d.ts").Commands} T
 * @param {T} type @param {import("../protocol/messages.d.ts").Commands[T]} fields
 */
async function tell(type, fields) {
  try {
    await socket.command(type, fields);
    return true;
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error), { tone: "danger" });
    return false;
  }
}

await enhance();
