// What others changed is marked where it stands, with who it was, and is said to who does not see.
import { byPeople, tellMany } from "./live-news.js";

const MARKED_FOR = 9000;
const FEW = 8;

const heard = document.createElement("div");
heard.className = "visually-hidden";
heard.setAttribute("role", "status");
heard.dataset.liveHeard = "";
document.body.append(heard);

const placeOf = (one) => document.getElementById("entry-page") ?? document.getElementById(one.id);

// A row with an open editor is compared again and again, as it is behind: its change is news once.
const told = new Map();
const isNews = (one) => {
  const again = placeOf(one)?.dataset.mark === "" && told.get(one.id) === one.mark;
  told.set(one.id, one.mark);
  return !again;
};
export const newsAmong = (changed) => changed.filter(isNews);

const capital = (text) => `${text[0].toUpperCase()}${text.slice(1)}`;
const sentence = (one) => `${one.became ? capital(one.became) : "Changed just now"}${one.by ? ` by ${one.by}` : ""}`;

// A whole page of names would be noise: many rows are marked, and said once.
export const markAll = (fresh) => {
  const isMany = fresh.length > FEW;
  for (const one of fresh) mark(one, isMany);
  // Of rows that are decided or gone the list itself says how many.
  if (isMany && !fresh.every((one) => one.became)) tellMany(fresh);
  else if (fresh.length) heard.textContent = words(fresh);
};

const mark = (one, isMany) => {
  const row = placeOf(one);
  if (!row) return;
  const cells = (one.fields ?? []).map((field) => row.querySelector(`td[data-field="${field}"], td[data-info="${field}"]`));
  const marked = [...cells.filter(Boolean), ...(row.matches("tr") ? [row] : [])];
  for (const element of marked) element.classList.add("is-live");
  const chip = chipOf(one);
  const who = row.matches("tr") ? row.querySelector(".who, .name-cell") : row.querySelector("h1");
  who?.querySelector(":scope > .live-by")?.remove();
  if (one.became || (one.by && !isMany)) who?.append(chip);
  note(row, one);
  if (one.became) settle(row, one);
  if (one.became && !one.open) return;
  setTimeout(() => {
    for (const element of marked) element.classList.remove("is-live");
    chip.remove();
  }, MARKED_FOR);
};

const chipOf = (one) => {
  const chip = document.createElement("span");
  chip.className = "live-by";
  // Where a row is narrow, who is worth more than that it was just now.
  const what = document.createElement("span");
  if (one.by && !one.became) what.className = "live-what";
  what.textContent = sentence({ became: one.became });
  chip.append(what, one.by ? ` by ${one.by}` : "");
  chip.setAttribute("aria-hidden", "true");
  return chip;
};

// Whoever edits that very value is told where they look.
const note = (row, one) => {
  const form = row.querySelector("form[data-editor]");
  if (!form || !one.fields?.includes(form.dataset.fieldName)) return;
  const said = document.createElement("p");
  said.className = "editor-live";
  said.textContent = `${sentence(one)}, while you edit. Saving shows both values and asks.`;
  form.querySelector(".editor-live")?.remove();
  form.querySelector(".editor-foot")?.before(said);
};

// A row about which somebody decided stays where it is, and there is nothing left to do with it.
// Its controls are not disabled outright: the one that has the focus would lose it.
const settle = (row, one) => {
  row.dataset.mark = one.mark;
  row.classList.toggle("is-decided", !one.open);
  for (const button of row.querySelectorAll("button")) button.setAttribute("aria-disabled", String(!one.open));
  const box = row.querySelector(".pick");
  if (!one.open && box?.checked) box.click();
  if (box && box !== document.activeElement) box.disabled = !one.open;
};
document.addEventListener("click", (event) => {
  if (!event.target.closest?.('tr.is-decided button[aria-disabled="true"]')) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);

const words = (fresh) => {
  const [first] = fresh;
  if (fresh.length > 1) return `${fresh.length} rows changed${byPeople(fresh.map((one) => one.by))}.`;
  const what = first.became ? `One row is ${first.became}` : `${first.labels.join(", ") || "Something"} of ${first.name} changed`;
  return `${what}${byPeople([first.by])}.`;
};
