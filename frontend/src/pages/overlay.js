/**
 * The overlay for OBS.
 * @module
 */
import "../elements/overlay-view.js";
import { joinView } from "../state/view.js";

joinView();
document.documentElement.dataset["ready"] = "";
