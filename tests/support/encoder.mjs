// An encoder that is not ours: sends H.264 and Opus by WHIP with libdatachannel, the library that OBS sends with, as OBS does: its offer
// has no addresses and no congestion control, and it makes key frames when it likes, not when it is asked.
//
// node encoder.mjs WHIP-ADDRESS TOKEN CLIP.json
//
// The clip, {length, video: [[seconds, base64]], audio: […]}, goes round until the end is signalled; then the session is deleted.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const rtc = createRequire(new URL("../../frontend/package.json", import.meta.url))("node-datachannel");

const [address = "", token = "", file = ""] = process.argv.slice(2);
const clip = JSON.parse(readFileSync(file, "utf8"));
const headers = { Authorization: `Bearer ${token}` };
const peer = new rtc.PeerConnection("encoder", { iceServers: [] });

/** @param {"audio" | "video"} kind */
function send(kind) {
  const video = kind === "video";
  const rate = video ? 90000 : 48000;
  const payload = video ? 96 : 111;
  const ssrc = video ? 2000 : 1000;
  const description = video ? new rtc.Video("1", "SendOnly") : new rtc.Audio("0", "SendOnly");
  if (video) description.addH264Codec(payload);
  else description.addOpusCodec(payload);
  description.addSSRC(ssrc, "encoder", "stream", `stream-${kind}`);
  const config = new rtc.RtpPacketizationConfig(ssrc, "encoder", payload, rate);
  const packets = video ? new rtc.H264RtpPacketizer("StartSequence", config, 1200) : new rtc.RtpPacketizer(config);
  packets.addToChain(new rtc.RtcpSrReporter(config));
  packets.addToChain(new rtc.RtcpNackResponder());
  const track = peer.addTrack(description);
  track.setMediaHandler(packets);
  const began = config.timestamp;
  const frames = clip[kind];
  let count = 0;
  return (/** @type {number} */ now) => {
    for (;;) {
      const at = Math.floor(count / frames.length) * clip.length + frames[count % frames.length][0];
      if (at > now) return;
      config.timestamp = (began + Math.round(at * rate)) >>> 0;
      track.sendMessageBinary(Buffer.from(frames[count % frames.length][1], "base64"));
      count += 1;
    }
  };
}

const tracks = [send("audio"), send("video")];
peer.setLocalDescription();
const offer = String(peer.localDescription()?.sdp).replace(/^a=(candidate:.*|end-of-candidates)\r\n/gm, "");
const answer = await fetch(address, { method: "POST", headers: { ...headers, "Content-Type": "application/sdp" }, body: offer });
if (answer.status !== 201) {
  console.error(answer.status, await answer.text());
  process.exit(1);
}
const session = new URL(answer.headers.get("location") ?? "", address);

let began = 0;
peer.onStateChange((state) => {
  console.log(state);
  if (state !== "connected" || began) return;
  began = performance.now();
  setInterval(() => {
    for (const go of tracks) go((performance.now() - began) / 1000);
  }, 5);
});
peer.setRemoteDescription(await answer.text(), "answer");

process.on("SIGTERM", async () => {
  await fetch(session, { method: "DELETE", headers });
  peer.close();
  process.exit(0);
});
