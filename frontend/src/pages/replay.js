/**
 * The replay: recording, chapters, chat and polls in step.
 * @module
 */
import "../elements/replay-chat.js";
import "../elements/replay-player.js";
import "../elements/replay-polls.js";
import { make, pageData } from "../lib/dom.js";
import { enhance } from "../lib/enhance.js";
import { t } from "../lib/i18n.js";
import { clock } from "../lib/time.js";

/** @typedef {{id: string, address: string, marks: {at: number, title: string}[]}} Take */

const { takes, replay, chat } = /** @type {{takes: Take[], replay: string, chat: boolean}} */ (pageData("boot"));
const player = /** @type {import("../elements/replay-player.js").ReplayPlayer} */ (document.querySelector("replay-player"));
const talk = /** @type {import("../elements/replay-chat.js").ReplayChat} */ (document.querySelector("replay-chat"));
const polls = /** @type {import("../elements/replay-polls.js").ReplayPolls} */ (document.querySelector("replay-polls"));
const chapters = document.querySelector("[data-chapters]");
const buttons = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-take]"));

player.addEventListener("place", () => {
  talk.at(player.video?.currentTime ?? 0);
  polls.at(player.video?.currentTime ?? 0);
});
for (const button of buttons) button.addEventListener("click", () => choose(Number(button.dataset["take"])));

/** @param {number} place */
function choose(place) {
  const take = takes[place];
  if (!take) return;
  player.play(take.address);
  void talk.load(chat ? `${replay}${take.id}/chat${location.search}` : "");
  void polls.load(`${replay}${take.id}/polls${location.search}`);
  for (const button of buttons) button.setAttribute("aria-pressed", String(Number(button.dataset["take"]) === place));
  chapters?.replaceChildren(...take.marks.map(chapter));
  if (chapters && !take.marks.length) chapters.append(make("li", { class: "quiet" }, t("This recording has no chapters.")));
}

/** @param {{at: number, title: string}} mark */
function chapter(mark) {
  const button = make("button", { class: "button plain", type: "button" }, make("span", { class: "figures quiet" }, clock(mark.at * 1000)), make("span", {}, mark.title));
  button.addEventListener("click", () => player.goTo(mark.at));
  return make("li", {}, button);
}

choose(0);
await enhance();
