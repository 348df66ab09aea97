/**
 * Below the picture: reactions, the raised hand, files. What others send floats up for a moment, unless motion is not wanted.
 * @module
 */
import { html, nothing } from "lit";
import { t, tn } from "../lib/i18n.js";
import { icon } from "../lib/icon.js";
import { LiveElement } from "./live-element.js";
import { givenName } from "./room-composer.js";

const MOST = 12;
const CALM = matchMedia("(prefers-reduced-motion: reduce)");

export class RoomTools extends LiveElement {
  static kinds = ["webinar", "my_hand", "mine", "handout", "tick", "state"];

  constructor() {
    super();
    this.wants = "video";
  }

  /** @param {string} kind */
  changed(kind) {
    if (kind === "tick") this.#float();
    else this.requestUpdate();
  }

  /** Reactions of the last second. Drawn by the browser alone: no frame of ours is spent on them. */
  #float() {
    const given = Object.entries(this.room?.reactions ?? {});
    if (!given.length) return;
    const box = this.querySelector(".floats");
    const all = given.flatMap(([emoji, n]) => Array.from({ length: Math.min(n, 4) }, () => emoji)).slice(0, MOST);
    if (!box || CALM.matches || document.hidden) {
      this.requestUpdate();
      return;
    }
    for (const emoji of all) {
      const one = document.createElement("span");
      one.textContent = emoji;
      one.style.insetInlineStart = `${Math.random() * 85}%`;
      one.style.animationDelay = `${Math.random() * 0.8}s`;
      one.addEventListener("animationend", () => one.remove());
      box.append(one);
    }
  }

  render() {
    const webinar = this.room?.webinar;
    if (!webinar || this.isCrew) return nothing;
    const reactions = webinar["reactions"]?.mode === "on" && this.may("reactions.send") ? (webinar["reactions"].set ?? []) : [];
    const summed = CALM.matches ? Object.entries(this.room?.reactions ?? {}) : [];
    const hand = this.#hand();
    if (!reactions.length && hand === nothing) return nothing;
    return html`<div class="room-tools"><div class="floats" aria-hidden="true"></div>
      ${reactions.length ? html`<div class="row gap-4" role="group" aria-label=${t("Reactions")}>${reactions.map((/** @type {string} */ emoji) => html`<button class="button plain small square reaction-button" type="button" aria-label=${t("React with {sign}", { sign: emoji })} @click=${() => void this.act("reaction.send", { emoji })}>${emoji}</button>`)}</div>` : nothing}
      ${summed.length ? html`<span class="small figures">${summed.map(([emoji, n]) => `${emoji} ${n}`).join("  ")}</span>` : nothing}
      <span class="grow"></span>${hand}</div>${this.#invited()}`;
  }

  #hand() {
    const mode = this.room?.webinar?.["hands"]?.mode;
    const mine = this.room?.all("my_hand")[0];
    if (mine) return html`<span class="small" role="status">${mine["state"] === "raised" ? t("Your hand is up.") : mine["state"] === "invited" ? t("The crew invites you to speak.") : t("You are ready to speak. The crew brings you on.")}</span><button class="button small" type="button" @click=${() => void this.act("hand.lower", {})}>${icon("hand")}<span>${t("Lower hand")}</span></button>`;
    if (!mode || mode === "off" || mode === "invite" || !this.may("hands.raise") || this.room?.mine?.["muted"]) return nothing;
    return html`<button class="button small" type="button" @click=${() => void this.act("hand.raise", { name: givenName(), wants: "video" })}>${icon("hand")}<span>${t("Raise hand")}</span></button>`;
  }

  #invited() {
    const mine = this.room?.all("my_hand")[0];
    if (mine?.["state"] !== "invited") return nothing;
    return html`<div class="banner hand-invite" role="alertdialog" aria-label=${t("You are invited to speak")}>${icon("hand")}<p>${mine["by"] ? t("{name} invites you to speak. Others will hear you, and see you if you wish.", { name: mine["by"] }) : t("You are invited to speak. Others will hear you, and see you if you wish.")}</p>
      <div class="banner-actions"><button class="button small primary" type="button" @click=${() => void this.act("hand.accept", { wants: "video" })}>${t("With picture")}</button><button class="button small" type="button" @click=${() => void this.act("hand.accept", { wants: "audio" })}>${t("Sound only")}</button><button class="button small plain" type="button" @click=${() => void this.act("hand.decline", {})}>${t("No, thank you")}</button></div></div>`;
  }
}

/** Files of the webinar, for the panel "About". */
export class RoomFiles extends LiveElement {
  static kinds = ["handout", "state"];

  render() {
    const files = (this.room?.all("handout") ?? []).filter((one) => !one["removed"]).sort((a, b) => a["at"] - b["at"]);
    if (!files.length) return nothing;
    return html`<section class="stack gap-8"><h2>${tn("A file to take along", "Files to take along", files.length)}</h2><ul class="people" role="list">${files.map(
      (one) => html`<li>${icon("file-text")}<span class="grow">${one["title"]}<br><span class="quiet small figures">${size(one["size"])}</span></span><button class="button small" type="button" @click=${() => void this.#open(one.id)}>${icon("download")}<span>${t("Download")}</span></button></li>`,
    )}</ul></section>`;
  }

  /** @param {string} handout */
  async #open(handout) {
    const ok = await this.act("handout.open", { handout });
    if (!ok?.url) return;
    const link = document.createElement("a");
    link.href = ok.url;
    link.download = "";
    link.click();
  }
}

/** @param {number} bytes */
function size(bytes) {
  return bytes > 1_000_000 ? t("{n} MB", { n: Math.round(bytes / 100_000) / 10 }) : t("{n} KB", { n: Math.max(1, Math.round(bytes / 1000)) });
}

customElements.define("room-tools", RoomTools);
customElements.define("room-files", RoomFiles);
