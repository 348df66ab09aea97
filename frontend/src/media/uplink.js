/**
 * Measures the way up to our own media process: a short WHIP session of its own that nobody sees, with a picture that takes every bit it is given.
 * @module
 */
import { gathered } from "./ice.js";

/** @typedef {{speed: number, delay: number, loss: number}} Uplink kbit/s, milliseconds there and back, percent */

const CONNECTS_WITHIN = 8000;
const SECONDS = 5;
/** Seconds at the start that do not count: the browser finds its rate. */
const FINDS = 2;
const MOST = 2_500_000;

/**
 * Undefined when the server cannot be reached by UDP; rejects when it refuses.
 * @param {string} address @param {string} token @param {RTCIceServer[]} iceServers
 * @returns {Promise<Uplink | undefined>}
 */
export async function measureUplink(address, token, iceServers) {
  const connection = new RTCPeerConnection({ iceServers, bundlePolicy: "max-bundle" });
  const noise = makeNoise();
  const headers = { Authorization: `Bearer ${token}` };
  let session = "";
  try {
    connection.addTransceiver(noise.track, { direction: "sendonly", sendEncodings: [{ maxBitrate: MOST }] });
    await connection.setLocalDescription(await connection.createOffer());
    await gathered(connection);
    const answer = await fetch(`${address}?check`, { method: "POST", headers: { ...headers, "Content-Type": "application/sdp" }, body: connection.localDescription?.sdp ?? "" });
    if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).title ?? String(answer.status));
    session = answer.headers.get("Location") ?? "";
    await connection.setRemoteDescription({ type: "answer", sdp: await answer.text() });
    return (await connects(connection)) ? await measure(connection) : undefined;
  } finally {
    noise.stop();
    connection.close();
    if (session) void fetch(session, { method: "DELETE", headers, keepalive: true }).catch(() => undefined);
  }
}

/** @param {RTCPeerConnection} connection */
async function connects(connection) {
  const end = performance.now() + CONNECTS_WITHIN;
  while (connection.connectionState !== "connected" && performance.now() < end) await pause(100);
  return connection.connectionState === "connected";
}

/** @param {RTCPeerConnection} connection @returns {Promise<Uplink>} */
async function measure(connection) {
  const best = { speed: 0, delay: Infinity };
  let before = await look(connection);
  let [sent, lost] = [0, 0];
  for (let second = 0; second < SECONDS; second++) {
    await pause(1000);
    const now = await look(connection);
    if (second >= FINDS) {
      const rate = ((now.bytes - before.bytes) * 8) / Math.max(1, now.at - before.at);
      best.speed = Math.max(best.speed, rate, now.available);
      sent += now.packets - before.packets;
      lost += now.lost - before.lost;
    }
    if (now.delay) best.delay = Math.min(best.delay, now.delay);
    before = now;
  }
  return { speed: best.speed, delay: Number.isFinite(best.delay) ? best.delay : 0, loss: sent ? Math.max(0, (100 * lost) / sent) : 0 };
}

/** What the browser counts, in bytes, packets, kbit/s and milliseconds. @param {RTCPeerConnection} connection */
async function look(connection) {
  const seen = { at: performance.now(), bytes: 0, packets: 0, lost: 0, available: 0, delay: 0 };
  for (const stat of (await connection.getStats()).values()) {
    if (stat.type === "outbound-rtp") [seen.bytes, seen.packets] = [stat.bytesSent, stat.packetsSent];
    else if (stat.type === "remote-inbound-rtp") seen.lost = Math.max(0, stat.packetsLost ?? 0);
    else if (stat.type === "candidate-pair" && stat.nominated && stat.currentRoundTripTime) {
      seen.delay = stat.currentRoundTripTime * 1000;
      seen.available = (stat.availableOutgoingBitrate ?? 0) / 1000;
    }
  }
  return seen;
}

/** A picture of random squares. */
function makeNoise() {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [640, 360];
  const context = canvas.getContext("2d");
  const draw = () => {
    for (let i = 0; context && i < 200; i++) {
      context.fillStyle = `hsl(${Math.random() * 360} 70% 50%)`;
      context.fillRect(Math.random() * 640, Math.random() * 360, 20, 20);
    }
  };
  draw();
  const timer = setInterval(draw, 50);
  const track = /** @type {MediaStreamTrack} */ (canvas.captureStream(20).getVideoTracks()[0]);
  return { track, stop: () => [clearInterval(timer), track.stop()] };
}

/** @param {number} milliseconds */
function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
