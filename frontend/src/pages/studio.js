/**
 * The presenter's studio.
 * @module
 */
import "../elements/broadcast-controls.js";
import "../elements/console-polls.js";
import "../elements/console-questions.js";
import "../elements/room-bar.js";
import "../elements/room-chat.js";
import "../elements/room-player.js";
import "../elements/stage-panel.js";
import "../elements/stage-videos.js";
import "../elements/studio-camera.js";
import { countOnTabs } from "../elements/tab-counts.js";
import { enhance } from "../lib/enhance.js";
import { t } from "../lib/i18n.js";
import { key } from "../lib/keys.js";
import { joinCrewPage } from "../state/crew.js";

const { boot, room, socket } = joinCrewPage();
const camera = /** @type {import("../elements/studio-camera.js").StudioCamera} */ (document.querySelector("studio-camera"));
camera.begin(boot);
camera.join(room, socket);

key("m", t("Microphone on or off"), t("Studio"), () => camera.flipSound());
key("v", t("Camera on or off"), t("Studio"), () => camera.flipPicture());
key("s", t("Show the screen, or stop showing it"), t("Studio"), () => void camera.share());

countOnTabs();
await enhance();
