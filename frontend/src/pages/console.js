/**
 * The moderator's console.
 * @module
 */
import "../elements/broadcast-controls.js";
import "../elements/console-deck.js";
import "../elements/console-inbox.js";
import "../elements/console-log.js";
import "../elements/console-people.js";
import "../elements/console-polls.js";
import "../elements/console-questions.js";
import "../elements/console-settings.js";
import "../elements/crew-presence.js";
import "../elements/room-bar.js";
import "../elements/room-chat.js";
import "../elements/room-player.js";
import "../elements/stage-panel.js";
import "../elements/stage-videos.js";
import "../elements/state-notes.js";
import { TOOLS } from "../elements/chat-line.js";
import { enhance } from "../lib/enhance.js";
import { t } from "../lib/i18n.js";
import { key, mention } from "../lib/keys.js";
import { joinCrewPage } from "../state/crew.js";

const { boot } = joinCrewPage();
const settings = /** @type {import("../elements/console-settings.js").ConsoleSettings} */ (document.querySelector("console-settings"));
settings.slug = boot.slug;
const deck = /** @type {{open: (id: string) => void}} */ (/** @type {unknown} */ (document.querySelector("console-deck")));

document.addEventListener("conversation", (event) => {
  const { person, name } = /** @type {CustomEvent} */ (event).detail;
  deck.open("p-inbox");
  /** @type {import("../elements/console-inbox.js").ConsoleInbox | null} */ (document.querySelector("console-inbox"))?.open(person, name);
});

for (const [letter, id, name] of /** @type {[string, string, string][]} */ ([["c", "p-chat", t("Write in the chat")], ["k", "p-crew", t("Write to the crew")]])) {
  key(letter, name, t("Chat"), () => {
    deck.open(id);
    document.querySelector(`#${id} textarea`)?.dispatchEvent(new Event("focus"));
    /** @type {HTMLElement | null} */ (document.querySelector(`#${id} textarea`))?.focus();
  });
}
key("/", t("Find a question"), t("Go to"), () => {
  deck.open("p-open");
  /** @type {HTMLElement | null} */ (document.querySelector("#p-open input[type=search]"))?.focus();
});
key("p", t("New poll"), t("Polls"), () => void /** @type {import("../elements/console-polls.js").ConsolePolls | null} */ (document.querySelector("console-polls"))?.edit());
for (const [, , text, name] of TOOLS) mention(name, t(text), t("On a message"));

await enhance();
