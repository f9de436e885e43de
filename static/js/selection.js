// Rows are picked by their boxes: one, a run of them (shift), a page, or all that match. The bar
// says which, and its preview opens as a dialog.
import { rowOfKey } from "./grid.js";

const bar = () => document.getElementById("bulk");
const boxes = () => [...document.querySelectorAll("[data-grid] .pick:enabled")];
const header = () => document.querySelector("[data-grid] .pick-all");

let everything = false; // all that match, not only the rows of this page
let where = null;
let last = null; // the box at which a run begins
let shift = false;

const plural = (number) => number.toLocaleString("en");

const sync = () => {
  const form = bar();
  if (!form?.elements.scope) return;
  if (where !== form.elements.where.value) everything = false;
  where = form.elements.where.value;
  const all = boxes();
  const picked = all.filter((box) => box.checked);
  for (const box of all) box.closest("tr").ariaSelected = box.checked;
  if (picked.length < all.length || !all.length) everything = false;
  const full = all.length > 0 && picked.length === all.length;
  const total = Number(form.dataset.total);
  const top = header();
  if (top) {
    top.checked = full;
    top.indeterminate = picked.length > 0 && !full;
  }
  form.elements.scope.value = everything ? "matching" : "picked";
  form.classList.toggle("has-picked", picked.length > 0);
  form.querySelector("[data-bulk-what]").hidden = picked.length === 0;
  form.querySelector("[data-bulk-none]").hidden = picked.length === 0;
  form.querySelector("[data-bulk-all]").hidden = everything || !full || total <= all.length;
  for (const button of form.querySelectorAll("[data-bulk-except]")) button.disabled = picked.length === 0 || everything;
  compare(form, picked);
  say(form, picked.length, total > all.length);
};

// Two to five rows can be looked at side by side.
const compare = (form, picked) => {
  const link = form.querySelector("[data-bulk-compare]");
  if (!link) return;
  link.hidden = everything || picked.length < 2 || picked.length > 5;
  const names = picked.map((box) => `entries=${encodeURIComponent(box.closest("tr").dataset.publicId)}`);
  link.href = `/compare?${names.join("&")}`;
};

const say = (form, count, isPart) => {
  const place = form.querySelector("#bulk-count");
  let text = form.dataset.idle ?? "Tick rows to change several at once";
  if (everything) text = `All ${form.dataset.all} selected`;
  else if (count) text = `${plural(count)} selected${isPart ? " on this page" : ""}`;
  if (place.textContent.trim() === text) return;
  const said = document.createElement(count ? "b" : "span");
  if (!count) said.className = "text-secondary";
  said.textContent = text;
  place.replaceChildren(said);
};

const pickAll = (checked) => {
  for (const box of boxes()) box.checked = checked;
  if (!checked) last = null;
  sync();
};

document.addEventListener("click", (event) => {
  const box = event.target.closest?.("[data-grid] .pick");
  if (box) {
    const all = boxes();
    const from = all.indexOf(last);
    if ((event.shiftKey || shift) && from >= 0) {
      const to = all.indexOf(box);
      for (const one of all.slice(Math.min(from, to), Math.max(from, to) + 1)) one.checked = box.checked;
    }
    last = box;
    sync();
  } else if (event.target.closest?.("[data-bulk-all]")) {
    everything = true;
    sync();
    bar().querySelector("[data-bulk-what] :is(select, button)").focus();
  } else if (event.target.closest?.("[data-bulk-none]")) {
    everything = false;
    pickAll(false);
    header()?.focus();
  } else if (event.target.closest?.("[data-bulk-cancel]") && dialog.open) {
    event.preventDefault();
    dialog.close();
  }
  const menu = document.querySelector(".bulk-everything[open]");
  if (menu && (!menu.contains(event.target) || event.target.closest("button"))) menu.open = false;
});

document.addEventListener("change", (event) => {
  if (event.target.matches?.(".pick-all")) pickAll(event.target.checked);
});

// A run by keyboard: shift and space. The click that space makes may not tell about shift.
document.addEventListener("keydown", (event) => {
  if (event.key === " ") shift = event.shiftKey && event.target.matches?.(".pick");
  const menu = event.key === "Escape" && event.target.closest?.(".bulk-everything[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
}, true);
document.addEventListener("keyup", () => {
  shift = false;
});

// From anywhere in a row: x selects it, and with shift all rows from the last one.
document.addEventListener("keydown", (event) => {
  const box = rowOfKey(event, "x")?.querySelector(".pick");
  if (!box) return;
  event.preventDefault();
  shift = event.shiftKey;
  box.click();
});

// The dialog. Messages move into it while it is open: what lies behind it can be neither read nor used.
const dialog = document.createElement("dialog");
dialog.id = "bulk-dialog";
dialog.className = "bulk-dialog";
dialog.setAttribute("aria-labelledby", "bulk-title");
const body = document.createElement("div");
body.id = "bulk-body";
dialog.append(body);
document.body.append(dialog);
const toasts = document.getElementById("toasts");

document.addEventListener("htmx:after:swap", (event) => {
  sync();
  if (!body.hasChildNodes() || event.detail.ctx.target !== body) return;
  if (!dialog.open) {
    dialog.showModal();
    if (toasts) dialog.append(toasts);
  }
  (body.querySelector("[aria-invalid], [autofocus]") ?? body.querySelector("#bulk-title"))?.focus();
});

dialog.addEventListener("close", () => {
  if (toasts) document.body.append(toasts);
  body.replaceChildren();
  if (document.activeElement === document.body) (header() ?? document.querySelector("main"))?.focus();
});

document.addEventListener("almanac:changed", () => {
  if (!dialog.open) return;
  everything = false;
  pickAll(false);
  dialog.close();
});

sync();
