/**
 * A chat message that waits for a moderator, as a card of the waiting list.
 * @module
 */
import { html, nothing } from "lit";
import { t } from "../lib/i18n.js";
import { icon } from "../lib/icon.js";
import { hue, initials } from "../lib/person.js";
import { moment } from "../lib/time.js";
import { linked } from "./chat-line.js";

/** @param {import("../state/room.js").Entity} message @param {{ghost: boolean, now: number, act: (what: "release" | "refuse" | "person") => void}} around */
export function heldMessage(message, { ghost, act }) {
  const name = message["author"]?.name || t("Somebody");
  return html`<article class="q-card" ?data-ghost=${ghost} aria-label=${t("Held message of {name}", { name })}>
    <header class="q-head">${icon("message-square")}<b>${t("Chat message")}</b><span class="q-who small"><span class="avatar small" data-hue=${hue(message["author"]?.id ?? "")} aria-hidden="true">${initials(name)}</span> ${name} <time class="quiet">${moment(message["at"], "time")}</time></span><span class="tag warn">${message["held"] === "words" ? t("held by the word list") : t("waits for approval")}</span></header>
    <p class="q-text">${linked(message["text"])}</p>
    ${ghost ? nothing : html`<footer class="q-deeds"><button class="button small primary" type="button" title=${`${t("Show now")} (A)`} @click=${() => act("release")}>${icon("circle-check")}<span>${t("Show now")}</span></button>
      <button class="button small" type="button" title=${`${t("Do not show")} (X)`} @click=${() => act("refuse")}>${icon("circle-x")}<span>${t("Do not show")}</span></button>
      <button class="button small plain square" type="button" aria-label=${t("Mute or ban")} title=${t("Mute or ban")} @click=${() => act("person")}>${icon("gavel")}</button></footer>`}
  </article>`;
}
