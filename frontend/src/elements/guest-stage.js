/**
 * Somebody of the audience on their way to the stage: what it means, a look at camera and microphone, backstage, on stage, back.
 * Nothing is opened and nothing is sent before they say so.
 * @module
 */
import { html, nothing } from "lit";
import "./ui-level.js";
import { LiveElement } from "./live-element.js";
import { badge, sending } from "./studio-words.js";
import { t } from "../lib/i18n.js";
import { icon } from "../lib/icon.js";
import { toast } from "../lib/toast.js";
import { measureSound, openDevices } from "../media/devices.js";
import { WhepViewer } from "../media/whep.js";
import { WhipSender } from "../media/whip.js";

const LOOK_EVERY = 3000;

export class GuestStage extends LiveElement {
  static kinds = ["my_hand", "my_place", "webinar", "state"];

  constructor() {
    super();
    /** @type {MediaStream | undefined} */
    this.stream = undefined;
    /** @type {WhipSender | undefined} */
    this.sender = undefined;
    /** @type {{whep: string, token: string, ice: RTCIceServer[]}} */
    this.way = { whep: "", token: "", ice: [] };
    /** @type {Map<string, WhepViewer>} */
    this.heard = new Map();
    this.error = "";
    this.timer = 0;
    this.stopMeasuring = () => {};
  }

  get #hand() {
    return this.room?.all("my_hand")[0];
  }

  get #place() {
    return this.room?.all("my_place")[0];
  }

  get #audio() {
    return this.stream?.getAudioTracks()[0];
  }

  /** @param {string} kind */
  changed(kind) {
    if (!this.#place && this.sender && this.sender.state !== "idle" && kind !== "my_hand") this.#end(t("You are back in the audience."));
    if (this.#place?.["muted"] && this.#audio?.enabled) {
      this.#audio.enabled = false;
      toast(t("The crew closed your microphone. Only you can open it again."), { tone: "warn" });
    }
    this.requestUpdate();
  }

  async #check() {
    this.error = "";
    try {
      this.stream = await openDevices({ sound: this.#hand?.["wants"] === "audio" });
      this.stopMeasuring = measureSound(this.stream, (level) => {
        const meter = /** @type {(HTMLElement & {level: number}) | null} */ (this.querySelector("ui-level"));
        if (meter) meter.level = this.#audio?.enabled ? level : 0;
      });
    } catch (error) {
      this.error = error instanceof Error ? error.message : String(error);
    }
    this.requestUpdate();
  }

  async #join() {
    const way = await this.act("stage.join", {});
    if (!way?.token) return;
    this.way = { whep: way.whep ?? "", token: way.token, ice: way.ice ?? [] };
    this.sender = new WhipSender(way.whip ?? "", way.token, this.way.ice);
    this.sender.addEventListener("change", () => this.requestUpdate());
    addEventListener("pagehide", () => this.sender?.leave());
    this.sender.start(this.stream?.getVideoTracks()[0] ?? null, this.#audio ?? null);
    this.#quiet(true);
    this.timer = window.setInterval(() => void this.#listen(), LOOK_EVERY);
    void this.#listen();
  }

  /** Hear the others at once, and not a second time by the stream. */
  async #listen() {
    const answer = await fetch(this.way.whep, { headers: { Authorization: `Bearer ${this.way.token}` } }).catch(() => undefined);
    if (!answer?.ok) return;
    const own = this.room?.you?.id;
    /** @type {string[]} */
    const seats = (await answer.json()).publishers.filter((/** @type {{seat: string, on_stage: boolean}} */ one) => one.on_stage && one.seat !== own).map((/** @type {{seat: string}} */ one) => one.seat);
    for (const [seat, viewer] of this.heard) {
      if (seats.includes(seat)) continue;
      viewer.stop();
      this.heard.delete(seat);
    }
    for (const seat of seats) if (!this.heard.has(seat)) this.heard.set(seat, new WhepViewer(`${this.way.whep}?seat=${encodeURIComponent(seat)}`, this.way.token, this.way.ice));
    this.requestUpdate();
  }

  /** @param {boolean} on */
  #quiet(on) {
    const player = /** @type {import("./room-player.js").RoomPlayer | null} */ (document.querySelector("room-player"));
    if (player?.player) player.player.video.muted = on;
  }

  async #leave() {
    await this.act("stage.leave", {});
    this.#end("");
  }

  /** @param {string} text */
  #end(text) {
    clearInterval(this.timer);
    void this.sender?.stop();
    this.sender = undefined;
    for (const viewer of this.heard.values()) viewer.stop();
    this.heard.clear();
    this.stopMeasuring();
    this.stopMeasuring = () => {};
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = undefined;
    this.#quiet(false);
    if (text) toast(text, {});
    this.requestUpdate();
  }

  #flip() {
    const audio = this.#audio;
    if (!audio) return;
    audio.enabled = !audio.enabled;
    if (audio.enabled && this.#place?.["muted"]) void this.act("stage.sound", {});
    this.requestUpdate();
  }

  updated() {
    const own = /** @type {HTMLVideoElement | null} */ (this.querySelector("video[data-own]"));
    if (own && this.stream && own.srcObject !== this.stream) own.srcObject = this.stream;
    for (const other of /** @type {NodeListOf<HTMLVideoElement>} */ (this.querySelectorAll("video[data-seat]"))) {
      const viewer = this.heard.get(other.dataset["seat"] ?? "");
      if (viewer && other.srcObject !== viewer.stream) {
        other.srcObject = viewer.stream;
        void other.play().catch(() => undefined);
      }
    }
  }

  render() {
    const state = this.room?.webinar?.["broadcast"] ?? "";
    if (!this.sender && this.#hand?.["state"] !== "accepted") return nothing;
    return html`<section class="guest-stage card stack gap-12" aria-label=${t("Your place on the stage")}>
      ${this.error ? html`<div class="banner" data-tone="danger" role="alert"><p>${this.error}</p></div>` : nothing}
      ${!this.stream ? this.#asked() : this.sender ? this.#there(state) : this.#checked()}
      ${[...this.heard.keys()].map((seat) => html`<video data-seat=${seat} class="visually-hidden" autoplay playsinline tabindex="-1" aria-hidden="true"></video>`)}
    </section>`;
  }

  #asked() {
    const recorded = this.room?.webinar?.["recording"];
    return html`<h2>${t("Come on the stage")}</h2>
      <p>${this.#hand?.["wants"] === "audio" ? t("The audience will hear you.") : t("The audience will see and hear you.")} ${recorded ? t("This webinar is recorded, and you with it.") : nothing} ${t("First you see yourself, then you wait backstage until the crew brings you on.")}</p>
      <div class="row"><button class="button primary" @click=${() => void this.#check()}>${t("I agree, check my devices")}</button><button class="button" @click=${() => void this.#leave()}>${t("No, thank you")}</button></div>`;
  }

  #checked() {
    return html`<h2>${t("How you look and sound")}</h2>${this.#own()}
      <div class="row"><button class="button primary" @click=${() => void this.#join()}>${t("Go backstage")}</button><button class="button" @click=${() => void this.#leave()}>${t("No, thank you")}</button></div>`;
  }

  /** @param {string} state */
  #there(state) {
    const on = this.#audio?.enabled ?? false;
    return html`${this.#own(badge(state, state === "live" && Boolean(this.#place?.["on_stage"]) && this.sender?.state === "sending", this.#place))}
      <p role="status">${sending(this.sender, state)}</p>
      <div class="row"><button class="button" aria-pressed=${String(on)} @click=${() => this.#flip()}>${icon(on ? "mic" : "mic-off")}<span>${t("Microphone")}: ${on ? t("on") : t("off")}</span></button>
      <button class="button danger" @click=${() => void this.#leave()}>${t("Leave the stage")}</button></div>`;
  }

  /** @param {unknown} [mark] */
  #own(mark = nothing) {
    return html`<div class="studio-view guest-view">${mark}${this.stream?.getVideoTracks().length ? html`<video data-own class="mirror" autoplay muted playsinline aria-label=${t("Your own picture")}></video>` : html`<p>${t("Sound only")}</p>`}</div>
      <ui-level role="meter" aria-label=${t("Loudness of your microphone")} aria-valuemin="0" aria-valuemax="100" class="level"></ui-level>`;
  }
}

customElements.define("guest-stage", GuestStage);
