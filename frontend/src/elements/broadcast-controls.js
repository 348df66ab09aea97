/**
 * Preview ▸ Go live ▸ Pause ▸ End, for studio and console. Ending is asked once, with what it does.
 * @module
 */
import { LitElement, html, nothing } from "lit";
import { t } from "../lib/i18n.js";
import { toast } from "../lib/toast.js";

export class BroadcastControls extends LitElement {
  constructor() {
    super();
    /** @type {import("../state/room.js").Room | undefined} */
    this.room = undefined;
    /** @type {import("../protocol/socket.js").LiveSocket | undefined} */
    this.socket = undefined;
    this.busy = false;
  }

  createRenderRoot() {
    return this;
  }

  /** @param {import("../state/room.js").Room} room @param {import("../protocol/socket.js").LiveSocket} socket */
  join(room, socket) {
    this.room = room;
    this.socket = socket;
    room.addEventListener("webinar", () => this.requestUpdate());
    this.requestUpdate();
  }

  render() {
    const state = this.room?.webinar?.["broadcast"];
    if (!state || !this.room?.permissions.has("broadcast.control")) return nothing;
    return html`<div class="row broadcast-controls">
      ${state === "idle" ? this.#button(t("Preview"), "preview", "") : nothing}
      ${state === "idle" || state === "preview" ? this.#button(t("Go live"), "live", "primary") : nothing}
      ${state === "live" ? this.#button(t("Pause"), "paused", "") : nothing}
      ${state === "paused" ? this.#button(t("Go on"), "live", "primary") : nothing}
      ${state === "live" || state === "paused" ? html`<button class="button danger" @click=${() => this.#dialog?.showModal()}>${t("End")}</button>` : nothing}
      ${state === "ended" ? this.#button(t("Open again"), "preview", "") : nothing}
      <dialog class="dialog" aria-labelledby="end-title">
        <div class="dialog-head"><h2 id="end-title">${t("End the webinar for everyone?")}</h2></div>
        <div class="dialog-body"><p>${t("The picture stops, and everyone sees your farewell. The crew can stay.")}</p></div>
        <div class="dialog-foot"><button class="button" @click=${() => this.#dialog?.close()}>${t("Go on")}</button><button class="button primary danger" @click=${() => { this.#dialog?.close(); void this.#to("ended"); }}>${t("End for everyone")}</button></div>
      </dialog>
    </div>`;
  }

  get #dialog() {
    return this.querySelector("dialog");
  }

  /** @param {string} text @param {import("../protocol/messages.d.ts").Broadcast} to @param {string} kind */
  #button(text, to, kind) {
    return html`<button class="button ${kind}" ?disabled=${this.busy} @click=${() => void this.#to(to)}>${text}</button>`;
  }

  /** @param {import("../protocol/messages.d.ts").Broadcast} to */
  async #to(to) {
    this.busy = true;
    this.requestUpdate();
    try {
      await this.socket?.command("broadcast.set", { to });
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), { tone: "danger" });
    }
    this.busy = false;
    this.requestUpdate();
  }
}

customElements.define("broadcast-controls", BroadcastControls);
