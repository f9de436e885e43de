// What a field means: hover or focus what carries data-field-card, and its card shows. Escape hides
// it (the card is an automatic popover), and it stays while the pointer is on it.
import { placeBelow } from "./place.js";

const OPENER = "[data-field-card]";
const HOVER = 300;
const LEAVE = 200;

let timer;
let shown = null; // the opener whose card is open

const cardOf = (opener) => document.getElementById(opener.dataset.fieldCard);
const isOpen = (opener) => Boolean(opener && cardOf(opener)?.matches(":popover-open"));

const hide = () => {
  clearTimeout(timer);
  if (isOpen(shown)) cardOf(shown).hidePopover();
  shown = null;
};

const show = (opener) => {
  clearTimeout(timer);
  const card = cardOf(opener);
  if (!card || isOpen(opener) || !opener.isConnected) return;
  hide();
  shown = opener;
  card.showPopover();
  placeBelow(card, opener);
};

const later = (act, wait) => {
  clearTimeout(timer);
  timer = setTimeout(act, wait);
};

const openerOf = (event) => event.target.closest?.(OPENER);

document.addEventListener("mouseover", (event) => {
  const opener = openerOf(event);
  if (opener) later(() => show(opener), HOVER);
  else if (shown && cardOf(shown)?.contains(event.target)) clearTimeout(timer);
  else if (shown) later(hide, LEAVE);
  else clearTimeout(timer);
});

document.addEventListener("focusin", (event) => {
  const opener = openerOf(event);
  if (opener?.matches(":focus-visible")) show(opener);
  else if (shown && !opener) hide();
});

// A press would first show the card (the focus comes) and then hide it again.
document.addEventListener("click", (event) => {
  const opener = event.target.closest?.(`button${OPENER}`);
  if (!opener) return;
  event.preventDefault();
  show(opener);
});

document.addEventListener("scroll", () => {
  if (shown) hide();
}, true);
