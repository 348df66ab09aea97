/**
 * What a question's state is called, and how questions are sorted.
 * @module
 */
import { t, words } from "./i18n.js";

/** @typedef {import("../state/room.js").Entity} Entity */

/** @type {Record<string, [string, string]>} state → word, tone */
const STATES = {
  pending: [words("waiting"), "warn"],
  visible: [words("open"), "accent"],
  answering: [words("being answered"), "accent"],
  answered: [words("answered"), "good"],
  rejected: [words("rejected"), "hollow"],
  hidden: [words("hidden"), "hollow"],
  merged: [words("merged"), "hollow"],
};

/** @param {string} state @returns {{word: string, tone: string}} */
export function stateOf(state) {
  const [text, tone] = STATES[state] ?? [state, ""];
  return { word: t(text), tone };
}

/** What became of one's own question, in a sentence. @param {Entity} own */
export function fateOf(own) {
  switch (own["state"]) {
    case "pending":
      return t("Waiting for the crew");
    case "visible":
      return t("Everyone can see it");
    case "answering":
      return t("It is being answered now");
    case "answered":
      return own["private_answer"] ? t("Answered, to you alone") : own["answered_by"] === "voice" ? t("Answered in the webinar") : t("Answered");
    case "rejected":
      return own["reason"] ? t("Not taken: {reason}", { reason: own["reason"] }) : t("Not taken this time");
    case "merged":
      return t("Joined with a question like it");
    default:
      return t("Not shown any more");
  }
}

/** @type {Record<string, (a: Entity, b: Entity) => number>} */
export const SORTS = {
  place: (a, b) => (a["place"] ?? a["number"]) - (b["place"] ?? b["number"]),
  votes: (a, b) => (b["votes"] ?? 0) - (a["votes"] ?? 0) || a["number"] - b["number"],
  newest: (a, b) => b["number"] - a["number"],
};
