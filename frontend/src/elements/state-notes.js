/**
 * Text and picture of each state of the broadcast, for the console: what people see while nothing is on air.
 * @module
 */
import { LitElement, html, nothing } from "lit";
import { t } from "../lib/i18n.js";
import { icon } from "../lib/icon.js";
import { toast } from "../lib/toast.js";

const PICTURES = "image/jpeg,image/png,image/webp";

export class StateNotes extends LitElement {
  constructor() {
    super();
    /** @type {import("../state/room.js").Room | undefined} */
    this.room = undefined;
    /** @type {import("../protocol/socket.js").LiveSocket | undefined} */
    this.socket = undefined;
    this.state = "";
    this.busy = false;
  }

  createRenderRoot() {
    return this;
  }

  /** @param {import("../state/room.js").Room} room @param {import("../protocol/socket.js").LiveSocket} socket */
  join(room, socket) {
    this.room = room;
    this.socket = socket;
    const changed = () => {
      this.state ||= this.#next(room.webinar?.["broadcast"]);
      this.requestUpdate();
    };
    room.addEventListener("webinar", changed);
    changed();
  }

  /** The state somebody most likely wants to prepare now. @param {string} broadcast */
  #next(broadcast) {
    return broadcast === "live" ? "paused" : broadcast;
  }

  render() {
    const webinar = this.room?.webinar;
    if (!webinar) return nothing;
    /** @type {[string, string][]} */
    const states = [["idle", t("Before it begins")], ["preview", t("During the preview")], ["paused", t("While paused")], ["ended", t("After the end")]];
    const picture = webinar["pictures"]?.[this.state];
    return html`<form class="state-form" @submit=${(/** @type {SubmitEvent} */ event) => void this.#save(event)}>
      <label class="field"><span>${t("What people see")}</span><span class="select"><select class="input" @change=${(/** @type {Event} */ event) => this.#choose(event)}>
        ${states.map(([value, text]) => html`<option value=${value} ?selected=${value === this.state}>${text}</option>`)}
      </select>${icon("chevron-down")}</span></label>
      <label class="field"><span>${t("Text")}</span><textarea class="input" name="text" rows="2" maxlength="500" .value=${webinar["texts"]?.[this.state] ?? ""}></textarea></label>
      ${picture ? html`<img class="state-picture" src=${picture} alt=${t("The picture shown now")}>` : nothing}
      <label class="field"><span>${picture ? t("Another picture") : t("Picture")}</span><input class="input" type="file" name="picture" accept=${PICTURES}></label>
      <div class="row"><button class="button small" ?disabled=${this.busy}>${t("Set")}</button>
      ${picture ? html`<button class="button small danger" type="button" ?disabled=${this.busy} @click=${() => void this.#send(new FormData(), true)}>${t("Remove picture")}</button>` : nothing}</div>
    </form>`;
  }

  /** @param {Event} event */
  #choose(event) {
    this.state = /** @type {HTMLSelectElement} */ (event.target).value;
    this.requestUpdate();
  }

  /** @param {SubmitEvent} event */
  async #save(event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (await this.#send(new FormData(form), false)) /** @type {HTMLInputElement} */ (form.elements.namedItem("picture")).value = "";
  }

  /** @param {FormData} data @param {boolean} remove */
  async #send(data, remove) {
    if (remove) data.set("remove", "1");
    this.busy = true;
    this.requestUpdate();
    const done = await this.#post(data);
    this.busy = false;
    this.requestUpdate();
    if (done) toast(t("Set."), { tone: "good" });
    return done;
  }

  /** @param {FormData} data */
  async #post(data) {
    try {
      const answer = await fetch(`/admin/webinars/${this.room?.webinar?.["id"]}/states/${this.state}`, { method: "POST", body: data });
      if (answer.ok) return true;
      const problem = await answer.json();
      toast(problem.title, { tone: "danger" });
    } catch {
      toast(t("The server cannot be reached. Nothing was changed."), { tone: "danger" });
    }
    return false;
  }
}

customElements.define("state-notes", StateNotes);
