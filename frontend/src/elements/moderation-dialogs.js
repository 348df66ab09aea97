/**
 * The dialogs of moderators, made when they are needed: mute or ban somebody, hide or remove a message, refuse one. Each with a reason
 * the crew sees. Closing one gives the keyboard back to where it was.
 * @module
 */
import { html, nothing, render } from "lit";
import { t } from "../lib/i18n.js";
import { icon } from "../lib/icon.js";

/** @typedef {import("./live-element.js").LiveElement} LiveElement */
/** @typedef {import("../state/room.js").Entity} Entity */
/** @typedef {{title: string, body: unknown, foot: unknown, submit: (values: FormData, button: string) => void}} Dialog */

const REASON_MAX = 200;

/** @param {string} what @param {LiveElement} from @param {Entity} message */
export function ask(what, from, message) {
  if (what === "remove") remove(from, message);
  else if (what === "hide") hide(from, message);
  else if (what === "refuse") refuse(from, message);
  else if (what === "person") restrict(from, { message: message.id }, message["author"]?.name ?? "");
}

/**
 * Mute or ban somebody.
 * @param {LiveElement} from
 * @param {{person?: string, message?: string, question?: string}} whom
 * @param {string} name
 */
export function restrict(from, whom, name) {
  show({
    title: name ? t("Mute or ban {name}", { name }) : t("Mute or ban this person"),
    body: html`<p class="quiet">${t("Muted people can read, vote and react, but not write. Banned people leave the room at once. Both can be taken back.")}</p>
      <label class="field"><span class="field-head">${t("Mute for")}</span><span class="select"><select class="input" name="seconds">
        <option value="300">${t("5 minutes")}</option><option value="1800">${t("30 minutes")}</option><option value="">${t("until it is taken back")}</option></select>${icon("chevron-down")}</span></label>
      ${reason()}
      <label class="choice"><input type="checkbox" name="remove"><span class="choice-text">${t("With a ban, hide everything they wrote")}</span></label>
      ${erasing(from, whom)}`,
    foot: html`<button class="button" type="button" data-closes>${t("Cancel")}</button><button class="button danger" value="ban">${t("Ban")}</button><button class="button primary" value="mute">${t("Mute")}</button>`,
    submit: (values, button) => void apply(from, whom, values, button),
  });
}

/** The way to erase everything of a participant, for who may. @param {LiveElement} from @param {{message?: string, question?: string}} whom */
function erasing(from, whom) {
  const room = from.room;
  const author = [...(room?.all("message") ?? []), ...(room?.all("question") ?? [])].find((one) => one.id === (whom.message ?? whom.question))?.["author"];
  if (!author?.id || author.role !== "participant" || !room?.permissions.has("participants.erase")) return nothing;
  const href = `/admin/webinars/${room.webinar?.id}/people/erase?person=${encodeURIComponent(author.id)}`;
  return html`<p><a href=${href} target="_blank" rel="noopener">${t("Erase everything of this person")}</a></p>`;
}

/** @param {LiveElement} from @param {{person?: string, message?: string, question?: string}} whom @param {FormData} values @param {string} button */
async function apply(from, whom, values, button) {
  const why = String(values.get("reason") ?? "").trim();
  const shared = { ...whom, ...(why ? { reason: why } : {}) };
  const undo = () => {
    const made = (from.room?.all("restriction") ?? []).sort((a, b) => b.seq - a.seq)[0];
    if (made) void from.act(made["banned"] ? "person.unban" : "person.unmute", { restriction: made.id });
  };
  if (button === "ban") await from.act("person.ban", { ...shared, ...(values.get("remove") ? { remove: true } : {}) }, { done: t("Banned"), undo });
  else await from.act("person.mute", { ...shared, ...(values.get("seconds") ? { seconds: Number(values.get("seconds")) } : {}) }, { done: t("Muted"), undo });
}

/** @param {LiveElement} from @param {Entity} message */
function remove(from, message) {
  const own = message["author"]?.id === from.room?.you?.id;
  show({
    title: t("Remove this message for good?"),
    body: html`<p>${t("Its text and its name are erased for everyone. Hiding can be undone, removing cannot.")}</p>${own ? nothing : reason()}`,
    foot: html`<button class="button" type="button" data-closes>${t("Keep it")}</button><button class="button primary danger">${t("Remove")}</button>`,
    submit: (values) => void from.act("chat.remove", { message: message.id, ...reasonOf(values) }),
  });
}

/** @param {LiveElement} from @param {Entity} message */
function hide(from, message) {
  show({
    title: t("Hide this message?"),
    body: html`<p>${message["text"]}</p>${reason()}`,
    foot: html`<button class="button" type="button" data-closes>${t("Cancel")}</button><button class="button primary">${t("Hide")}</button>`,
    submit: (values) => void from.act("chat.hide", { message: message.id, hidden: true, ...reasonOf(values) }, { done: t("Message hidden"), undo: () => void from.act("chat.hide", { message: message.id, hidden: false }) }),
  });
}

/** @param {LiveElement} from @param {Entity} message */
function refuse(from, message) {
  show({
    title: t("Do not show this message?"),
    body: html`<p class="quiet">${t("Its text is erased. The person who wrote it is told, with your reason if you give one.")}</p>${reason(t("Reason for the person (optional)"))}`,
    foot: html`<button class="button" type="button" data-closes>${t("Cancel")}</button><button class="button primary danger">${t("Do not show")}</button>`,
    submit: (values) => void from.act("chat.refuse", { message: message.id, ...reasonOf(values) }),
  });
}

/** @param {FormData} values */
export function reasonOf(values) {
  const said = String(values.get("reason") ?? "").trim();
  return said ? { reason: said } : {};
}

/** @param {string} [label] */
export function reason(label = t("Reason, seen by the crew (optional)")) {
  return html`<label class="field"><span class="field-head">${label}</span><input class="input" name="reason" maxlength=${REASON_MAX} autocomplete="off"></label>`;
}

/**
 * A dialog that is there only while it is open.
 * @param {Dialog} dialog
 */
export function show({ title, body, foot, submit }) {
  const place = document.createElement("div");
  document.body.append(place);
  const sent = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.currentTarget);
    const button = event.submitter instanceof HTMLButtonElement ? event.submitter.value : "";
    const values = new FormData(form);
    form.closest("dialog")?.close();
    submit(values, button);
  };
  render(
    html`<dialog class="dialog" aria-labelledby="asked-title" @close=${() => place.remove()}><form @submit=${sent}>
      <div class="dialog-head"><h2 id="asked-title">${title}</h2></div><div class="dialog-body">${body}</div><div class="dialog-foot">${foot}</div></form></dialog>`,
    place,
  );
  const element = /** @type {HTMLDialogElement} */ (place.querySelector("dialog"));
  element.showModal();
  const first = element.querySelector(".dialog-body :is(textarea, input:not([type=checkbox]), select)");
  if (first instanceof HTMLElement && matchMedia("(pointer: fine)").matches) first.focus();
}
