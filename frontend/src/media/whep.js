/**
 * Watches one of the crew with little delay (WHEP), and comes back by itself when the way breaks.
 * @module
 */

const RETRY_FROM = 1000;
const RETRY_TO = 8000;

/** Events: `change`. */
export class WhepViewer extends EventTarget {
  /** @param {string} address @param {string} token @param {RTCIceServer[]} iceServers */
  constructor(address, token, iceServers) {
    super();
    this.address = address;
    this.token = token;
    this.iceServers = iceServers;
    this.stream = new MediaStream();
    this.playing = false;
    this.tries = 0;
    this.timer = 0;
    this.location = "";
    /** @type {RTCPeerConnection | undefined} */
    this.connection = undefined;
    void this.#connect();
  }

  stop() {
    clearTimeout(this.timer);
    this.#close();
    this.address = "";
  }

  async #connect() {
    this.#close();
    const connection = (this.connection = new RTCPeerConnection({ iceServers: this.iceServers, bundlePolicy: "max-bundle" }));
    const video = connection.addTransceiver("video", { direction: "recvonly" });
    connection.addTransceiver("audio", { direction: "recvonly" });
    const codecs = RTCRtpReceiver.getCapabilities("video")?.codecs ?? [];
    video.setCodecPreferences?.(codecs.filter((codec) => codec.mimeType === "video/H264" || codec.mimeType === "video/rtx"));
    connection.ontrack = (event) => this.#heard(event.track);
    connection.onconnectionstatechange = () => this.#moved(connection);
    try {
      await connection.setLocalDescription(await connection.createOffer());
      const answer = await fetch(this.address, {
        method: "POST",
        headers: { "Content-Type": "application/sdp", Authorization: `Bearer ${this.token}` },
        body: connection.localDescription?.sdp ?? "",
      });
      if (connection !== this.connection) return;
      if (!answer.ok) throw new Error(String(answer.status));
      this.location = answer.headers.get("Location") ?? "";
      await connection.setRemoteDescription({ type: "answer", sdp: await answer.text() });
    } catch {
      if (connection === this.connection) this.#again();
    }
  }

  /** @param {MediaStreamTrack} track */
  #heard(track) {
    for (const old of this.stream.getTracks()) if (old.kind === track.kind) this.stream.removeTrack(old);
    this.stream.addTrack(track);
  }

  /** @param {RTCPeerConnection} connection */
  #moved(connection) {
    if (connection !== this.connection) return;
    this.playing = connection.connectionState === "connected";
    if (this.playing) this.tries = 0;
    if (connection.connectionState === "failed" || connection.connectionState === "closed") this.#again();
    this.dispatchEvent(new Event("change"));
  }

  #again() {
    this.#close();
    const wait = Math.min(RETRY_TO, RETRY_FROM * 1.6 ** this.tries++) * (0.7 + Math.random() * 0.6);
    this.timer = window.setTimeout(() => this.address && void this.#connect(), wait);
  }

  #close() {
    const { connection, location } = this;
    this.connection = undefined;
    this.location = "";
    this.playing = false;
    connection?.close();
    if (location) void fetch(location, { method: "DELETE", headers: { Authorization: `Bearer ${this.token}` }, keepalive: true }).catch(() => undefined);
  }
}
