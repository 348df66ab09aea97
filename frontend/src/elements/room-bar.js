/**
 * What the bar on top says: state, running time, how many are watching, and whether the connection holds.
 * @module
 */
import { LitElement, html, nothing } from "lit";
import { number, t } from "../lib/i18n.js";
import { icon } from "../lib/icon.js";
import { clock } from "../lib/time.js";

export class RoomBar extends LitElement {
  constructor() {
    super();
    /** @type {import("../state/room.js").Room | undefined} */
    this.room = undefined;
    /** @type {import("../protocol/socket.js").LiveSocket | undefined} */
    this.socket = undefined;
  }

  createRenderRoot() {
    return this;
  }

  /** @param {import("../state/room.js").Room} room @param {import("../protocol/socket.js").LiveSocket} socket */
  join(room, socket) {
    this.room = room;
    this.socket = socket;
    for (const event of ["webinar", "tick"]) room.addEventListener(event, () => this.requestUpdate());
    socket.addEventListener("state", () => this.requestUpdate());
    setInterval(() => this.requestUpdate(), 1000);
    this.requestUpdate();
  }

  render() {
    const webinar = this.room?.webinar;
    if (!webinar) return nothing;
    const state = webinar["broadcast"];
    const crew = this.room?.you?.lane === "crew";
    return html`
      ${this.#state(state, crew)}
      ${state === "live" && webinar["live_since"] && webinar["source"] !== "ondemand" ? html`<span class="timer figures">${clock((this.room?.now() ?? 0) - webinar["live_since"])}</span>` : nothing}
      ${this.room?.watching ? html`<span class="watching figures" title=${t("watching")}>${icon("users")}<span>${number(this.room.watching)}</span><span class="visually-hidden">${t("watching")}</span></span>` : nothing}
      ${webinar["recording"] && state !== "ended" ? html`<span class="pill" data-tone="danger">${state === "live" ? t("Recording") : t("Will be recorded")}</span>` : nothing}
      ${this.socket?.state === "away" ? html`<span class="pill" data-tone="warn" role="status">${icon("wifi-off")}${t("Connecting again")}</span>` : nothing}`;
  }

  /** @param {string} state @param {boolean} crew */
  #state(state, crew) {
    if (state === "live" && this.room?.webinar?.["source"] === "ondemand") return html`<span class="pill" data-tone="good">${t("On demand")}</span>`;
    if (state === "live") return html`<span class="pill" data-tone="live">${t("Live")}</span>`;
    if (state === "paused") return html`<span class="pill" data-tone="warn">${t("Paused")}</span>`;
    if (state === "ended") return html`<span class="pill" data-tone="hollow">${t("Ended")}</span>`;
    return html`<span class="pill" data-tone="hollow">${crew ? t("Not live") : t("Not started yet")}</span>`;
  }
}

customElements.define("room-bar", RoomBar);
