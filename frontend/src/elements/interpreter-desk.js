/**
 * The interpreter's desk: picture and sound of the stage with little delay, or in place of its sound what is interpreted into a language
 * they know better (relay); an own microphone that is closed at first, lights for what works, and a countdown to hand over to a partner.
 * @module
 */
import { html, nothing } from "lit";
import "./ui-level.js";
import { LiveElement } from "./live-element.js";
import { t } from "../lib/i18n.js";
import { icon } from "../lib/icon.js";
import { measureSound, openDevices } from "../media/devices.js";
import { WhepViewer } from "../media/whep.js";
import { WhipSender } from "../media/whip.js";

/** @typedef {import("../protocol/messages.d.ts").PresenterEntity} PresenterEntity */

const HANDOVER_SECONDS = 5;
/** Level, of 1, from which an interpreter who is heard instead of the stage counts as speaking. */
const SPOKEN = 0.15;
/** Milliseconds of their silence after which the stage is heard again. */
const PATIENCE = 2000;

export class InterpreterDesk extends LiveElement {
  static kinds = ["presenter", "webinar", "state"];

  constructor() {
    super();
    /** @type {import("../state/live.js").PageBoot | undefined} */
    this.boot = undefined;
    /** @type {MediaStreamTrack | undefined} */
    this.microphone = undefined;
    /** @type {WhipSender | undefined} */
    this.sender = undefined;
    /** @type {Map<string, WhepViewer>} */
    this.floor = new Map();
    /** @type {Map<string, WhepViewer>} Interpreters who are heard instead of the stage. */
    this.relay = new Map();
    this.source = "";
    this.sourceName = "";
    this.spoke = -PATIENCE;
    this.relayed = false;
    this.listening = 0;
    /** @type {Map<MediaStreamTrack, () => void>} What ends the measuring of a sound. */
    this.meters = new Map();
    this.loudness = 1;
    this.error = "";
    this.closing = 0;
  }

  /** @param {import("../state/live.js").PageBoot} boot */
  begin(boot) {
    this.boot = boot;
    this.sender = new WhipSender(boot.whip ?? "", boot.stage_token ?? "", boot.ice_servers ?? []);
    this.sender.addEventListener("change", () => this.requestUpdate());
    addEventListener("pagehide", () => this.sender?.leave());
    void this.#open();
  }

  async #open() {
    this.error = "";
    try {
      const stream = await openDevices({ camera: undefined, microphone: undefined, sound: true });
      this.microphone = stream.getAudioTracks()[0];
      if (!this.microphone) throw new Error(t("No microphone was found."));
      this.microphone.enabled = false;
      measureSound(stream, (level) => {
        const meter = /** @type {(HTMLElement & {level: number}) | null} */ (this.querySelector("ui-level"));
        if (meter) meter.level = this.microphone?.enabled ? level : 0;
      });
      this.sender?.start(null, this.microphone);
    } catch (error) {
      this.error = error instanceof Error ? error.message : String(error);
    }
    this.requestUpdate();
  }

  get #people() {
    return /** @type {PresenterEntity[]} */ (this.room?.all("presenter") ?? []).filter((one) => !("removed" in one) && one.connected);
  }

  get #own() {
    return this.#people.find((one) => one.person === this.room?.you?.id);
  }

  flip() {
    if (!this.microphone) return;
    clearInterval(this.closing);
    this.closing = 0;
    this.microphone.enabled = !this.microphone.enabled;
    if (this.microphone.enabled && this.#own?.muted) void this.act("stage.sound", {});
    this.requestUpdate();
  }

  /** Close the microphone in a few seconds, said aloud, so that the partner can begin. */
  #handOver() {
    if (!this.microphone?.enabled || this.closing) return;
    let left = HANDOVER_SECONDS;
    void this.act("chat.say", { ref: crypto.randomUUID(), crew: true, text: t("I hand over in {n} seconds.", { n: left }) });
    this.closing = window.setInterval(() => {
      left -= 1;
      const shown = this.querySelector("[data-left]");
      if (shown) shown.textContent = String(left);
      if (left <= 0) this.flip();
    }, 1000);
    this.requestUpdate();
  }

  updated() {
    const own = this.#own;
    if (own?.muted && this.microphone?.enabled) {
      this.microphone.enabled = false;
      this.requestUpdate();
    }
    this.#follow(this.floor, this.#people.filter((one) => one.on_stage));
    this.#follow(this.relay, this.#interpreters.filter((one) => one.language === this.source));
    for (const media of /** @type {NodeListOf<HTMLMediaElement>} */ (this.querySelectorAll("video, audio"))) {
      const person = media.dataset["person"] ?? "";
      const viewer = media.localName === "audio" ? this.relay.get(person) : this.floor.get(person);
      if (viewer && media.srcObject !== viewer.stream) {
        media.srcObject = viewer.stream;
        void media.play().catch(() => undefined);
      }
      media.volume = media.localName === "video" && this.relayed ? 0 : this.loudness;
    }
  }

  /** Hear those people, and nobody else any more. @param {Map<string, WhepViewer>} heard @param {PresenterEntity[]} people */
  #follow(heard, people) {
    for (const [person, viewer] of heard) {
      if (people.some((one) => one.person === person)) continue;
      viewer.stop();
      heard.delete(person);
    }
    for (const one of people) {
      if (heard.has(one.person) || !this.boot?.whep) continue;
      const viewer = new WhepViewer(`${this.boot.whep}?seat=${encodeURIComponent(one.person)}`, this.boot.stage_token ?? "", this.boot.ice_servers ?? []);
      // The light follows the way, which may stand long after the last news of the room.
      viewer.addEventListener("change", () => this.requestUpdate());
      heard.set(one.person, viewer);
    }
  }

  get #interpreters() {
    return this.#people.filter((one) => one.sort === "interpreter" && one.language !== this.boot?.language);
  }

  /** @param {string} language Whose interpreters are heard instead of the stage; empty for the stage. */
  #hear(language) {
    this.source = language;
    this.spoke = -PATIENCE;
    this.relayed = false;
    this.#stopListening();
    if (language) this.listening = window.setInterval(() => this.#listen(), 200);
    this.requestUpdate();
  }

  #stopListening() {
    clearInterval(this.listening);
    for (const end of this.meters.values()) end();
    this.meters.clear();
  }

  /** While an interpreter speaks the stage is silent; when they pause or leave it is heard again. */
  #listen() {
    const now = performance.now();
    const tracks = [...this.relay.values()].flatMap((viewer) => viewer.stream.getAudioTracks());
    for (const [track, end] of this.meters) {
      if (tracks.includes(track)) continue;
      end();
      this.meters.delete(track);
    }
    for (const track of tracks) {
      if (this.meters.has(track)) continue;
      const measured = (/** @type {number} */ level) => level > SPOKEN && (this.spoke = performance.now());
      this.meters.set(track, measureSound(new MediaStream([track]), measured));
    }
    const relayed = this.relay.size > 0 && now - this.spoke < PATIENCE;
    if (relayed === this.relayed) return;
    this.relayed = relayed;
    this.requestUpdate();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#stopListening();
    for (const viewer of [...this.floor.values(), ...this.relay.values()]) viewer.stop();
  }

  render() {
    const stage = this.#people.filter((one) => one.on_stage);
    const partners = this.#people.filter((one) => one.sort === "interpreter" && one.language === this.boot?.language && one.person !== this.room?.you?.id);
    const on = this.microphone?.enabled ?? false;
    const languages = new Map(this.#interpreters.map((one) => [one.language ?? "", one.name]));
    if (this.source && !languages.has(this.source)) languages.set(this.source, this.sourceName);
    const relay = this.#interpreters.filter((one) => one.language === this.source);
    return html`
      ${this.error ? html`<div class="banner" data-tone="danger" role="alert"><p class="grow">${this.error}</p><button class="button" @click=${() => void this.#open()}>${t("Try again")}</button></div>` : nothing}
      <div class="interpreter-floor">${stage.length ? stage.map((one) => html`<figure class="stage-tile" data-shown=${one.shown ? "" : nothing}><video data-person=${one.person} playsinline autoplay aria-label=${t("Picture of {name}", { name: one.name })}></video><figcaption class="stage-foot">${one.name}</figcaption></figure>`) : html`<p class="quiet">${t("Nobody is on stage yet. You hear the stage as soon as somebody speaks.")}</p>`}</div>
      <div class="studio-tools">
        <button class="button large" aria-pressed=${String(on)} ?disabled=${!this.microphone} @click=${() => this.flip()}>${icon(on ? "mic" : "mic-off")}<span>${on ? t("You are heard") : t("Speak")}</span></button>
        <button class="button" ?disabled=${!on || Boolean(this.closing)} @click=${() => this.#handOver()}>${icon("arrow-right-left")}<span>${this.closing ? html`${t("Handing over")} <span class="figures" data-left>${HANDOVER_SECONDS}</span>` : t("Hand over")}</span></button>
        <ui-level role="meter" aria-label=${t("Loudness of your microphone")} aria-valuemin="0" aria-valuemax="100" class="level grow"></ui-level>
      </div>
      ${languages.size ? html`<label class="field"><span>${t("You interpret from")}</span><span class="select"><select class="input" .value=${this.source} @change=${(/** @type {Event} */ event) => this.#chosen(/** @type {HTMLSelectElement} */ (event.target))}><option value="">${t("The stage")}</option>${[...languages].map(([code, name]) => html`<option value=${code} ?selected=${code === this.source}>${name}</option>`)}</select>${icon("chevron-down")}</span></label>` : nothing}
      ${relay.map((one) => html`<audio data-person=${one.person} autoplay></audio>`)}
      <label class="field"><span>${t("Loudness of what you hear")}</span><input type="range" min="0" max="1" step="0.05" .value=${String(this.loudness)} @input=${(/** @type {InputEvent} */ event) => this.#louder(Number(/** @type {HTMLInputElement} */ (event.target).value))}></label>
      <ul class="interpreter-lights" aria-label=${t("What works")}>
        ${this.#light(this.socket?.state === "open", t("Connected to the room"))}
        ${this.#light(this.sender?.state === "sending", t("Your sound arrives"))}
        ${this.#light(stage.length > 0 && !this.relayed && [...this.floor.values()].some((viewer) => viewer.playing), t("You hear the stage"))}
        ${this.source ? this.#light(this.relayed, t("You hear {language}", { language: this.sourceName })) : nothing}
      </ul>
      <p class="quiet small">${partners.length ? t("Your partner is here: {n}", { n: partners.length }) : t("No partner is here for this language.")} ${this.#own?.muted ? t("The crew closed your microphone. Press “Speak” to open it again.") : nothing}</p>`;
  }

  /** @param {HTMLSelectElement} choice */
  #chosen(choice) {
    this.sourceName = choice.selectedOptions[0]?.textContent ?? "";
    this.#hear(choice.value);
  }

  /** @param {number} loudness */
  #louder(loudness) {
    this.loudness = loudness;
    this.requestUpdate();
  }

  /** @param {boolean} good @param {string} text */
  #light(good, text) {
    return html`<li><span class="pill" data-tone=${good ? "good" : "hollow"}>${text}: ${good ? t("yes") : t("no")}</span></li>`;
  }
}

customElements.define("interpreter-desk", InterpreterDesk);
