/**
 * Captions over the picture, and the transcript to read back. Not announced to screen readers line by line: who reads with one has the
 * transcript. The choice is kept for the tab alone.
 * @module
 */
import { html, nothing } from "lit";
import { LiveElement } from "./live-element.js";
import { t } from "../lib/i18n.js";
import { ownName } from "../lib/languages.js";
import { keep, remember } from "../lib/storage.js";
import { moment } from "../lib/time.js";

/** Seconds a line stays when no other comes. */
const STAYS = 7;

class Captions extends LiveElement {
  static kinds = ["caption", "state"];

  get lines() {
    return (this.room?.all("caption") ?? []).sort((a, b) => a.seq - b.seq);
  }

  get languages() {
    return [...new Set(this.lines.map((line) => String(line["lang"])))];
  }
}

export class RoomCaptions extends Captions {
  constructor() {
    super();
    this.timer = 0;
  }

  get #chosen() {
    const wanted = remember("captions") ?? "";
    return this.languages.includes(wanted) ? wanted : "";
  }

  /** @param {string} kind */
  changed(kind) {
    super.changed(kind);
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.requestUpdate(), STAYS * 1000);
  }

  render() {
    const languages = this.languages;
    if (!languages.length) return nothing;
    const chosen = this.#chosen;
    const now = this.room?.now() ?? 0;
    const shown = chosen ? this.lines.filter((line) => line["lang"] === chosen && now - line["at"] < STAYS * 1000).slice(-2) : [];
    return html`<select class="caption-choice" aria-label=${t("Captions")} title=${t("Captions")} @change=${(/** @type {Event} */ event) => this.#choose(/** @type {HTMLSelectElement} */ (event.target).value)}>
        <option value="" ?selected=${!chosen}>${t("Captions: off")}</option>
        ${languages.map((code) => html`<option value=${code} ?selected=${code === chosen}>${ownName(code)}</option>`)}
      </select>
      ${shown.length ? html`<div class="caption-lines" lang=${chosen}>${shown.map((line) => html`<p>${line["text"]}</p>`)}</div>` : nothing}`;
  }

  /** @param {string} code */
  #choose(code) {
    keep("captions", code || undefined);
    this.requestUpdate();
  }
}

export class RoomTranscript extends Captions {
  render() {
    const languages = this.languages;
    if (!languages.length) return nothing;
    const code = remember("captions") || languages[0] || "";
    const seat = this.socket?.boot.registered && this.socket.seat ? `?seat=${encodeURIComponent(this.socket.seat)}` : "";
    return html`<details class="transcript"><summary>${t("Transcript")}</summary>
      <ol tabindex="0" lang=${code} aria-label=${t("Transcript")}>${this.lines.filter((line) => line["lang"] === code).map((line) => html`<li><span class="quiet small figures">${moment(new Date(line["at"]), "time")}</span> ${line["text"]}</li>`)}</ol>
      <p><a href="/w/${this.socket?.boot.slug}/transcript/${code}.vtt${seat}" download>${t("Download the whole transcript")}</a></p>
    </details>`;
  }
}

customElements.define("room-captions", RoomCaptions);
customElements.define("room-transcript", RoomTranscript);
