/**
 * Moments and durations as people read them, by the browser's own Intl.
 * @module
 */
import { language } from "./i18n.js";

/** @typedef {"full" | "date" | "time" | "short" | "relative"} Format */

/** @type {Record<Exclude<Format, "relative">, Intl.DateTimeFormatOptions>} */
const formats = {
  full: { weekday: "long", day: "numeric", month: "long", year: "numeric", hour: "numeric", minute: "2-digit", timeZoneName: "short" },
  date: { weekday: "short", day: "numeric", month: "long", year: "numeric" },
  time: { hour: "numeric", minute: "2-digit" },
  short: { day: "numeric", month: "short", hour: "numeric", minute: "2-digit" },
};

/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const units = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

/**
 * @param {Date | number | string} moment
 * @param {Format} [format]
 * @param {string} [zone] an IANA name; the reader's own without it
 */
export function moment(moment, format = "full", zone) {
  const date = new Date(moment);
  if (format === "relative") return relative(date);
  return new Intl.DateTimeFormat(language, { ...formats[format], ...(zone ? { timeZone: zone } : {}) }).format(date);
}

/**
 * "in 5 minutes", "2 days ago".
 * @param {Date} date
 * @param {number} [now] milliseconds
 */
export function relative(date, now = Date.now()) {
  const seconds = Math.round((date.getTime() - now) / 1000);
  const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  return new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(Math.round(seconds / size), unit);
}

/**
 * A running time: 0:07, 12:41, 1:02:03.
 * @param {number} milliseconds
 */
export function clock(milliseconds) {
  const all = Math.max(0, Math.floor(milliseconds / 1000));
  const [h, m, s] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** The reader's zone, an IANA name. */
export function ownZone() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/**
 * The moment at which clocks in `zone` show `date` and `time`; none when a part is missing.
 * @param {string} date YYYY-MM-DD
 * @param {string} time HH:MM
 * @param {string} zone
 */
export function zonedMoment(date, time, zone) {
  const guess = Date.parse(`${date}T${time}Z`);
  if (Number.isNaN(guess)) return undefined;
  // Twice, because the first answer may lie on the other side of a clock change.
  const first = guess - offset(guess, zone);
  return new Date(guess - offset(first, zone));
}

/**
 * @param {number} moment
 * @param {string} zone
 */
function offset(moment, zone) {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric",
  }).formatToParts(moment);
  const of = (/** @type {string} */ type) => Number(parts.find((part) => part.type === type)?.value);
  return Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second")) - Math.floor(moment / 1000) * 1000;
}
