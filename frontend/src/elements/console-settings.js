/**
 * What the audience may do, for the present phase or another one, one named choice each; the word list; notices, texts, files and
 * links to share. Everything takes effect at once.
 * @module
 */
import { html, nothing } from "lit";
import { t } from "../lib/i18n.js";
import { icon } from "../lib/icon.js";
import { toast } from "../lib/toast.js";
import { LiveElement } from "./live-element.js";
import "./state-notes.js";

/** @typedef {[string, string][]} Options */

const SLOW = [0, 5, 10, 30, 60, 120, 300];

export class ConsoleSettings extends LiveElement {
  static kinds = ["webinar", "policy", "notice", "handout", "state"];

  constructor() {
    super();
    /** Phase whose choices are shown; empty for the present one. */
    this.phase = "";
    /** @type {Record<string, string> | undefined} */
    this.links = undefined;
    this.slug = "";
  }

  updated() {
    const notes = /** @type {import("./state-notes.js").StateNotes | null} */ (this.querySelector("state-notes"));
    if (notes && !notes.room && this.room && this.socket) notes.join(this.room, this.socket);
  }

  render() {
    const webinar = this.room?.webinar;
    if (!webinar) return nothing;
    if (!this.may("room.settings")) return html`<p class="list-empty quiet">${t("Your role does not change what is open.")}</p>`;
    const now = webinar["phase"] ?? "live";
    const phase = this.phase || now;
    const known = this.room?.all("policy")[0]?.["phases"]?.[phase];
    if (!known) return nothing;
    const phases = /** @type {Record<string, string>} */ ({ before: t("Before"), live: t("During"), after: t("Afterwards") });
    return html`<div class="panel-scroll stack gap-16 settings">
      <div class="segmented" role="group" aria-label=${t("Phase")}>${Object.entries(phases).map(([key, name]) => html`<label><input type="radio" name="phase" .checked=${key === phase} @change=${() => this.#see(key)}><span>${name}${key === now ? html` <span class="quiet small">${t("now")}</span>` : nothing}</span></label>`)}</div>
      ${this.#chat(known, phase)}${this.#questions(known, phase)}
      <div class="grid fields">
        ${this.#choice(t("Polls"), known.polls, [["on", t("On")], ["off", t("Off")]], (polls) => this.#set(phase, { polls }))}
        ${this.#choice(t("Reactions"), known.reactions, [["on", t("On")], ["off", t("Off")]], (reactions) => this.#set(phase, { reactions }))}
        ${this.#choice(t("Hands"), known.hands, [["off", t("Off")], ["invite", t("By invitation only")], ["request", t("On request")], ["free", t("Free: straight to the stage")]], (hands) => this.#set(phase, { hands }))}
      </div>
      <label class="choice"><input type="checkbox" role="switch" .checked=${Boolean(webinar["in_step"])} @change=${(/** @type {Event} */ event) => void this.act("room.step", { on: /** @type {HTMLInputElement} */ (event.target).checked })}><span class="choice-text">${t("In step with the picture")}<span class="field-help">${t("Polls and questions on screen wait until each viewer’s picture has come that far.")}</span></span></label>
      <hr>${this.#notices()}<hr><state-notes></state-notes><hr>${this.#words()}<hr>${this.#files()}<hr>${this.#share()}</div>`;
  }

  /** @param {string} phase */
  #see(phase) {
    this.phase = phase;
    this.requestUpdate();
  }

  /** @param {string} phase @param {Omit<import("../protocol/room.d.ts").Commands["room.modes"], "phase">} change */
  #set(phase, change) {
    void this.act("room.modes", { ...change, phase });
  }

  /** @param {string} name @param {string | undefined} chosen @param {Options} options @param {(value: string) => void} set */
  #choice(name, chosen, options, set) {
    return html`<label class="field"><span class="field-head">${name}</span><span class="select"><select class="input" @change=${(/** @type {Event} */ event) => set(/** @type {HTMLSelectElement} */ (event.target).value)}>${options.map(([key, text]) => html`<option value=${key} .selected=${key === chosen}>${text}</option>`)}</select>${icon("chevron-down")}</span></label>`;
  }

  /** @param {any} known @param {string} phase */
  #chat(known, phase) {
    return html`<fieldset class="group"><legend>${t("Chat")}</legend>
      <div class="segmented" data-mode="chat">${[["stored", t("Stored")], ["unstored", t("Not stored")], ["off", t("Off")]].map(([key, text]) => html`<label><input type="radio" name="chat_mode" value=${key ?? ""} .checked=${known.chat === key} @change=${() => this.#set(phase, { chat: key ?? "" })}><span>${text}</span></label>`)}</div>
      ${known.chat === "off" ? nothing : html`<div class="grid fields">
        ${this.#choice(t("Messages are shown"), known.pace, [["open", t("At once")], ["delayed", t("After a moment the crew can use")], ["approved", t("Once the crew has approved them")]], (pace) => this.#set(phase, { pace }))}
        ${known.pace === "delayed" ? this.#choice(t("That moment"), String(known.delay), [...new Set(["3", "5", "10", "20", "30", "60", String(known.delay)])].map((n) => [n, t("{n} seconds", { n: Number(n) })]), (delay) => this.#set(phase, { delay: Number(delay) })) : nothing}
        ${this.#choice(t("Slow mode"), String(known.slow), [...new Set([...SLOW, known.slow])].map((n) => [String(n), n ? t("{n} seconds", { n }) : t("Off")]), (slow) => this.#set(phase, { slow: Number(slow) }))}
      </div>
      <label class="choice"><input type="checkbox" role="switch" .checked=${Boolean(known.private)} @change=${(/** @type {Event} */ event) => this.#set(phase, { private: /** @type {HTMLInputElement} */ (event.target).checked })}><span class="choice-text">${t("Participants may write to the crew alone")}</span></label>`}</fieldset>`;
  }

  /** @param {any} known @param {string} phase */
  #questions(known, phase) {
    const who = /** @type {Options} */ ([["never", t("Never")], ["choice", t("If the asker wants it")], ["always", t("Always")]]);
    return html`<fieldset class="group"><legend>${t("Questions")}</legend><div class="grid fields">
      ${this.#choice(t("Who sees them"), known.questions, [["off", t("Nobody: questions are off")], ["crew", t("The crew only")], ["moderated", t("Everyone, once approved")], ["open", t("Everyone, at once")]], (mode) => this.#set(phase, { questions: mode }))}
      ${known.questions === "off" ? nothing : html`${this.#choice(t("Anonymous to the audience"), known.anonymous, who, (anonymous) => this.#set(phase, { anonymous }))}${this.#choice(t("Anonymous to the crew"), known.crew_anonymous, who, (anonymous) => this.#set(phase, { crew_anonymous: anonymous }))}`}</div></fieldset>`;
  }

  #notices() {
    const live = (this.room?.all("notice") ?? []).filter((one) => !one["removed"]);
    return html`<form class="stack gap-8" @submit=${(/** @type {SubmitEvent} */ event) => void this.#notice(event)}><h3>${t("Notice to everyone")}</h3>
      <label class="field"><span class="field-head">${t("Text")}</span><input class="input" name="text" required maxlength="300"></label>
      <div class="grid fields"><label class="field"><span class="field-head">${t("Button")} <span class="optional">${t("optional")}</span></span><input class="input" name="button_text" maxlength="40"></label>
      <label class="field"><span class="field-head">${t("Address behind it")}</span><input class="input" name="button_url" type="url" placeholder="https://"></label>
      <label class="field"><span class="field-head">${t("Shown for")}</span><span class="select"><select class="input" name="seconds"><option value="60">${t("1 minute")}</option><option value="300">${t("5 minutes")}</option><option value="">${t("until it is taken back")}</option></select>${icon("chevron-down")}</span></label></div>
      <div><button class="button small primary">${icon("megaphone")}<span>${t("Show it")}</span></button></div>
      ${live.length ? html`<ul class="people" role="list">${live.map((one) => html`<li><span class="grow">${one["text"]}</span><button class="button small" type="button" @click=${() => void this.act("notice.withdraw", { notice: one.id })}>${t("Take back")}</button></li>`)}</ul>` : nothing}</form>`;
  }

  /** @param {SubmitEvent} event */
  async #notice(event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.currentTarget);
    const of = (/** @type {string} */ name) => String(new FormData(form).get(name) ?? "").trim();
    const button = of("button_text") && of("button_url") ? { button_text: of("button_text"), button_url: of("button_url") } : {};
    if (await this.act("notice.post", { text: of("text"), ...button, ...(of("seconds") ? { seconds: Number(of("seconds")) } : {}) }, { done: t("Everyone sees it.") })) form.reset();
  }

  #words() {
    const list = /** @type {string[]} */ (this.room?.all("policy")[0]?.["words"] ?? []);
    const save = (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      const text = String(new FormData(/** @type {HTMLFormElement} */ (event.currentTarget)).get("words"));
      void this.act("room.words", { words: [...new Set(text.split(/[\n,]+/).map((word) => word.trim()).filter(Boolean))] }, { done: t("Set.") });
    };
    return html`<form class="stack gap-8" @submit=${save}><h3>${t("Words that hold a message")}</h3><p class="field-help">${t("A message or question with one of them waits for the crew. Nobody is ever banned by it.")}</p>
      <textarea class="input" name="words" rows="3" aria-label=${t("Words, one a line")} .value=${list.join("\n")}></textarea><div><button class="button small">${t("Save")}</button></div></form>`;
  }

  #files() {
    const files = (this.room?.all("handout") ?? []).filter((one) => !one["removed"]);
    return html`<form class="stack gap-8" @submit=${(/** @type {SubmitEvent} */ event) => void this.#upload(event)}><h3>${t("Files to take along")}</h3>
      ${files.length ? html`<ul class="people" role="list">${files.map((one) => html`<li>${icon("file-text")}<span class="grow">${one["title"]}</span><button class="button small" type="button" @click=${() => void this.act("handout.remove", { handout: one.id })}>${t("Remove")}</button></li>`)}</ul>` : nothing}
      <label class="field"><span class="field-head">${t("Title")} <span class="optional">${t("optional")}</span></span><input class="input" name="title" maxlength="120"></label>
      <label class="field"><span class="field-head">${t("File")}</span><input class="input file" type="file" name="file" required></label><div><button class="button small">${icon("upload")}<span>${t("Add the file")}</span></button></div></form>`;
  }

  /** @param {SubmitEvent} event */
  async #upload(event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.currentTarget);
    const data = new FormData(form);
    const file = data.get("file");
    if (!String(data.get("title")).trim() && file instanceof File) data.set("title", file.name.replace(/\.\w+$/, ""));
    const button = form.querySelector("button:not([type])");
    button?.setAttribute("aria-busy", "true");
    const answer = await fetch(`/w/${this.slug}/handouts`, { method: "POST", body: data, headers: { Accept: "application/json" } }).catch(() => undefined);
    button?.removeAttribute("aria-busy");
    if (answer?.ok) form.reset();
    else toast((await answer?.json().catch(() => undefined))?.title ?? t("The file did not arrive. Try again."), { tone: "danger" });
  }

  #share() {
    if (!this.links) return html`<section class="stack gap-8"><h3>${t("Other views")}</h3><p class="field-help">${t("For the speaker’s phone, for OBS, and for people in the hall. Whoever has a link sees what it shows.")}</p><div><button class="button small" type="button" @click=${() => void this.#fetchLinks("GET")}>${icon("link")}<span>${t("Show the links")}</span></button></div></section>`;
    const names = /** @type {[string, string, string][]} */ ([["hall", t("Hall"), t("Questions and polls on the phones of people in the room; no name needed.")], ["speaker", t("Speaker"), t("Open questions, large, for a phone on the lectern.")], ["overlay", t("Overlay"), t("Question and poll on screen, with a transparent ground, as a browser source in OBS.")]]);
    return html`<section class="stack gap-12"><h3>${t("Other views")}</h3>
      ${names.map(([key, name, text]) => html`<div class="stack gap-4"><strong>${name}</strong><span class="quiet small">${text}</span><span class="row"><input class="input grow" readonly aria-label=${name} .value=${this.links?.[key] ?? ""} @focus=${(/** @type {Event} */ event) => /** @type {HTMLInputElement} */ (event.target).select()}><button class="button small" type="button" @click=${() => void this.#copy(key)}>${icon("copy")}<span>${t("Copy")}</span></button></span></div>`)}
      ${this.links["qr"] ? html`<img class="qr" src=${this.links["qr"]} width="160" height="160" alt=${t("QR code of the hall view")}>` : nothing}
      <div><button class="button small danger" type="button" @click=${() => void this.#fetchLinks("POST")}>${t("Make new links; the old ones stop")}</button></div></section>`;
  }

  /** @param {string} key */
  async #copy(key) {
    await navigator.clipboard?.writeText(this.links?.[key] ?? "").then(() => toast(t("Copied"), { tone: "good" }), () => undefined);
  }

  /** @param {"GET" | "POST"} method */
  async #fetchLinks(method) {
    const answer = await fetch(`/w/${this.slug}/links`, { method, headers: { Accept: "application/json" } }).catch(() => undefined);
    if (answer?.ok) this.links = await answer.json();
    else toast(t("The links could not be fetched."), { tone: "danger" });
    this.requestUpdate();
  }
}

customElements.define("console-settings", ConsoleSettings);
