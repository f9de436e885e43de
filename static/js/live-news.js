// News that has no place in a row: many rows changed at once, or the list is another one by now.
// It stands until the person has the table shown anew or closes it; a draft is never thrown away.
import { hide, show } from "./live-banner.js";

const LOOK_EVERY = 250;
const rows = new Set(); // that changed, many at once
const people = new Set(); // who changed them
let list = ""; // how the list differs from what is shown of it
let isLast = false; // there is nothing to show any more
let read = ""; // what the person closed
let isWanted = false; // to be shown as soon as nothing is being edited

const edited = () => document.querySelector("[data-live] :is(.is-editing, .is-saving, .is-dragged)");

const control = (className, text, act) => {
  const button = document.createElement("button");
  button.type = "button";
  button.className = className;
  button.textContent = text;
  button.addEventListener("click", act);
  return button;
};

// " by this one and that one and others", from all who did something.
export const byPeople = (changed) => {
  const names = [...new Set(changed)].filter(Boolean);
  if (!names.length) return "";
  return ` by ${names.slice(0, 2).join(" and ")}${names.length > 2 ? " and others" : ""}`;
};

const crowd = () => (rows.size ? `${rows.size.toLocaleString("en")} rows changed${byPeople(people)}` : "");

const reload = () => {
  isWanted = false;
  draw();
  document.dispatchEvent(new CustomEvent("almanac:changed"));
};

const reloadOnceFree = () => {
  if (!isWanted) return;
  if (edited()) setTimeout(reloadOnceFree, LOOK_EVERY);
  else reload();
};

const showAnew = () => {
  const cell = edited();
  if (!cell) {
    reload();
    document.querySelector("main")?.focus({ preventScroll: true });
    return;
  }
  cell.querySelector("form[data-editor] :is(input:not([type=hidden]), select, textarea)")?.focus();
  if (isWanted) return;
  isWanted = true;
  draw();
  setTimeout(reloadOnceFree, LOOK_EVERY);
};

const close = () => {
  read = list;
  rows.clear();
  people.clear();
  isWanted = false;
  draw();
  document.querySelector("main")?.focus({ preventScroll: true });
};

const draw = () => {
  const text = [crowd(), list].filter(Boolean).join("; ");
  if (!text || text === read) return hide("news");
  const dismiss = control("toast-close live-close", "×", close);
  dismiss.setAttribute("aria-label", "Dismiss");
  const controls = isLast ? [] : [control("btn btn-sm", "Show", showAnew), dismiss];
  show("news", isWanted ? `${text}. Shown as soon as your edit is saved or left` : text, controls);
};

export const tellMany = (changed) => {
  for (const one of changed) {
    rows.add(one.id);
    people.add(one.by);
  }
  draw();
};

export const tellList = (note, isFinal) => {
  list = note ?? "";
  isLast = isFinal;
  if (list !== read) read = "";
  draw();
};

// What is on the page is the newest there is, or another list.
export const forget = () => {
  rows.clear();
  people.clear();
  isWanted = false;
  tellList(null, false);
};
