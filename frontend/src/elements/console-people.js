/**
 * People of the room for the crew: raised hands, who of the crew is here, who sends picture and sound, who is muted or banned.
 * Participants who only watch are counted, not listed: nobody knows who they are.
 * @module
 */
import { html, nothing } from "lit";
import { announce } from "../lib/announce.js";
import { number, t, tn, words } from "../lib/i18n.js";
import { icon } from "../lib/icon.js";
import { hue, initials } from "../lib/person.js";
import { moment } from "../lib/time.js";
import { LiveElement } from "./live-element.js";

/** @typedef {import("../state/room.js").Entity} Entity */

const ROLES = /** @type {Record<string, string>} */ ({ owner: words("Owner"), admin: words("Administrator"), moderator: words("Moderator"), presenter: words("Presenter"), interpreter: words("Interpreter"), participant: words("Participant") });

export class ConsolePeople extends LiveElement {
  static kinds = ["hand", "restriction", "presenter", "tick", "state", "webinar"];

  constructor() {
    super();
    this.hands = -1;
    this.shown = "";
  }

  /** @param {string} kind */
  changed(kind) {
    // Ticks come every second; only what they changed is drawn.
    const now = `${this.room?.watching} ${this.room?.crew.map((one) => one.id).join()}`;
    if (kind === "tick" && now === this.shown) return;
    this.shown = now;
    const hands = this.#hands().filter((hand) => hand["state"] === "raised").length;
    if (hands !== this.hands) this.dispatchEvent(new CustomEvent("count", { bubbles: true, detail: hands }));
    if (this.hands >= 0 && hands > this.hands) announce(tn("{n} raised hand", "{n} raised hands", hands));
    this.hands = hands;
    this.requestUpdate();
  }

  #hands() {
    return (this.room?.all("hand") ?? []).filter((hand) => !hand["removed"]).sort((a, b) => a["at"] - b["at"]);
  }

  render() {
    const room = this.room;
    if (!room?.webinar) return nothing;
    const restricted = room.all("restriction").filter((one) => !one["removed"]).sort((a, b) => b["at"] - a["at"]);
    const presenters = room.all("presenter").filter((one) => one["connected"]);
    return html`<div class="panel-scroll stack gap-16">
      <p class="watching figures">${icon("users")}<strong>${number(room.watching)}</strong> ${t("watching")}</p>
      ${this.#handList()}
      <section class="stack gap-8"><h3>${t("Crew here now")}</h3>${this.#list(room.crew.map((one) => this.#person(one.id, one.name, roleOf(one.role), one.id === room.you?.id ? html`<span class="quiet small">${t("you")}</span>` : nothing)), t("Only you."))}</section>
      ${presenters.length ? html`<section class="stack gap-8"><h3>${t("Sending picture or sound")}</h3>${this.#list(presenters.map((one) => this.#person(one.id, one["name"], [one["video"] ? t("picture") : "", one["audio"] ? t("sound") : ""].filter(Boolean).join(", "), nothing)), "")}</section>` : nothing}
      ${this.may("people.moderate") ? html`<section class="stack gap-8"><h3>${t("Muted and banned")}</h3>${this.#list(restricted.map((one) => this.#restriction(one)), t("Nobody. Mute or ban somebody from a message or a question of theirs."))}</section>` : nothing}
    </div>`;
  }

  #handList() {
    const mode = this.room?.webinar?.["hands"]?.mode;
    const hands = this.#hands();
    if (!hands.length && (!mode || mode === "off")) return nothing;
    const moderates = this.may("people.moderate");
    return html`<section class="stack gap-8"><header class="spread"><h3>${t("Hands")}</h3>${moderates && hands.length > 1 ? html`<button class="button small plain" type="button" @click=${() => void this.act("hand.dismiss_all", {})}>${t("Lower all")}</button>` : nothing}</header>
      ${this.#list(hands.map((hand) => this.#hand(hand, moderates)), mode === "invite" ? t("Hands are by invitation only.") : t("Nobody has raised a hand."))}</section>`;
  }

  /** @param {Entity} hand @param {boolean} moderates */
  #hand(hand, moderates) {
    const texts = /** @type {Record<string, string>} */ ({ raised: t("wants to speak"), invited: t("invited, has not answered yet"), accepted: t("ready to come on stage") });
    const name = hand["name"] || t("Somebody");
    const buttons = moderates
      ? html`${hand["state"] === "raised" ? html`<button class="button small primary" type="button" @click=${() => void this.act("hand.invite", { hand: hand.id })}>${t("Invite")}</button>` : nothing}
          <button class="button small" type="button" @click=${() => void this.act("hand.dismiss", { hand: hand.id })}>${hand["state"] === "raised" ? t("Lower") : t("Take back")}</button>`
      : nothing;
    return this.#person(hand["person"] ?? hand.id, name, html`${texts[hand["state"]] ?? ""}${hand["wants"] ? html` · ${hand["wants"] === "audio" ? t("sound only") : t("picture and sound")}` : nothing} · ${moment(hand["at"], "time")}`, buttons);
  }

  /** @param {Entity} one */
  #restriction(one) {
    const until = one["muted_until"];
    const what = one["banned"] ? t("banned") : until ? t("muted until {time}", { time: moment(until, "time") }) : t("muted");
    const lift = () => void this.act(one["banned"] ? "person.unban" : "person.unmute", { restriction: one.id }, { done: t("Taken back") });
    return this.#person(one["person"] ?? one.id, one["name"] || t("Somebody"), html`${what}${one["reason"] ? html` · ${one["reason"]}` : nothing} · ${t("by {name}", { name: one["by"]?.name ?? "" })}`, html`<button class="button small" type="button" @click=${lift}>${t("Take back")}</button>`);
  }

  /** @param {unknown[]} rows @param {string} none */
  #list(rows, none) {
    return rows.length ? html`<ul class="people" role="list">${rows}</ul>` : html`<p class="quiet small">${none}</p>`;
  }

  /** @param {string} id @param {string} name @param {unknown} note @param {unknown} buttons */
  #person(id, name, note, buttons) {
    return html`<li><span class="avatar" data-hue=${hue(id)} aria-hidden="true">${initials(name)}</span><span class="grow"><strong>${name}</strong><br><span class="quiet small">${note}</span></span><span class="row gap-4">${buttons}</span></li>`;
  }
}

/** @param {string} role */
function roleOf(role) {
  const text = ROLES[role] ?? words("Crew");
  return t(text);
}

customElements.define("console-people", ConsolePeople);
