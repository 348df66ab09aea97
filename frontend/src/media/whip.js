/**
 * Sends picture and sound by WHIP (RFC 9725), and comes back by itself when the way breaks.
 * @module
 */

/** @typedef {"idle" | "connecting" | "sending" | "away" | "refused"} WhipState */

const RETRY_FROM = 800;
const RETRY_TO = 10_000;
/** A way that only stutters mends itself within this time; a new connection would cost the audience more. */
const GRACE = 4000;

/** Events: `change`. */
export class WhipSender extends EventTarget {
  /** @param {string} address @param {string} token @param {string[]} iceServers */
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
    addEventListener("online", () => this.wanted && this.state === "away" && void this.#connect());
    /** @type {RTCPeerConnection | undefined} */
    this.connection = undefined;
    this.location = "";
    /** @type {MediaStreamTrack | null} */
    this.video = null;
    /** @type {MediaStreamTrack | null} */
    this.audio = null;
  }

  /** Begin to send. @param {MediaStreamTrack | null} video @param {MediaStreamTrack | null} audio */
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
    const connection = (this.connection = new RTCPeerConnection({ iceServers: this.iceServers.map((urls) => ({ urls })), bundlePolicy: "max-bundle" }));
    for (const [kind, track] of /** @type {[string, MediaStreamTrack | null][]} */ ([["audio", this.audio], ["video", this.video]])) {
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
    } else if (connection.connectionState === "disconnected") {
      setTimeout(() => connection === this.connection && connection.connectionState === "disconnected" && this.#failed(undefined), GRACE);
    } else if (connection.connectionState === "failed") this.#failed(undefined);
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

/** All candidates, or what there is after two seconds. @param {RTCPeerConnection} connection */
function gathered(connection) {
  return new Promise((resolve) => {
    if (connection.iceGatheringState === "complete") resolve(undefined);
    connection.addEventListener("icegatheringstatechange", () => connection.iceGatheringState === "complete" && resolve(undefined));
    setTimeout(resolve, 2000);
  });
}
