/**
 * Long work on the server: asks `data-src` for `{done, total, over}`, moves the progress bar inside, and loads the page anew at the end.
 * @module
 */
const EVERY = 1000;

export class UiPoll extends HTMLElement {
  #timer = 0;

  connectedCallback() {
    this.#timer = window.setTimeout(() => this.#ask(), EVERY);
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
  }

  async #ask() {
    try {
      const answer = await fetch(this.dataset.src ?? "", { headers: { accept: "application/json" } });
      if (answer.ok) {
        const { done, total, over } = await answer.json();
        if (over) return location.reload();
        const bar = this.querySelector("progress");
        if (bar) bar.max = Math.max(total, 1);
        if (bar) bar.value = done;
      }
    } catch {
      // The next try may get through.
    }
    if (this.isConnected) this.#timer = window.setTimeout(() => this.#ask(), EVERY);
  }
}

customElements.define("ui-poll", UiPoll);
