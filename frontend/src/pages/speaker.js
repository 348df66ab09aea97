/**
 * The speaker's view of the questions.
 * @module
 */
import "../elements/room-bar.js";
import "../elements/speaker-view.js";
import { enhance } from "../lib/enhance.js";
import { joinView } from "../state/view.js";

joinView();
// A phone on the lectern must not go dark while somebody speaks.
const stayAwake = () => void navigator.wakeLock?.request("screen").catch(() => undefined);
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && stayAwake());
stayAwake();
await enhance();
