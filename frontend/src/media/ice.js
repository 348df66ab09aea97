/**
 * What ICE needs besides the browser: all addresses before a request, and a restart within a WHIP session (RFC 9725 section 4.3.3).
 * @module
 */

/** Milliseconds: a request over a network that has just gone would hang much longer. */
const ANSWERS_WITHIN = 3000;

/** All candidates, or what there is after two seconds. @param {RTCPeerConnection} connection */
export function gathered(connection) {
  return new Promise((resolve) => {
    if (connection.iceGatheringState === "complete") resolve(undefined);
    connection.addEventListener("icegatheringstatechange", () => connection.iceGatheringState === "complete" && resolve(undefined));
    setTimeout(resolve, 2000);
  });
}

/**
 * Go on over another way in the same session. Gives false when the server refuses; rejects when it cannot be reached.
 * @param {RTCPeerConnection} connection @param {string} address of the session @param {string} token
 */
export async function restart(connection, address, token) {
  await connection.setLocalDescription(await connection.createOffer({ iceRestart: true }));
  await gathered(connection);
  const answer = await fetch(address, {
    method: "PATCH",
    headers: { "Content-Type": "application/trickle-ice-sdpfrag", "If-Match": "*", Authorization: `Bearer ${token}` },
    body: fragment(connection.localDescription?.sdp ?? ""),
    signal: AbortSignal.timeout(ANSWERS_WITHIN),
  });
  if (answer.status !== 200) return false;
  await connection.setRemoteDescription({ type: "answer", sdp: renewed(connection.currentRemoteDescription?.sdp ?? "", await answer.text()) });
  return true;
}

/** What of an offer belongs into an SDP fragment (RFC 8840 section 9): ways and credentials of the first part. @param {string} sdp */
function fragment(sdp) {
  const [head, part = ""] = sdp.split(/^(?=m=)/m);
  const wanted = /^(?:a=ice-options|a=group|m=|a=mid|a=ice-ufrag|a=ice-pwd|a=candidate|a=end-of-candidates)/;
  return [...(head ?? "").split("\r\n"), ...part.split("\r\n")].filter((line) => wanted.test(line)).join("\r\n") + "\r\n";
}

/** The answer of before with the credentials and ways of a fragment. @param {string} answer @param {string} fragment */
function renewed(answer, fragment) {
  const lines = fragment.split("\r\n");
  const fresh = ["a=ice-ufrag:", "a=ice-pwd:", "a=candidate:", "a=end-of-candidates"].flatMap((start) => lines.filter((line) => line.startsWith(start)));
  const kept = answer.replace(/^a=(?:ice-ufrag|ice-pwd|candidate):.*\r\n|^a=end-of-candidates\r\n/gm, "");
  return kept.replace(/^a=mid:.*\r\n/gm, (line) => line + fresh.join("\r\n") + "\r\n");
}
