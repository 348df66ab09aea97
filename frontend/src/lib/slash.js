/**
 * Commands written in the chat: `/ask`, `/crew`, `/hand`, `/help`, and for moderators `/slow`, `/notice`, `/chat`. Loaded when
 * somebody types a slash. Two slashes say a text that begins with one.
 * @module
 */
import { givenName } from "../elements/room-composer.js";
import { t } from "./i18n.js";
import { toast } from "./toast.js";

/** @typedef {import("../elements/live-element.js").LiveElement} LiveElement */
/** @typedef {{name: string, text: string, needs: string, run: (rest: string, from: LiveElement) => Promise<unknown> | void}} Slash */

/** @type {Slash[]} */
const COMMANDS = [
  { name: "ask", text: t("Ask a question"), needs: "questions.ask", run: (text, from) => from.act("question.ask", { text, name: givenName() }, { done: t("Your question is on its way.") }) },
  { name: "crew", text: t("Write to the crew; nobody else sees it"), needs: "chat.say", run: (text, from) => from.act("chat.private", { ref: String(Math.random()).slice(2), text, name: givenName() }, { done: t("The crew has it.") }) },
  { name: "hand", text: t("Raise your hand"), needs: "hands.raise", run: (_rest, from) => from.act("hand.raise", { name: givenName() }, { done: t("Your hand is up.") }) },
  { name: "lower", text: t("Lower your hand"), needs: "hands.raise", run: (_rest, from) => from.act("hand.lower", {}, { done: t("Your hand is down.") }) },
  { name: "slow", text: t("Slow mode: seconds between messages, 0 for none"), needs: "room.settings", run: (rest, from) => from.act("room.modes", { slow: Number(rest) || 0 }, { done: t("Set.") }) },
  { name: "notice", text: t("Show a notice to everyone"), needs: "room.settings", run: (text, from) => from.act("notice.post", { text, seconds: 60 }, { done: t("Everyone sees it.") }) },
  { name: "help", text: t("All keys and commands"), needs: "chat.read", run: () => /** @type {{show(): void} | null} */ (/** @type {unknown} */ (document.querySelector("ui-keys")))?.show() },
];

/** @param {LiveElement} from */
function known(from) {
  return COMMANDS.filter((one) => from.may(one.needs) && (from.isCrew ? !["ask", "crew", "hand", "lower"].includes(one.name) : true));
}

/** Commands that begin like `text`. @param {string} text @param {LiveElement} from */
export function fitting(text, from) {
  return text.startsWith("//") ? [] : known(from).filter((one) => one.name.startsWith(text.slice(1).toLowerCase()));
}

/**
 * Run the command in `text`.
 * @param {string} text @param {LiveElement} from
 * @returns {Promise<boolean>} false when it is something to say
 */
export async function run(text, from) {
  if (text.startsWith("//")) return false;
  const [name = "", ...rest] = text.slice(1).split(" ");
  const found = known(from).find((one) => one.name === name.toLowerCase());
  if (found) await found.run(rest.join(" ").trim(), from);
  else toast(t("There is no command /{name}. Type /help to see all.", { name }), { tone: "warn" });
  return true;
}
