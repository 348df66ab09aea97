/**
 * Sends picture and sound by WHIP (RFC 9725), and comes back by itself when the way breaks: over another way in the same session where
 * that can be, else in a new one.
 * @module
 */
import { gathered, restart } from "./ice.js";

/** @typedef {"idle" | "connecting" | "sending" | "away" | "refused"} WhipState */

const RETRY_FROM = 800;
const RETRY_TO = 10_000;
/** The server keeps a silent session for twenty seconds; within this time it is worth going on in it. */
const KEPT = 20_000;
/** A restart that has not led to a connection within this time is tried again: the network may have changed once more. */
const STANDS = 3000;

/** Events: `change`. */
export class WhipSender extends EventTarget {
  /** @param {string} address @param {string} token @param {RTCIceServer[]} iceServers */
  constructor(address, token, iceServers) {
    super();
    this.address = address;
    this.token = token;
    this.iceServers = iceServers;
    /** @type {WhipState} */
    this.state = "idle";
    /** What went wrong, in words of the server. */
    this.reason = "";
    /** True when the server must transcode what this browser sends. */
    this.transcoded = false;
    this.tries = 0;
    this.timer = 0;
    this.wanted = false;
    /** True while another way is looked for in the same session. */
    this.mending = false;
    addEventListener("online", () => this.#changed());
    /** @type {EventTarget | undefined} */ (Reflect.get(navigator, "connection"))?.addEventListener("change", () => this.#changed());
    /** @type {RTCPeerConnection | undefined} */
    this.connection = undefined;
    this.location = "";
    /** @type {MediaStreamTrack | null} */
    this.video = null;
    /** None at all when undefined, as for a screen. @type {MediaStreamTrack | null | undefined} */
    this.audio = null;
  }

  /** Begin to send. @param {MediaStreamTrack | null} video @param {MediaStreamTrack | null | undefined} audio */
  start(video, audio) {
    this.video = video;
    this.audio = audio;
    this.wanted = true;
    this.tries = 0;
    void this.#connect();
  }

  /** Another camera or the screen, without a new connection. @param {MediaStreamTrack | null} track */
  async replaceVideo(track) {
    this.video = track;
    await this.#sender("video")?.replaceTrack(track);
  }

  /** Another microphone. @param {MediaStreamTrack | null} track */
  async replaceAudio(track) {
    this.audio = track;
    await this.#sender("audio")?.replaceTrack(track);
  }

  /** Stop sending and say so. */
  async stop() {
    this.wanted = false;
    clearTimeout(this.timer);
    this.#close();
    this.#became("idle");
    await this.#delete(false);
  }

  /** The page is being left: a request that outlives it. */
  leave() {
    this.wanted = false;
    this.#close();
    void this.#delete(true);
  }

  async #connect() {
    clearTimeout(this.timer);
    this.#close();
    this.#became("connecting");
    const connection = (this.connection = new RTCPeerConnection({ iceServers: this.iceServers, bundlePolicy: "max-bundle" }));
    for (const [kind, track] of /** @type {[string, MediaStreamTrack | null | undefined][]} */ ([["audio", this.audio], ["video", this.video]])) {
      if (track === undefined) continue;
      const transceiver = connection.addTransceiver(track ?? kind, { direction: "sendonly" });
      if (kind === "video") await preferH264(transceiver);
    }
    connection.onconnectionstatechange = () => this.#moved(connection);
    try {
      await connection.setLocalDescription(await connection.createOffer());
      await gathered(connection);
      await this.#exchange(connection);
    } catch (error) {
      if (connection === this.connection) this.#failed(error);
    }
  }

  /** @param {RTCPeerConnection} connection */
  async #exchange(connection) {
    const answer = await fetch(this.address, {
      method: "POST",
      headers: { "Content-Type": "application/sdp", Authorization: `Bearer ${this.token}` },
      body: connection.localDescription?.sdp ?? "",
    });
    if (connection !== this.connection) return; // Left, or begun anew, while the server answered.
    if (!answer.ok) {
      const problem = await answer.json().catch(() => ({}));
      throw Object.assign(new Error(problem.detail ?? problem.title ?? `${answer.status}`), { final: answer.status >= 400 && answer.status < 500 && answer.status !== 429 });
    }
    this.location = answer.headers.get("Location") ?? "";
    this.transcoded = answer.headers.get("Lectern-Video") === "transcoded";
    await connection.setRemoteDescription({ type: "answer", sdp: await answer.text() });
  }

  /** @param {RTCPeerConnection} connection */
  #moved(connection) {
    if (connection !== this.connection) return;
    if (connection.connectionState === "connected") {
      this.tries = 0;
      this.#became("sending");
    } else if (["disconnected", "failed"].includes(connection.connectionState)) {
      this.#became("away");
      void this.#mend(connection);
    }
  }

  /** The device has another network, or one again. */
  #changed() {
    if (!this.wanted) return;
    if (this.connection && this.location) void this.#mend(this.connection);
    else if (this.state === "away") void this.#connect();
  }

  /** Go on over another way; when there is none in time, or the server refuses, begin anew. @param {RTCPeerConnection} connection */
  async #mend(connection) {
    if (this.mending || connection !== this.connection || !this.location) return;
    this.mending = true;
    try {
      const until = performance.now() + KEPT;
      while (connection === this.connection && performance.now() < until) {
        const taken = await restart(connection, this.location, this.token).catch(() => undefined);
        if (taken === false) break;
        if (await stands(connection, taken ? STANDS : RETRY_FROM)) return;
      }
    } finally {
      this.mending = false;
    }
    if (connection === this.connection && connection.connectionState !== "connected") this.#failed(undefined);
  }

  /** @param {unknown} error */
  #failed(error) {
    if (!this.wanted) return;
    this.reason = error instanceof Error ? error.message : "";
    if (error instanceof Error && "final" in error && error.final) {
      this.#became("refused");
      return;
    }
    this.#became("away");
    this.#close();
    clearTimeout(this.timer);
    const wait = Math.min(RETRY_TO, RETRY_FROM * 1.7 ** this.tries++) * (0.7 + Math.random() * 0.6);
    this.timer = window.setTimeout(() => this.wanted && void this.#connect(), wait);
  }

  #close() {
    const connection = this.connection;
    this.connection = undefined;
    connection?.close();
  }

  /** @param {boolean} keepalive */
  async #delete(keepalive) {
    if (!this.location) return;
    const address = this.location;
    this.location = "";
    await fetch(address, { method: "DELETE", headers: { Authorization: `Bearer ${this.token}` }, keepalive }).catch(() => undefined);
  }

  /** @param {string} kind */
  #sender(kind) {
    return this.connection?.getTransceivers().find((one) => one.receiver.track.kind === kind)?.sender;
  }

  /** @param {WhipState} state */
  #became(state) {
    this.state = state;
    this.dispatchEvent(new Event("change"));
  }
}

/** H.264 first, because it is passed on as it is; steady size, so that players need no new start. @param {RTCRtpTransceiver} transceiver */
async function preferH264(transceiver) {
  const codecs = RTCRtpReceiver.getCapabilities("video")?.codecs ?? [];
  const first = codecs.filter((codec) => codec.mimeType === "video/H264" && /packetization-mode=1/.test(codec.sdpFmtpLine ?? "") && /profile-level-id=42/i.test(codec.sdpFmtpLine ?? ""));
  const rest = codecs.filter((codec) => !first.includes(codec));
  transceiver.setCodecPreferences?.([...first, ...rest]);
  const parameters = transceiver.sender.getParameters();
  parameters.degradationPreference = "maintain-resolution";
  for (const encoding of parameters.encodings) encoding.maxBitrate = 2_500_000;
  await transceiver.sender.setParameters(parameters).catch(() => undefined);
}

/** Whether the connection stands, now or within a time. @param {RTCPeerConnection} connection @param {number} within milliseconds */
async function stands(connection, within) {
  const end = performance.now() + within;
  // At once it may still stand over the old way, which is as good.
  while (connection.connectionState !== "connected" && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 100));
  return connection.connectionState === "connected";
}
