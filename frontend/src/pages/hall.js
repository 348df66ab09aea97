/**
 * Questions and polls for people in the hall.
 * @module
 */
import "../elements/room-polls.js";
import "../elements/room-questions.js";
import { countOnTabs } from "../elements/tab-counts.js";
import { enhance } from "../lib/enhance.js";
import { joinView } from "../state/view.js";

joinView();
countOnTabs();
await enhance();
