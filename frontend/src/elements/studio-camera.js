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
import { devicesOf, measureSound, openDevices } from "../media/devices.js";
import { ScreenShare } from "../media/screen-share.js";
import { playTone } from "../media/tone.js";
import { WhipSender } from "../media/whip.js";
import { badge, sending, uplinkWords } from "./studio-words.js";

export class StudioCamera extends LitElement {
  constructor() {
    super();
    /** @type {MediaStream | undefined} */
    this.stream = undefined;
    this.screen = new ScreenShare(() => this.requestUpdate());
    /** @type {{whip: string, ice: RTCIceServer[]}} */
    this.way = { whip: "", ice: [] };
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
    /** The own place on the stage, once the room told. @type {import("../protocol/messages.d.ts").PresenterEntity | undefined} */
    this.place = undefined;
    /** @type {import("../protocol/socket.js").LiveSocket | undefined} */
    this.socket = undefined;
    /** True while the network is tested. */
    this.testing = false;
    /** What the test found, in words. */
    this.uplink = "";
  }

  createRenderRoot() {
    return this;
  }

  /** @param {import("../state/live.js").PageBoot} boot */
  begin(boot) {
    this.way = { whip: boot.whip ?? "", ice: boot.ice_servers ?? [] };
    this.sender = new WhipSender(this.way.whip, boot.stage_token ?? "", this.way.ice);
    this.sender.addEventListener("change", () => this.requestUpdate());
    addEventListener("pagehide", () => {
      this.screen.leave();
      this.sender?.leave();
    });
    addEventListener("beforeunload", (event) => this.#onAir && event.preventDefault());
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.#list());
    if (!("RTCPeerConnection" in window)) {
      this.error = t("This browser cannot send picture and sound. Use a current Firefox, Chrome, Edge or Safari.");
      this.requestUpdate();
    } else void this.open();
  }

  /** @param {import("../state/room.js").Room} room @param {import("../protocol/socket.js").LiveSocket} socket */
  join(room, socket) {
    this.socket = socket;
    room.addEventListener("state", () => void socket.command("stage.enter", {}).catch((error) => toast(String(error.message ?? error), { tone: "danger" })));
    for (const event of ["webinar", "presenter"]) room.addEventListener(event, () => this.#follow(room));
  }

  /** Broadcast and own place, as the room tells. @param {import("../state/room.js").Room} room */
  #follow(room) {
    const broadcast = room.webinar?.["broadcast"] ?? "";
    const place = /** @type {import("../protocol/messages.d.ts").PresenterEntity | undefined} */ (room.all("presenter").find((one) => one["person"] === room.you?.id && !one["removed"]));
    if (!this.place && place) this.held = Boolean(place.on_stage) && ["live", "paused"].includes(broadcast);
    if (place?.muted && !this.place?.muted && this.audio) {
      this.audio.enabled = false;
      toast(t("The crew closed your microphone. Only you can open it again."), { tone: "warn" });
    }
    this.broadcast = broadcast;
    this.place = place;
    this.#offer();
    this.requestUpdate();
  }

  get #onAir() {
    return this.broadcast === "live" && Boolean(this.place?.on_stage) && this.sender?.state === "sending";
  }

  /** Send, unless it is not yet the time for it or it is done already. */
  #offer() {
    const sender = this.sender;
    if (!sender || !this.stream || !this.place || this.held || this.broadcast === "ended") return;
    if (sender.state === "idle" || sender.state === "refused") sender.start(this.video ?? null, this.audio ?? null);
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
    await Promise.all([this.sender?.replaceAudio(this.audio ?? null), this.sender?.replaceVideo(this.video ?? null)]);
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
    view.srcObject = this.video ? new MediaStream([this.video]) : null;
  }

  /** @param {MediaStreamTrack | undefined} track */
  #flip(track) {
    if (track) track.enabled = !track.enabled;
    this.requestUpdate();
  }

  flipSound() {
    this.#flip(this.audio);
    if (this.audio?.enabled && this.place?.muted) void this.socket?.command("stage.sound", {}).catch((error) => toast(String(error.message ?? error), { tone: "danger" }));
  }

  flipPicture() {
    this.#flip(this.video);
  }

  share() {
    return this.screen.track ? this.screen.end() : this.screen.start(this.way, this.socket);
  }

  /** Whether the way to the server is good enough. The own picture waits meanwhile, so that both do not share it. */
  async test() {
    const sender = this.sender;
    if (!sender) return;
    this.testing = true;
    this.uplink = t("Testing the network for a few seconds.");
    this.requestUpdate();
    try {
      const { measureUplink } = await import("../media/uplink.js");
      await sender.replaceVideo(null);
      this.uplink = uplinkWords(await measureUplink(sender.address, sender.token, sender.iceServers));
    } catch (error) {
      this.uplink = error instanceof Error ? error.message : String(error);
    }
    await sender.replaceVideo(this.video ?? null);
    this.testing = false;
    this.requestUpdate();
  }

  render() {
    return html`
      <div class="studio-view">
        ${badge(this.broadcast, this.#onAir, this.place)}
        <video class="mirror" autoplay muted playsinline aria-label=${t("Your own picture")}></video>
        ${this.stream || this.error ? nothing : html`<p>${t("Your browser asks for camera and microphone. Allow both.")}</p>`}
      </div>
      ${this.error ? html`<div class="banner" data-tone="danger" role="alert"><p class="grow">${this.error}</p><button class="button" @click=${() => void this.open()}>${t("Try again")}</button></div>` : nothing}
      ${this.held && this.stream ? this.#ask() : nothing}
      <div class="studio-tools">
        ${this.#switch(this.audio?.enabled ?? false, t("Microphone"), "mic", "mic-off", () => this.flipSound(), !this.audio)}
        ${this.#switch(this.video?.enabled ?? false, t("Camera"), "camera", "camera-off", () => this.flipPicture(), !this.video)}
        ${this.#switch(Boolean(this.screen.track), t("Screen"), "screen-share", "screen-share", () => void this.share(), !this.place)}
        <ui-level role="meter" aria-label=${t("Loudness of your microphone")} aria-valuemin="0" aria-valuemax="100" class="level grow"></ui-level>
        <button class="button plain" @click=${playTone}>${icon("headphones")}<span>${t("Test sound")}</span></button>
        <button class="button plain" ?disabled=${this.testing || this.#onAir} @click=${() => void this.test()}>${icon("activity")}<span>${t("Test the network")}</span></button>
      </div>
      <p role="status" class="studio-uplink">${this.uplink}</p>
      <p role="status">${sending(this.sender, this.broadcast)}</p>
      <div class="studio-pickers">
        ${this.#picker(t("Camera"), this.cameras, this.video?.getSettings().deviceId, (id) => (this.camera = id))}
        ${this.#picker(t("Microphone"), this.microphones, this.audio?.getSettings().deviceId, (id) => (this.microphone = id))}
      </div>`;
  }

  #ask() {
    const join = () => {
      this.held = false;
      this.#offer();
      this.requestUpdate();
    };
    return html`<div class="banner studio-ask" data-tone="warn"><p class="grow">${t("The webinar is on air. Your picture and sound are not sent yet.")}</p><button class="button primary" @click=${join}>${t("Go on air")}</button></div>`;
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
    </select>${icon("chevron-down")}</span></label>`;
  }
}

customElements.define("studio-camera", StudioCamera);
