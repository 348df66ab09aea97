/**
 * A question as the crew sees it: who asked, what, how many want to hear it, who is on it, and what can be done.
 * @module
 */
import { html, nothing } from "lit";
import { t, tn, words } from "../lib/i18n.js";
import { icon } from "../lib/icon.js";
import { mention } from "../lib/keys.js";
import { hue, initials } from "../lib/person.js";
import { stateOf } from "../lib/question-words.js";
import { moment } from "../lib/time.js";
import { linked } from "./chat-line.js";

/** @typedef {import("../state/room.js").Entity} Entity */
/** @typedef {"approve" | "reject" | "rewrite" | "show" | "take" | "voice" | "answer" | "hide" | "reopen" | "merge" | "unmerge" | "claim" | "star" | "label" | "follow" | "archive" | "person" | "up" | "down"} QuestionDo */
/** @typedef {{me: string, now: number, picked: boolean, form: "" | "rewrite" | "answer", ghost: boolean, moderates: boolean, act: (what: QuestionDo, question: Entity) => void, pick: (question: Entity, event: Event) => void, save: (question: Entity, values: FormData) => void, cancel: () => void, typing: () => void}} Around */

/** What may be done in which state: icon, name, key, states, and how: with its word, as a sign, or (null) in the menu. @type {[QuestionDo, string, string, string, string[], boolean | null][]} */
export const DEEDS = [
  ["approve", "circle-check", words("Approve"), "a", ["pending"], true],
  ["reject", "circle-x", words("Reject"), "r", ["pending", "visible", "answering"], true],
  ["show", "monitor", words("On screen"), "o", ["pending", "visible", "answering", "answered"], false],
  ["take", "mic", words("Answering now"), "n", ["visible", "answering"], false],
  ["voice", "volume-2", words("Answered by voice"), "v", ["visible", "answering"], false],
  ["answer", "reply", words("Write an answer"), "w", ["pending", "visible", "answering", "answered"], false],
  ["rewrite", "pencil", words("Edit the question"), "e", ["pending", "visible", "answering"], false],
  ["merge", "combine", words("Merge into another"), "m", ["pending", "visible", "answering"], false],
  ["unmerge", "undo-2", words("Take the merge back"), "u", ["merged"], true],
  ["claim", "flag", words("I take this one"), "c", ["pending", "visible", "answering"], false],
  ["star", "star", words("Star"), "s", ["pending", "visible", "answering", "answered"], null],
  ["label", "tag", words("Label"), "l", ["pending", "visible", "answering", "answered"], null],
  ["follow", "bookmark", words("Follow up later"), "f", ["visible", "answering", "answered"], null],
  ["hide", "eye-off", words("Hide"), "h", ["visible", "answering", "answered"], null],
  ["reopen", "undo-2", words("Open again"), "u", ["hidden", "rejected", "answered"], true],
  ["person", "gavel", words("Mute or ban"), "b", ["pending", "visible", "answering", "answered", "rejected", "hidden"], null],
  ["archive", "archive", words("Archive"), "z", ["visible", "answered", "rejected", "hidden", "merged"], null],
];

/** @param {Entity} question @param {Around} around */
export function questionCard(question, around) {
  const claim = question["claim"];
  const claimed = claim && claim.until > around.now;
  return html`<article class="q-card" data-state=${question["state"]} ?data-screen=${question["on_screen"]} ?data-ghost=${around.ghost} aria-label=${t("Question {number}", { number: question["number"] })}>
    <header class="q-head">
      ${around.moderates ? html`<label class="choice bare"><input type="checkbox" .checked=${around.picked} aria-label=${t("Choose question {number}", { number: question["number"] })} @click=${(/** @type {Event} */ event) => around.pick(question, event)}></label>` : nothing}
      <b class="figures">#${question["number"]}</b>
      ${question["votes"] ? html`<span class="q-votes figures" title=${t("Votes")}>${icon("arrow-up", t("Votes"))}${question["votes"]}</span>` : nothing}
      <span class="q-who small">${asker(question)}</span>
      ${marks(question, around.ghost)}
      <span class="grow"></span>
      ${claimed ? html`<span class="pill" data-tone=${claim.id === around.me ? "accent" : "warn"}>${claim.id === around.me ? t("You are on it") : t("{name} is on it", { name: claim.name })}</span>` : nothing}
    </header>
    ${around.form ? form(question, around) : html`<p class="q-text">${linked(question["text"])}</p>`}
    ${question["original"] && question["original"] !== question["text"] ? html`<details class="small disclosure"><summary>${t("As it was asked")}</summary><p>${question["original"]}</p></details>` : nothing}
    ${question["answer"] && around.form !== "answer" ? html`<p class="q-answer small">${icon("reply")}<span>${question["private_answer"] ? html`<em>${t("To the asker alone:")}</em> ` : nothing}${linked(question["answer"])}</span></p>` : nothing}
    ${question["reason"] ? html`<p class="small quiet">${t("Reason: {reason}", { reason: question["reason"] })}</p>` : nothing}
    ${around.ghost || !around.moderates ? nothing : deeds(question, around)}
  </article>`;
}

/** @param {Entity} question */
function asker(question) {
  const { author, anonymous } = /** @type {any} */ (question);
  const at = html`<time class="quiet" datetime=${new Date(question["at"]).toISOString()} title=${moment(question["at"])}>${moment(question["at"], "time")}</time>`;
  if (!author) return html`<span class="quiet">${t("Anonymous")}</span> ${at}`;
  const name = author.name || t("Somebody");
  return html`<span class="avatar small" data-hue=${hue(author.id)} aria-hidden="true">${initials(name)}</span> ${name} ${anonymous === "audience" ? html`<span class="quiet">${t("(anonymous to the audience)")}</span>` : nothing} ${at}`;
}

/** @param {Entity} question @param {boolean} ghost */
function marks(question, ghost) {
  const { word, tone } = stateOf(question["state"]);
  return html`${!["pending", "visible"].includes(question["state"]) || ghost ? html`<span class="pill" data-tone=${tone}>${word}</span>` : nothing}
    ${question["on_screen"] ? html`<span class="pill" data-tone="live">${t("on screen")}</span>` : nothing}
    ${question["starred"] ? html`<span class="q-star" title=${t("Starred")}>${icon("star", t("Starred"))}</span>` : nothing}
    ${question["label"] ? html`<span class="tag">${question["label"]}</span>` : nothing}
    ${question["held"] === "words" ? html`<span class="tag warn">${t("held by the word list")}</span>` : nothing}
    ${question["follow_up"] ? html`<span class="tag">${t("follow up")}</span>` : nothing}
    ${question["archived"] ? html`<span class="tag">${t("archived")}</span>` : nothing}
    ${ghost && question["by"] ? html`<span class="small quiet">${t("by {name}", { name: question["by"].name })}</span>` : nothing}`;
}

/** @param {Entity} question */
export function deedsFor(question) {
  return DEEDS.filter(([what, , , , states]) => states.includes(question["state"]) && (what !== "person" || question["author"] || question["anonymous"]) && !(question["archived"] && what !== "archive"));
}

/** @param {Entity} question @param {Around} around */
function deeds(question, { act }) {
  const on = /** @type {Record<string, boolean>} */ ({ show: question["on_screen"], take: question["state"] === "answering", star: question["starred"], follow: question["follow_up"], archive: question["archived"] });
  const known = deedsFor(question);
  const menu = known.filter(([, , , , , word]) => word === null);
  const nameOf = (/** @type {QuestionDo} */ what, /** @type {string} */ text) => (what === "archive" && question["archived"] ? t("Restore") : t(text));
  return html`<footer class="q-deeds" role="group" aria-label=${t("Question {number}", { number: question["number"] })}>${known.filter(([, , , , , word]) => word !== null).map(([what, iconName, text, keyName, , word]) => {
    const name = nameOf(what, text);
    const pressed = what in on ? String(Boolean(on[what])) : nothing;
    return html`<button class=${`button small ${word ? "" : "plain square"} ${what === "approve" ? "primary" : ""}`} type="button" aria-label=${name} title=${`${name} (${keyName.toUpperCase()})`} aria-pressed=${pressed} @click=${() => act(what, question)}>${icon(iconName)}${word ? html`<span>${name}</span>` : nothing}</button>`;
  })}
    ${menu.length ? html`<ui-menu><button class="button small plain square" type="button" popovertarget=${`q-${question.id}-${question["state"] === "pending" ? "w" : "o"}`} aria-haspopup="menu" aria-label=${t("More")} title=${t("More")}>${icon("ellipsis")}</button><div class="menu" id=${`q-${question.id}-${question["state"] === "pending" ? "w" : "o"}`} popover role="menu" aria-label=${t("More")}>
      ${menu.map(([what, iconName, text, keyName]) => html`<button class="menu-item" type="button" role=${what in on && what !== "archive" ? "menuitemcheckbox" : "menuitem"} aria-checked=${what in on && what !== "archive" ? String(Boolean(on[what])) : nothing} @click=${() => act(what, question)}>${icon(iconName)}${nameOf(what, text)}<kbd>${keyName.toUpperCase()}</kbd></button>`)}</div></ui-menu>` : nothing}</footer>`;
}

/** @param {Entity} question @param {Around} around */
function form(question, { form: kind, save, cancel, typing }) {
  const answering = kind === "answer";
  const sent = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    save(question, new FormData(/** @type {HTMLFormElement} */ (event.currentTarget)));
  };
  const keys = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape") cancel();
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) /** @type {HTMLTextAreaElement} */ (event.target).form?.requestSubmit();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return html`<form class="q-form" @submit=${sent}>
    ${answering ? html`<p class="q-text">${linked(question["text"])}</p>` : nothing}
    <textarea class="input" name="text" rows="3" required maxlength=${answering ? 2000 : 500} aria-label=${answering ? t("Answer") : t("The question, as everyone will read it")} .value=${answering ? (question["answer"] ?? "") : question["text"]} @keydown=${keys} @input=${typing}></textarea>
    ${answering ? html`<label class="choice"><input type="checkbox" name="private" .checked=${Boolean(question["private_answer"])}><span class="choice-text">${t("Only the asker sees the answer")}</span></label>` : nothing}
    <div class="row"><button class="button small primary">${answering ? t("Send the answer") : t("Save")}</button><button class="button small plain" type="button" @click=${cancel}>${t("Cancel")}</button><span class="small quiet end"><kbd>Ctrl</kbd> <kbd>Enter</kbd></span></div>
  </form>`;
}

/** How many askers and voters stand behind it, for the merge. @param {Entity} question */
export function weight(question) {
  return tn("{n} vote", "{n} votes", question["votes"] ?? 0);
}

/** The sheet of keys lists what the rows know. */
export function mentionKeys() {
  for (const [, , text, name] of DEEDS) mention(name, t(text), t("On a question"));
  mention("x", t("Choose"), t("On a question"));
  mention("Alt+↑ ↓", t("Move up or down"), t("On a question"));
}
