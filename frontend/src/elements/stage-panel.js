/**
 * The stage as the crew sees it: who is on stage and backstage, whom the audience sees, and a way in for programs such as OBS.
 * @module
 */
import { html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { LiveElement } from "./live-element.js";
import "./stage-tile.js";
import { t } from "../lib/i18n.js";
import { icon } from "../lib/icon.js";

/** @typedef {import("../protocol/messages.d.ts").PresenterEntity} PresenterEntity */

export class StagePanel extends LiveElement {
  static kinds = ["presenter", "stage", "webinar", "state"];

  constructor() {
    super();
    /** @type {{whep: string, token: string, ice: RTCIceServer[]}} */
    this.way = { whep: "", token: "", ice: [] };
    /** What this person wants to hear or not, where it differs from what is usual. @type {Map<string, boolean>} */
    this.ears = new Map();
    /** @type {{address: string, token: string, backup: string} | undefined} */
    this.encoder = undefined;
    this.addEventListener("stage-ask", (event) => void this.#asked(/** @type {CustomEvent} */ (event).detail));
  }

  /** @param {import("../state/live.js").PageBoot} boot */
  watch(boot) {
    this.way = { whep: boot.whep ?? "", token: boot.stage_token ?? "", ice: boot.ice_servers ?? [] };
    this.requestUpdate();
  }

  get #everybody() {
    return /** @type {PresenterEntity[]} */ (this.room?.all("presenter") ?? []).filter((one) => !("removed" in one) && (one.sort !== "screen" || one.connected));
  }

  get #own() {
    return this.#everybody.find((one) => one.person === this.room?.you?.id);
  }

  /** Backstage hears everybody; the stage hears the stage, so that talk behind it disturbs nobody. @param {PresenterEntity} one */
  #heard(one) {
    return this.ears.get(one.person) ?? (this.#own ? !this.#own.on_stage || Boolean(one.on_stage) : false);
  }

  render() {
    if (!this.room) return nothing;
    const everybody = this.#everybody;
    const stage = everybody.filter((one) => one.on_stage);
    const behind = everybody.filter((one) => !one.on_stage && one.sort !== "interpreter");
    const interpreters = everybody.filter((one) => one.sort === "interpreter" && one.connected);
    return html`
      ${this.#mode()}
      ${this.#group(t("On stage"), stage, t("Nobody is on stage. The audience sees the title."))}
      ${behind.length || stage.length ? this.#group(t("Backstage"), behind, t("Nobody waits backstage. Who comes late arrives here.")) : nothing}
      ${interpreters.length ? this.#group(t("Interpreters"), interpreters, "") : nothing}
      ${this.#directs ? this.#programs() : nothing}`;
  }

  get #directs() {
    return this.may("stage.control");
  }

  get #chosen() {
    return this.room?.all("stage")[0]?.["chosen"];
  }

  #mode() {
    if (!this.#directs) return nothing;
    const follow = !this.#chosen;
    const recorded = Boolean(this.room?.webinar?.["recording"]);
    return html`<p class="row stage-mode"><button class="button small" aria-pressed=${String(follow)} @click=${() => void this.act("stage.show", { presenter: null })}>${icon("users-round")}<span>${t("Show whoever speaks")}</span></button>
      <button class="button small" aria-pressed=${String(recorded)} @click=${() => void this.act("recording.set", { on: !recorded })}>${icon("disc")}<span>${recorded ? t("Recording: on") : t("Recording: off")}</span></button></p>
      ${this.#layouts()}`;
  }

  /** How many the audience sees: chosen in one click. */
  #layouts() {
    const layout = this.room?.all("stage")[0]?.["layout"] ?? "single";
    const known = [
      ["single", "square", t("One picture")],
      ["side", "columns-2", t("Side by side")],
      ["corner", "picture-in-picture-2", t("Small one in the corner")],
      ["grid", "layout-grid", t("Grid of up to six")],
    ];
    return html`<div class="row stage-layouts" role="group" aria-label=${t("Layout")}>${known.map(
      ([name, iconName, text]) => html`<button class="button small square" aria-pressed=${String(name === layout)} aria-label=${text ?? ""} title=${text ?? ""} @click=${() => void this.act("stage.layout", { layout: name ?? "single" })}>${icon(iconName ?? "")}</button>`,
    )}</div>`;
  }

  /** @param {string} title @param {PresenterEntity[]} people @param {string} none */
  #group(title, people, none) {
    const own = this.room?.you?.id;
    return html`<section class="stage-group" aria-label=${title}>
      <h3 class="small">${title} <span class="count">${people.length}</span></h3>
      ${people.length ? nothing : html`<p class="quiet small">${none}</p>`}
      <div class="stage-tiles">${repeat(people, (one) => one.id, (one) => html`<stage-tile .way=${this.way} .presenter=${one} ?own=${one.person === own} ?directs=${this.#directs} ?chosen=${one.id === this.#chosen} ?heard=${this.#heard(one)}></stage-tile>`)}</div>
    </section>`;
  }

  #programs() {
    return html`<details class="stage-programs"><summary>${t("Send from OBS or another program")}</summary>
      <form class="row" @submit=${(/** @type {SubmitEvent} */ event) => this.#program(event)}>
        <label class="field grow"><span>${t("Name on the stage")}</span><input class="input" name="name" maxlength="60" required autocomplete="off" placeholder="OBS"></label>
        <button class="button" type="submit">${t("Make a way in")}</button>
      </form>
      ${this.encoder
        ? html`<p>${t("In OBS 30 or newer: Settings, Stream, service WHIP. The token is shown only now; whoever has it can send.")}</p>
          <label class="field"><span>${t("Server")}</span><input class="input" readonly .value=${this.encoder.address} @focus=${select}></label>
          <label class="field"><span>${t("Bearer token")}</span><input class="input" readonly .value=${this.encoder.token} @focus=${select}></label>
          <p>${t("For a backup, set up a second program or computer with the token below. It is used by itself while the first one does not send.")}</p>
          <label class="field"><span>${t("Bearer token of the backup")}</span><input class="input" readonly .value=${this.encoder.backup} @focus=${select}></label>`
        : nothing}
    </details>`;
  }

  /** @param {SubmitEvent} event */
  #program(event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    void this.act("stage.encoder", { name: String(new FormData(form).get("name") ?? "") }).then((made) => {
      if (!made) return;
      this.encoder = { address: made.address ?? "", token: made.token ?? "", backup: made.backup ?? "" };
      form.reset();
      this.requestUpdate();
    });
  }

  /** @param {{what: string, presenter: PresenterEntity}} asked */
  async #asked({ what, presenter }) {
    if (what === "show") await this.act("stage.show", { presenter: presenter.id });
    else if (what === "follow") await this.act("stage.show", { presenter: null });
    else if (what === "mute") await this.act("stage.mute", { presenter: presenter.id });
    else if (what === "remove") await this.act("stage.remove", { presenter: presenter.id });
    else if (what === "hear") {
      this.ears.set(presenter.person, !this.#heard(presenter));
      this.requestUpdate();
    } else await this.act("stage.move", { presenter: presenter.id, on_stage: what === "stage" });
  }
}

/** @param {FocusEvent} event */
function select(event) {
  /** @type {HTMLInputElement} */ (event.target).select();
}

customElements.define("stage-panel", StagePanel);
