/**
 * Sends a video in parts: what has come stays, so a lost connection costs one part, and the same file chosen again goes on.
 * @module
 */
import { announce } from "../lib/announce.js";
import { t } from "../lib/i18n.js";

const TRIES = 8;

class VideoUpload extends HTMLElement {
  /** @type {AbortController | undefined} */
  #stopping;

  connectedCallback() {
    const input = this.#input;
    const send = this.#button("send");
    input.addEventListener("change", () => (send.disabled = !input.files?.length || Boolean(this.#stopping)));
    send.disabled = !input.files?.length;
    send.addEventListener("click", () => void this.#send());
    this.#button("stop").addEventListener("click", () => this.#stopping?.abort());
  }

  get #input() {
    return /** @type {HTMLInputElement} */ (this.querySelector("input[type=file]"));
  }

  /** @param {string} name */
  #button(name) {
    return /** @type {HTMLButtonElement} */ (this.querySelector(`[data-${name}]`));
  }

  async #send() {
    const file = this.#input.files?.[0];
    if (!file || this.#stopping) return;
    this.#stopping = new AbortController();
    this.#show(0);
    this.#wrong("");
    addEventListener("beforeunload", warn);
    try {
      await this.#all(file, this.#stopping.signal);
      removeEventListener("beforeunload", warn);
      location.reload();
      return;
    } catch (error) {
      this.#wrong(this.#stopping.signal.aborted ? t("Stopped. Choose the same file again to go on.") : error instanceof Error ? error.message : String(error));
    }
    removeEventListener("beforeunload", warn);
    this.#stopping = undefined;
    this.#idle();
  }

  /** @param {File} file @param {AbortSignal} signal */
  async #all(file, signal) {
    const address = this.dataset["address"] ?? "";
    const title = /** @type {HTMLInputElement} */ (this.querySelector("input[name=title]")).value;
    const begun = await ask(address, { method: "POST", body: JSON.stringify({ size: file.size, mark: `${file.size}-${file.lastModified}`, title }), headers: { "content-type": "application/json" }, signal });
    const { video, part, parts, have } = await begun.json();
    for (let number = have; number < parts; number += 1) {
      this.#show((number / parts) * 100);
      const piece = file.slice(number * part, (number + 1) * part);
      await again(() => ask(`${address}/${video}/${number}`, { method: "PUT", body: piece, signal }), signal);
    }
    this.#show(100);
    await again(() => ask(`${address}/${video}`, { method: "POST", signal }), signal);
    announce(t("The video has been uploaded and is made ready."));
  }

  /** @param {number} percent */
  #show(percent) {
    const going = /** @type {HTMLElement} */ (this.querySelector("[data-going]"));
    going.hidden = false;
    /** @type {HTMLProgressElement} */ (going.querySelector("progress")).value = percent;
    /** @type {HTMLElement} */ (going.querySelector(".progress-head .quiet")).textContent = `${Math.floor(percent)} %`;
    this.#button("send").disabled = true;
    this.#button("stop").hidden = false;
  }

  #idle() {
    this.#button("send").disabled = false;
    this.#button("stop").hidden = true;
  }

  /** @param {string} text */
  #wrong(text) {
    const place = /** @type {HTMLElement} */ (this.querySelector("[data-wrong]"));
    place.hidden = !text;
    place.textContent = text;
  }
}

/** What the server says no to; nothing is gained by asking again. */
class Refusal extends Error {}

/** @param {string} address @param {RequestInit} options */
async function ask(address, options) {
  const answer = await fetch(address, { ...options, headers: { accept: "application/json", ...options.headers } });
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  const text = problem.title ?? t("This did not work. Try again.");
  throw answer.status >= 500 || answer.status === 408 ? new Error(text) : new Refusal(text);
}

/** Try again after a moment, longer each time. @template T @param {() => Promise<T>} run @param {AbortSignal} signal @returns {Promise<T>} */
async function again(run, signal) {
  for (let number = 1; ; number += 1) {
    try {
      return await run();
    } catch (error) {
      if (signal.aborted || error instanceof Refusal || number >= TRIES) throw error;
      await new Promise((done) => setTimeout(done, Math.min(15_000, 500 * 2 ** number)));
    }
  }
}

/** @param {BeforeUnloadEvent} event */
function warn(event) {
  event.preventDefault();
}

customElements.define("video-upload", VideoUpload);
