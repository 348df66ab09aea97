/**
 * The interpreters' page: hear the stage, speak one's language, hand over to a partner.
 * @module
 */
import "../elements/interpreter-desk.js";
import "../elements/room-bar.js";
import "../elements/room-chat.js";
import { enhance } from "../lib/enhance.js";
import { t } from "../lib/i18n.js";
import { key } from "../lib/keys.js";
import { startLive } from "../state/live.js";

const { boot, room, socket } = startLive();
const desk = /** @type {import("../elements/interpreter-desk.js").InterpreterDesk} */ (document.querySelector("interpreter-desk"));
for (const element of document.querySelectorAll("room-bar, room-chat")) /** @type {import("../elements/room-bar.js").RoomBar} */ (element).join(room, socket);
desk.join(room, socket);
desk.begin(boot);
key("m", t("Microphone on or off"), t("Interpreting"), () => desk.flip());
await enhance();
