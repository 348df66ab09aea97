/**
 * Opening and closing of dialogs from the page: data-opens="ID", data-closes, a click beside the dialog, and a phrase that must be typed.
 * @module
 */

/** @param {Document} page */
export function wireDialogs(page) {
  page.addEventListener("click", clicked);
  page.addEventListener("input", typed);
  for (const button of page.querySelectorAll("dialog form:has([data-phrase]) [type=submit]")) button.toggleAttribute("disabled", true);
}

/** @param {MouseEvent} event */
function clicked(event) {
  const target = event.target instanceof Element ? event.target : undefined;
  const opener = target?.closest("[data-opens]");
  if (opener) {
    const dialog = document.getElementById(opener.getAttribute("data-opens") ?? "");
    if (dialog instanceof HTMLDialogElement) open(dialog);
  }
  if (target?.closest("[data-closes]")) target.closest("dialog")?.close();
  if (target instanceof HTMLDialogElement && beside(target, event)) target.close();
}

/**
 * Starts in the first field rather than on the close button, except on touch, where that would cover the dialog with a keyboard.
 * @param {HTMLDialogElement} dialog
 */
function open(dialog) {
  dialog.showModal();
  const field = dialog.querySelector(".dialog-body :is(input:not([type=hidden]), select, textarea)");
  if (field instanceof HTMLElement && matchMedia("(pointer: fine)").matches) field.focus();
}

/**
 * @param {HTMLDialogElement} dialog
 * @param {MouseEvent} event
 */
function beside(dialog, event) {
  const box = dialog.getBoundingClientRect();
  return event.detail > 0 && (event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom);
}

/** @param {Event} event */
function typed(event) {
  const field = event.target;
  if (!(field instanceof HTMLInputElement) || field.dataset.phrase === undefined) return;
  const button = field.form?.querySelector("[type=submit]");
  button?.toggleAttribute("disabled", field.value.trim() !== field.dataset.phrase);
}
