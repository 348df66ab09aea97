/**
 * What is asked about a question: its label, and into which other question it is merged.
 * @module
 */
import { html } from "lit";
import { t } from "../lib/i18n.js";
import { show } from "./moderation-dialogs.js";
import { weight } from "./question-card.js";

/** @typedef {import("./live-element.js").LiveElement} LiveElement */
/** @typedef {import("../state/room.js").Entity} Entity */

const LABEL_MAX = 40;

/** @param {LiveElement} from @param {Entity} question */
export function askLabel(from, question) {
  const known = [...new Set((from.room?.all("question") ?? []).map((one) => one["label"]).filter(Boolean))];
  show({
    title: t("Label of question {number}", { number: question["number"] }),
    body: html`<label class="field"><span class="field-head">${t("Label; empty for none")}</span><input class="input" name="label" maxlength=${LABEL_MAX} list="labels" autocomplete="off" .value=${question["label"] ?? ""}></label><datalist id="labels">${known.map((one) => html`<option value=${one}></option>`)}</datalist>`,
    foot: html`<button class="button" type="button" data-closes>${t("Cancel")}</button><button class="button primary">${t("Save")}</button>`,
    submit: (values) => void from.act("question.label", { question: question.id, label: String(values.get("label") ?? "").trim() }),
  });
}

/** Those most like it come first. @param {LiveElement} from @param {Entity} question */
export function askInto(from, question) {
  const others = (from.room?.all("question") ?? []).filter((one) => one.id !== question.id && !one["removed"] && !one["archived"] && ["pending", "visible", "answering", "answered"].includes(one["state"]));
  const likely = others.map((one) => ({ one, alike: alike(one["text"], question["text"]) })).sort((a, b) => b.alike - a.alike || (b.one["votes"] ?? 0) - (a.one["votes"] ?? 0));
  show({
    title: t("Merge question {number} into …", { number: question["number"] }),
    body: others.length
      ? html`<p class="quiet">${question["text"]}</p><fieldset class="group"><legend class="visually-hidden">${t("Into which question")}</legend>${likely.slice(0, 30).map(({ one }, at) => html`<label class="choice"><input type="radio" name="into" value=${one.id} ?checked=${at === 0}><span class="choice-text">#${one["number"]} ${one["text"]}<span class="field-help">${weight(one)}</span></span></label>`)}</fieldset>
          <p class="small quiet">${t("Votes are counted once per person. The asker is told, and it can be taken back.")}</p>`
      : html`<p>${t("There is no other open question.")}</p>`,
    foot: html`<button class="button" type="button" data-closes>${t("Cancel")}</button><button class="button primary" ?disabled=${!others.length}>${t("Merge")}</button>`,
    submit: (values) =>
      void from.act("question.merge", { question: question.id, into: String(values.get("into") ?? ""), version: question["version"] }, { done: t("Question {number} is merged", { number: question["number"] }), undo: () => void from.act("question.unmerge", { question: question.id }) }),
  });
}

/** Share of words two texts have in common. @param {string} a @param {string} b */
function alike(a, b) {
  const of = (/** @type {string} */ text) => new Set(text.toLowerCase().split(/[^\p{L}\p{N}]+/u).filter((word) => word.length > 3));
  const [one, other] = [of(a), of(b)];
  const shared = [...one].filter((word) => other.has(word)).length;
  return shared / Math.max(1, Math.min(one.size, other.size));
}
