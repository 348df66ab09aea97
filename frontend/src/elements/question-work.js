/**
 * What moderators do with a question: the commands, what is asked before, what takes them back.
 * @module
 */
import { html } from "lit";
import { t } from "../lib/i18n.js";
import { toast } from "../lib/toast.js";
import { reason, reasonOf, restrict, show } from "./moderation-dialogs.js";
import { askInto, askLabel } from "./question-dialogs.js";

/** @typedef {import("../state/room.js").Entity} Entity */
/** @typedef {import("./live-element.js").LiveElement} LiveElement */
/** @typedef {Exclude<import("./question-card.js").QuestionDo, "answer" | "rewrite" | "up" | "down">} Work */

/** @param {LiveElement} from @param {Work} what @param {Entity} question @param {() => void} onward the keyboard goes on from here */
export function work(from, what, question, onward) {
  const { id } = question;
  const version = question["version"];
  const at = { question: id, ...(version === undefined ? {} : { version }) };
  const undo = () => takeBack(from, `question/${id}`);
  const next = (/** @type {unknown} */ ok) => void (ok && onward());
  const n = { number: question["number"] };
  switch (what) {
    case "approve":
      return void from.act("question.approve", at, { done: t("Question {number} is open to everyone", n), undo }).then(next);
    case "hide":
      return hide(from, question, next);
    case "reopen":
      return void from.act("question.reopen", at).then(next);
    case "show":
      return void from.act("question.show", { question: id, on: !question["on_screen"] });
    case "take":
      return void from.act("question.take", { question: id, on: question["state"] !== "answering" });
    case "voice":
      return void from.act("question.answer", at, { done: t("Question {number} was answered", n), undo: () => void from.act("question.reopen", { question: id }) }).then(next);
    case "claim":
      return void from.act(question["claim"]?.id === from.room?.you?.id ? "question.release" : "question.claim", { question: id });
    case "star":
      return void from.act("question.star", { question: id, on: !question["starred"] });
    case "follow":
      return void from.act("question.follow_up", { question: id, on: !question["follow_up"] });
    case "archive":
      return archive(from, question, next);
    case "unmerge":
      return void from.act("question.unmerge", { question: id });
    case "person":
      return restrict(from, { question: id }, question["author"]?.name ?? "");
    case "label":
      return askLabel(from, question);
    case "merge":
      return askInto(from, question);
    default:
      return reject(from, question, undo, next);
  }
}

/** @param {LiveElement} from @param {Entity} question @param {(ok: unknown) => void} next */
function archive(from, question, next) {
  const archived = Boolean(question["archived"]);
  putAway(from, [question], !archived, archived ? t("Restored") : t("Question {number} is archived", { number: question["number"] }), next);
}

/**
 * Put questions away, with a reason if one is given, or bring them back.
 * @param {LiveElement} from @param {Entity[]} questions @param {boolean} archived @param {string} done @param {(ok: unknown) => void} next
 */
export function putAway(from, questions, archived, done, next) {
  const which = { questions: questions.map((one) => one.id) };
  const send = (/** @type {{reason?: string}} */ why) => void from.act("question.archive", { ...which, archived, ...why }, { done, undo: () => void from.act("question.archive", { ...which, archived: !archived }) }).then(next);
  if (!archived) return send({});
  show({
    title: t("Archive"),
    body: html`<ul class="stack gap-4">${questions.slice(0, 5).map((one) => html`<li>#${one["number"]} ${one["text"]}</li>`)}${questions.length > 5 ? html`<li>…</li>` : ""}</ul>${reason()}`,
    foot: html`<button class="button" type="button" data-closes>${t("Cancel")}</button><button class="button primary">${t("Archive")}</button>`,
    submit: (values) => send(reasonOf(values)),
  });
}

/** @param {LiveElement} from @param {Entity} question @param {(ok: unknown) => void} next */
function hide(from, question, next) {
  const n = { number: question["number"] };
  show({
    title: t("Hide question {number}?", n),
    body: html`<p>${question["text"]}</p>${reason()}`,
    foot: html`<button class="button" type="button" data-closes>${t("Cancel")}</button><button class="button primary">${t("Hide")}</button>`,
    submit: (values) => void from.act("question.hide", { question: question.id, version: question["version"], ...reasonOf(values) }, { done: t("Question {number} is hidden", n), undo: () => void from.act("question.reopen", { question: question.id }) }).then(next),
  });
}

/** @param {LiveElement} from @param {Entity} question @param {() => void} undo @param {(ok: unknown) => void} next */
function reject(from, question, undo, next) {
  const n = { number: question["number"] };
  show({
    title: t("Reject question {number}?", n),
    body: html`<p>${question["text"]}</p>${reason(t("Reason for the asker (optional)"))}`,
    foot: html`<button class="button" type="button" data-closes>${t("Cancel")}</button><button class="button primary">${t("Reject")}</button>`,
    submit: (values) => void from.act("question.reject", { question: question.id, version: question["version"], ...reasonOf(values) }, { done: t("Question {number} is rejected", n), undo }).then(next),
  });
}

/** Take back the newest decision about `object`. @param {LiveElement} from @param {string} object */
function takeBack(from, object) {
  const last = (from.room?.all("decision") ?? []).filter((one) => one["object"] === object && one["undoable"] && !one["undone"]).sort((a, b) => b["at"] - a["at"] || b.seq - a.seq)[0];
  if (last) void from.act("decision.undo", { decision: last.id });
  else toast(t("This cannot be taken back any more."), { tone: "warn" });
}
