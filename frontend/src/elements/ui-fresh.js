/**
 * Something that is under way: fetched anew every few seconds until the server says it is done (no `data-every` any more).
 * @module
 */

export class UiFresh extends HTMLElement {
  #timer = 0;

  connectedCallback() {
    const seconds = Number(this.dataset.every);
    if (seconds > 0) this.#timer = window.setTimeout(() => this.#fetch(), seconds * 1000);
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
  }

  #fetch() {
    // The strict policy lets no script make HTML out of text; this one way has the browser read a page of ours as a page.
    const request = new XMLHttpRequest();
    request.responseType = "document";
    request.addEventListener("loadend", () => {
      const fresh = request.status === 200 ? request.responseXML?.getElementById(this.id) : undefined;
      if (fresh && fresh.textContent !== this.textContent) this.replaceChildren(...fresh.childNodes);
      // Without an answer the network is away: the next try finds it back.
      if (!fresh || fresh.hasAttribute("data-every")) this.connectedCallback();
    });
    request.open("GET", location.href);
    request.send();
  }
}

customElements.define("ui-fresh", UiFresh);
