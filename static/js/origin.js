// Hover or focus a marked cell: a card says who decided, when and why, and what the feeds say.
import { placeBelow } from "./place.js";

const MARKED = 'td[data-manual="true"], td[data-drift="true"]';
const card = document.getElementById("origin-card");
let timer;
let shownFor = null;

const hide = () => {
  clearTimeout(timer);
  shownFor = null;
  if (card?.matches(":popover-open")) card.hidePopover();
};

const load = async (cell) => {
  const record = cell.closest("[data-public-id]").id.match(/\d+$/)[0];
  const { prefix } = cell.closest("[data-prefix]").dataset;
  const view = document.getElementById("edit")?.elements.view.value ?? "table";
  const back = encodeURIComponent(location.pathname + location.search);
  const url = `${prefix}/${record}/fields/${cell.dataset.field}/origin?view=${view}&back=${back}`;
  shownFor = cell;
  await window.htmx.ajax("GET", url, { target: "#origin-card", swap: "innerHTML" });
  if (shownFor !== cell || !cell.isConnected || document.querySelector(".is-editing")) return;
  card.showPopover({ source: cell.querySelector("button") ?? undefined });
  placeBelow(card, cell);
};

const plan = (cell, wait) => {
  if (cell === shownFor) return clearTimeout(timer);
  clearTimeout(timer);
  timer = setTimeout(() => {
    hide();
    load(cell);
  }, wait);
};

const leave = () => {
  clearTimeout(timer);
  timer = setTimeout(hide, 250);
};

if (card) {
  document.addEventListener("mouseover", (event) => {
    const cell = event.target.closest(MARKED);
    if (cell) plan(cell, 350);
    else if (card.contains(event.target)) clearTimeout(timer);
    else if (shownFor || timer) leave();
  });
  document.addEventListener("focusin", (event) => {
    if (card.contains(event.target)) return clearTimeout(timer);
    const cell = event.target.closest(MARKED);
    if (!cell || cell !== shownFor) hide(); // or it would lie, or come, over what has the focus now
    if (cell && event.target.matches(":focus-visible")) plan(cell, 500);
  });
  document.addEventListener("keydown", (event) => {
    const cell = event.target.closest?.("td[data-field]");
    if (event.key === "Escape" && shownFor) {
      const back = card.contains(event.target) ? shownFor.querySelector("button") : null;
      hide();
      back?.focus();
      clearTimeout(timer); // put away, it does not come back for the focus
    } else if (event.key === "i" && cell && !event.target.closest("input,textarea,select")) {
      clearTimeout(timer);
      load(cell).then(() => card.querySelector("button")?.focus());
    }
  });
  document.addEventListener("click", (event) => {
    if (!card.contains(event.target)) hide();
  });
  document.addEventListener("htmx:after:swap", (event) => {
    if (card.contains(event.detail.ctx.sourceElement)) hide();
  });
}
