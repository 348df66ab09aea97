/**
 * What the studio says of the own place and of what is sent.
 * @module
 */
import { html, nothing } from "lit";
import { t } from "../lib/i18n.js";

/**
 * Whether the audience sees this, in a word.
 * @param {string} broadcast @param {boolean} onAir @param {object | undefined} place
 */
export function badge(broadcast, onAir, place) {
  if (!broadcast) return nothing;
  if (onAir) return html`<span class="pill studio-place" data-tone="live">${t("On air")}</span>`;
  if (broadcast === "live" && place && !("on_stage" in place && place.on_stage)) return html`<span class="pill studio-place" data-tone="hollow">${t("Backstage: the audience does not see or hear you")}</span>`;
  return html`<span class="pill studio-place" data-tone="hollow">${t("Not live")}</span>`;
}

/**
 * What becomes of the own picture and sound.
 * @param {import("../media/whip.js").WhipSender | undefined} sender @param {string} broadcast
 */
export function sending(sender, broadcast) {
  if (broadcast === "ended") return t("The webinar has ended. Nothing is sent.");
  if (!sender || sender.state === "idle") return "";
  if (sender.state === "connecting") return t("Connecting to the server.");
  if (sender.state === "away") return t("The connection broke. Trying again by itself.");
  if (sender.state === "refused") return t("The server refused your picture: {reason}", { reason: sender.reason });
  if (sender.transcoded) return t("Your picture arrives. This browser sends no H.264, so the server converts it, which costs it more.");
  return t("Your picture and sound arrive at the server.");
}

const GOOD = { speed: 1500, delay: 300, loss: 2 };
const ENOUGH = { speed: 600, delay: 600, loss: 5 };

/**
 * What a test of the network found: undefined when nothing came through.
 * @param {import("../media/uplink.js").Uplink | undefined} found
 */
export function uplinkWords(found) {
  if (!found) return t("Picture and sound do not reach the server: something on the way blocks UDP. Another network helps, or a relay that whoever runs this server can set up.");
  const show = (/** @type {number} */ number, digits = 0) => number.toLocaleString(document.documentElement.lang || undefined, { maximumFractionDigits: digits });
  const numbers = { speed: show(found.speed / 1000, 1), delay: show(found.delay), loss: show(found.loss, 1) };
  const fits = (/** @type {typeof GOOD} */ wanted) => found.speed >= wanted.speed && found.delay <= wanted.delay && found.loss <= wanted.loss;
  if (fits(GOOD)) return t("Your network is good: {speed} Mbit/s to the server, {delay} ms there and back, {loss} % lost.", numbers);
  if (fits(ENOUGH)) return t("Your network is just enough: {speed} Mbit/s to the server, {delay} ms there and back, {loss} % lost. A cable, or a place nearer to the router, helps.", numbers);
  return t("Your network is too weak: {speed} Mbit/s to the server, {delay} ms there and back, {loss} % lost. Use a cable, close other programs, or send sound alone.", numbers);
}
