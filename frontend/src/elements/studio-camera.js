/**
 * The presenter's own place: device check, level, and the switches for microphone, camera and screen. Before the webinar is on air
 * it sends as soon as the devices are there, so the crew sees a preview; who comes while it is on air is asked first.
 * @module
 */
import { LitElement, html, nothing } from "lit";
import "./ui-level.js";
import { t } from "../lib/i18n.js";
import { icon } from "../lib/icon.js";
import { toast } from "../lib/toast.js";
import { devicesOf, measureSound, openDevices, openScreen } from "../media/devices.js";
import { playTone } from "../media/tone.js";
import { WhipSender } from "../media/whip.js";

export class StudioCamera extends LitElement {
  constructor() {
    super();
    /** @type {MediaStream | undefined} */
    this.stream = undefined;
    /** @type {MediaStreamTrack | undefined} */
    this.screen = undefined;
    this.error = "";
    this.camera = "";
    this.microphone = "";
    /** @type {MediaDeviceInfo[]} */
    this.cameras = [];
    /** @type {MediaDeviceInfo[]} */
    this.microphones = [];
    /** @type {WhipSender | undefined} */
    this.sender = undefined;
    this.stopMeasuring = () => {};
    /** State of the broadcast; empty until the room told. */
    this.broadcast = "";
    /** True while the presenter has not said yet to go on air. */
    this.held = false;
  }

  createRenderRoot() {
    return this;
  }

  /** @param {import("../state/live.js").PageBoot} boot */
  begin(boot) {
    this.sender = new WhipSender(boot.whip ?? "", boot.stage_token ?? "", boot.ice_servers ?? []);
    this.sender.addEventListener("change", () => this.requestUpdate());
    addEventListener("pagehide", () => this.sender?.leave());
    addEventListener("beforeunload", (event) => this.#onAir && event.preventDefault());
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.#list());
    if (!("RTCPeerConnection" in window)) {
      this.error = t("This browser cannot send picture and sound. Use a current Firefox, Chrome, Edge or Safari.");
      this.requestUpdate();
    } else void this.open();
  }

  /** The broadcast went to another state. @param {string} broadcast */
  follow(broadcast) {
    if (!this.broadcast) this.held = ["live", "paused"].includes(broadcast);
    this.broadcast = broadcast;
    this.#offer();
    this.requestUpdate();
  }

  get #onAir() {
    return this.broadcast === "live" && this.sender?.state === "sending";
  }

  /** Send, unless it is not yet the time for it or it is done already. */
  #offer() {
    const sender = this.sender;
    if (!sender || !this.stream || !this.broadcast || this.held || this.broadcast === "ended") return;
    if (sender.state === "idle" || sender.state === "refused") sender.start(this.screen ?? this.video ?? null, this.audio ?? null);
  }

  async open() {
    this.error = "";
    this.requestUpdate();
    try {
      const stream = await openDevices({ camera: this.camera || undefined, microphone: this.microphone || undefined });
      await this.#use(stream);
    } catch (error) {
      this.error = error instanceof Error ? error.message : String(error);
    }
    this.requestUpdate();
  }

  /** @param {MediaStream} stream */
  async #use(stream) {
    this.stopMeasuring();
    for (const track of this.stream?.getTracks() ?? []) {
      track.onended = null;
      track.stop();
    }
    this.stream = stream;
    for (const track of stream.getTracks()) track.onended = () => this.#lost();
    await this.#list();
    if (stream.getAudioTracks().length) {
      this.stopMeasuring = measureSound(stream, (level) => {
        const meter = /** @type {(HTMLElement & {level: number}) | null} */ (this.querySelector("ui-level"));
        if (meter) meter.level = this.audio?.enabled ? level : 0;
      });
    }
    await this.updateComplete;
    this.#show();
    this.#offer();
    await Promise.all([this.sender?.replaceAudio(this.audio ?? null), this.screen ? undefined : this.sender?.replaceVideo(this.video ?? null)]);
  }

  async #list() {
    this.cameras = await devicesOf("videoinput");
    this.microphones = await devicesOf("audioinput");
    this.requestUpdate();
  }

  /** Unplugged, or taken back by the browser: go on with what there still is. */
  #lost() {
    toast(t("A camera or microphone was unplugged. Using the next one."), { tone: "warn" });
    this.camera = this.microphone = "";
    void this.open();
  }

  get video() {
    return this.stream?.getVideoTracks()[0];
  }

  get audio() {
    return this.stream?.getAudioTracks()[0];
  }

  #show() {
    const view = this.querySelector("video");
    if (!view) return;
    const track = this.screen ?? this.video;
    view.srcObject = track ? new MediaStream([track]) : null;
    view.classList.toggle("mirror", !this.screen);
  }

  /** @param {MediaStreamTrack | undefined} track */
  #flip(track) {
    if (track) track.enabled = !track.enabled;
    this.requestUpdate();
  }

  flipSound() {
    this.#flip(this.audio);
  }

  flipPicture() {
    this.#flip(this.video);
  }

  async share() {
    if (this.screen) {
      this.#endScreen();
      return;
    }
    try {
      this.screen = await openScreen();
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== "NotAllowedError") toast(error instanceof Error ? error.message : String(error), { tone: "danger" });
      return;
    }
    this.screen.onended = () => this.#endScreen();
    await this.sender?.replaceVideo(this.screen);
    this.#show();
    this.requestUpdate();
  }

  #endScreen() {
    this.screen?.stop();
    this.screen = undefined;
    void this.sender?.replaceVideo(this.video ?? null);
    this.#show();
    this.requestUpdate();
  }

  render() {
    return html`
      <div class="studio-view">
        <video class="mirror" autoplay muted playsinline aria-label=${t("Your own picture")}></video>
        ${this.stream || this.error ? nothing : html`<p>${t("Your browser asks for camera and microphone. Allow both.")}</p>`}
      </div>
      ${this.error ? html`<div class="banner" data-tone="danger" role="alert"><p class="grow">${this.error}</p><button class="button" @click=${() => void this.open()}>${t("Try again")}</button></div>` : nothing}
      ${this.held && this.stream ? this.#ask() : nothing}
      <div class="studio-tools">
        ${this.#switch(this.audio?.enabled ?? false, t("Microphone"), "mic", "mic-off", () => this.flipSound(), !this.audio)}
        ${this.#switch(this.video?.enabled ?? false, t("Camera"), "camera", "camera-off", () => this.flipPicture(), !this.video)}
        ${this.#switch(Boolean(this.screen), t("Screen"), "screen-share", "screen-share", () => void this.share(), !this.stream)}
        <ui-level role="meter" aria-label=${t("Loudness of your microphone")} aria-valuemin="0" aria-valuemax="100" class="level grow"></ui-level>
        <button class="button plain" @click=${playTone}>${icon("headphones")}<span>${t("Test sound")}</span></button>
      </div>
      <p role="status">${this.#sending()}</p>
      <div class="studio-pickers">
        ${this.#picker(t("Camera"), this.cameras, this.video?.getSettings().deviceId, (id) => (this.camera = id))}
        ${this.#picker(t("Microphone"), this.microphones, this.audio?.getSettings().deviceId, (id) => (this.microphone = id))}
      </div>`;
  }

  #ask() {
    const join = () => {
      this.held = false;
      this.follow(this.broadcast);
    };
    return html`<div class="banner studio-ask" data-tone="warn"><p class="grow">${t("The webinar is on air. Your picture and sound are not sent yet.")}</p><button class="button primary" @click=${join}>${t("Go on air")}</button></div>`;
  }

  #sending() {
    const sender = this.sender;
    if (this.broadcast === "ended") return t("The webinar has ended. Nothing is sent.");
    if (!sender || sender.state === "idle") return "";
    if (sender.state === "connecting") return t("Connecting to the server.");
    if (sender.state === "away") return t("The connection broke. Trying again by itself.");
    if (sender.state === "refused") return t("The server refused your picture: {reason}", { reason: sender.reason });
    if (sender.transcoded) return t("Your picture arrives. This browser sends no H.264, so the server converts it, which costs it more.");
    return t("Your picture and sound arrive at the server.");
  }

  /** @param {boolean} on @param {string} name @param {string} iconOn @param {string} iconOff @param {() => void} run @param {boolean} off */
  #switch(on, name, iconOn, iconOff, run, off) {
    return html`<button class="button" aria-pressed=${String(on)} ?disabled=${off} @click=${run}>${icon(on ? iconOn : iconOff)}<span>${name}: ${on ? t("on") : t("off")}</span></button>`;
  }

  /** @param {string} label @param {MediaDeviceInfo[]} devices @param {string | undefined} chosen @param {(id: string) => void} choose */
  #picker(label, devices, chosen, choose) {
    if (!devices.length) return nothing;
    return html`<label class="field"><span>${label}</span><span class="select"><select class="input" @change=${(/** @type {Event} */ event) => { choose(/** @type {HTMLSelectElement} */ (event.target).value); void this.open(); }}>
      ${devices.map((device) => html`<option value=${device.deviceId} ?selected=${device.deviceId === chosen}>${device.label || label}</option>`)}
    </select></span></label>`;
  }
}

customElements.define("studio-camera", StudioCamera);
