/**
 * The form builder: moving questions, controls that fit the kind of answer, and the preview that follows what is typed.
 * @module
 */
import { t } from "../lib/i18n.js";
import { reorder } from "../lib/reorder.js";
import { toast } from "../lib/toast.js";
import "./staff.js";

const list = document.querySelector("[data-order]");
const frame = /** @type {HTMLIFrameElement | null} */ (document.querySelector("[data-preview]"));
const form = /** @type {HTMLFormElement | null} */ (document.querySelector("form[data-preview-of]"));

if (list instanceof HTMLElement) reorder(list, save);
if (form) {
  form.addEventListener("input", later(show));
  form.addEventListener("change", fit);
  fit();
  show();
}

/** One order after the other, so that the last is what stays; also when the page is left meanwhile. */
let saving = Promise.resolve();

/** @param {string[]} order */
function save(order) {
  saving = saving.then(() => send(order), () => send(order));
  return saving;
}

/** @param {string[]} order */
async function send(order) {
  const answer = await fetch(list?.getAttribute("data-order") ?? "", {
    method: "POST",
    keepalive: true,
    headers: { "Content-Type": "application/json", "Accept": "application/json" },
    body: JSON.stringify({ order }),
  });
  list?.setAttribute("data-saved", order.join(" "));
  if (answer.ok) frame?.contentWindow?.location.reload();
  else toast((await answer.json()).title ?? t("This did not work."), { tone: "danger", stays: true });
}

/** Shows only what the chosen kind of answer needs. */
function fit() {
  const kind = String(new FormData(/** @type {HTMLFormElement} */ (form)).get("kind"));
  const need = String(new FormData(/** @type {HTMLFormElement} */ (form)).get("need"));
  for (const part of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-for]"))) part.hidden = !(part.dataset["for"] ?? "").split(" ").includes(kind);
  for (const part of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-need]"))) part.hidden = part.dataset["need"] !== need;
}

/** Sends what is typed to the frame: the server draws it with the very templates people will see. */
function show() {
  if (!form) return;
  const copy = document.createElement("form");
  copy.method = "post";
  copy.action = form.dataset["previewOf"] ?? "";
  copy.target = "preview";
  copy.hidden = true;
  for (const [name, value] of new FormData(form)) {
    const input = document.createElement("input");
    input.type = "hidden";
    input.name = name;
    input.value = String(value);
    copy.append(input);
  }
  document.body.append(copy);
  copy.submit();
  copy.remove();
}

/** @param {() => void} run */
function later(run) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = window.setTimeout(run, 350);
  };
}
