/**
 * The chat of a recording, in step with its picture: what had been said up to where the picture is.
 * @module
 */
import { LitElement, html } from "lit";
import { t } from "../lib/i18n.js";
import { clock } from "../lib/time.js";

/** @typedef {{at: number, name: string, text: string}} Line */

const MOST_SHOWN = 200;

export class ReplayChat extends LitElement {
  constructor() {
    super();
    /** @type {Line[] | undefined} */
    this.lines = undefined;
    this.now = 0;
    this.shown = -1;
  }

  createRenderRoot() {
    return this;
  }

  /** @param {string} address empty: there was none */
  async load(address) {
    this.lines = undefined;
    this.requestUpdate();
    const answer = address ? await fetch(address).catch(() => undefined) : undefined;
    this.lines = answer?.ok ? await answer.json() : [];
    this.shown = -1;
    this.at(this.now);
  }

  /** @param {number} seconds */
  at(seconds) {
    this.now = seconds;
    const count = (this.lines ?? []).filter((line) => line.at <= seconds).length;
    if (count === this.shown) return;
    this.shown = count;
    this.requestUpdate();
  }

  updated() {
    const list = this.querySelector("ol");
    // Who reads further up is not moved.
    if (list && list.scrollHeight - list.scrollTop - list.clientHeight < 160) list.scrollTop = list.scrollHeight;
  }

  render() {
    const lines = this.lines ?? [];
    if (this.lines && !lines.length) return html`<p class="quiet chat-empty">${t("Nothing was said in public.")}</p>`;
    const shown = lines.slice(Math.max(0, this.shown - MOST_SHOWN), Math.max(0, this.shown));
    if (this.lines && !shown.length) return html`<p class="quiet chat-empty">${t("What was said appears here as the recording gets there.")}</p>`;
    return html`<ol class="replay-lines" tabindex="0" aria-label=${t("Chat of the recording")}>${shown.map((line) => html`<li><span class="quiet small figures">${clock(line.at * 1000)}</span> <strong>${line.name || t("Somebody")}</strong> <span>${line.text}</span></li>`)}</ol>`;
  }
}

customElements.define("replay-chat", ReplayChat);
