/**
 * The presenter's studio.
 * @module
 */
import "../elements/broadcast-controls.js";
import "../elements/room-bar.js";
import "../elements/room-chat.js";
import "../elements/room-player.js";
import "../elements/studio-camera.js";
import { enhance } from "../lib/enhance.js";
import { joinCrewPage } from "../state/crew.js";

const { boot } = joinCrewPage();
/** @type {import("../elements/studio-camera.js").StudioCamera} */ (document.querySelector("studio-camera")).begin(boot);

await enhance();
