/**
 * Admin pages: the elements of the page and the keys that lead from section to section.
 * @module
 */
import { enhance } from "../lib/enhance.js";
import { t } from "../lib/i18n.js";
import { key } from "../lib/keys.js";

const initials = ["w", "p", "v", "i", "t", "s"];

for (const [index, link] of document.querySelectorAll(".staff-nav a").entries()) {
  const letter = initials[index];
  if (letter && link instanceof HTMLAnchorElement) key(`g ${letter}`, link.textContent.trim(), t("Go to"), () => link.click());
}

// On a phone the row of a webinar's pages is longer than the screen.
document.querySelector(".subnav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
await enhance();
