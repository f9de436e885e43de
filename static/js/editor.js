// The editor of one cell: it opens over the cell; Enter saves, Escape leaves, Tab saves and goes on.
import { link, neighbour } from "./grid.js";
import { placeOver } from "./place.js";

let goOn = null; // where to go after the answer: { row, field, open }

const editor = () => document.querySelector("form[data-editor][popover]");
const cellOf = (form) => form.closest("td[data-field]");
const rowOf = (cell) => cell.closest("[data-public-id]");
const contents = (form) => {
  const data = new FormData(form);
  data.delete("csrf_token"); // a login in between brings another one
  return new URLSearchParams(data).toString();
};
const isChanged = (form) => contents(form) !== form.dataset.before;

const close = (form, { focus = true } = {}) => {
  const cell = cellOf(form);
  form.remove();
  cell?.classList.remove("is-editing");
  if (focus) cell?.querySelector("button[name]")?.focus({ preventScroll: true });
};

const show = (form) => {
  form.dataset.shown = "";
  form.dataset.before = form.matches(".editor-conflict") || form.querySelector("[role=alert]") ? "" : contents(form);
  const cell = cellOf(form);
  cell.classList.add("is-editing");
  form.style.minWidth = `${Math.min(cell.offsetWidth, 360)}px`;
  form.showPopover?.();
  placeOver(form, cell);
  const first = form.querySelector("[aria-invalid]") ?? form.querySelector("[autofocus]") ?? form.querySelector("input:not([type=hidden]),button");
  first.focus({ preventScroll: true });
  if (first.matches("input:not([type=checkbox])")) first.select();
};

const open = (button) => link(button).form?.requestSubmit(button);

document.addEventListener("htmx:before:swap", (event) => {
  // The answer to a saved editor replaces the row, and the editor with it.
  const form = event.detail.ctx.sourceElement;
  const saved = form?.matches?.("[data-editor]") && event.detail.ctx.response?.status === 200;
  if (saved) close(form, { focus: false });
});

document.addEventListener("htmx:after:swap", (event) => {
  const forms = [...document.querySelectorAll("form[data-editor][popover]")];
  const fresh = forms.find((form) => !("shown" in form.dataset));
  if (fresh) {
    forms.filter((form) => form !== fresh).forEach((form) => close(form, { focus: false }));
    show(fresh);
    if (fresh.querySelector("[role=alert]") || fresh.matches(".editor-conflict")) goOn = null;
  } else if (goOn && event.detail.ctx.response?.status === 200) {
    const { row, field, start } = goOn;
    goOn = null;
    const button = document.getElementById(row)?.querySelector(`[data-field="${field}"] > button[name]`);
    button?.focus({ preventScroll: true });
    button?.scrollIntoView({ block: "nearest", inline: "nearest" });
    if (start && button) open(button);
  }
});

const aim = (cell, button, start) => {
  const target = button?.closest("td") ?? cell;
  goOn = { row: rowOf(target).id, field: target.dataset.field, start: start && button?.name === "cell" };
};

const save = (form) => {
  if (!goOn) aim(cellOf(form), null, false);
  form.requestSubmit();
};

const tab = (event, form) => {
  const inputs = [...form.querySelectorAll("input:not([type=hidden]),select,textarea,[data-line-add]")].filter((i) => i.name !== "reason");
  const last = event.shiftKey ? inputs[0] : inputs.at(-1);
  if (event.target !== last) return; // among the inputs of one editor Tab does what it always does
  event.preventDefault();
  const cell = cellOf(form);
  const next = neighbour(cell, event.shiftKey);
  if (isChanged(form)) {
    aim(cell, next, true);
    form.requestSubmit();
  } else {
    close(form, { focus: !next });
    next?.focus();
    if (next?.name === "cell") open(next);
  }
};

document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.("form[data-editor][popover]");
  if (!form || event.isComposing) return;
  if (event.key === "Escape") {
    event.preventDefault();
    goOn = null;
    close(form);
  } else if (event.key === "Tab" && !form.matches(".editor-conflict")) {
    tab(event, form);
  } else if (event.key === "Enter" && event.target.matches("textarea") && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    save(form);
  }
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-editor][popover]")) return;
  if (!form.matches(".editor-conflict") && !isChanged(form)) {
    // Nothing was changed: an edit that says nothing would still mark the value as a person's.
    event.preventDefault();
    event.stopImmediatePropagation();
    close(form);
  } else if (!goOn) {
    aim(cellOf(form), null, false);
  }
}, true);

document.addEventListener("click", (event) => {
  const form = event.target.closest("form[data-editor][popover]");
  if (event.target.closest("[data-editor-cancel]") && form) {
    event.preventDefault();
    close(form);
  } else if (event.target.closest("[data-editor-refresh]") && form) {
    event.preventDefault();
    refresh(form, event.target.closest("[data-editor-refresh]").dataset.editorRefresh);
  }
});

// A click elsewhere leaves an editor in which nothing was changed.
document.addEventListener("pointerdown", (event) => {
  const form = editor();
  if (form && !form.contains(event.target) && !isChanged(form)) close(form, { focus: false });
});

const refresh = (form, address) => {
  const cell = cellOf(form);
  aim(cell, null, false);
  const { view, back } = form.elements;
  const query = new URLSearchParams({ view: view.value, back: back.value });
  close(form);
  window.htmx.ajax("GET", `${address}?${query}`, { swap: "none", target: cell });
};

const replace = () => {
  const form = editor();
  if (form) placeOver(form, cellOf(form));
};
addEventListener("resize", replace);
document.addEventListener("scroll", (event) => {
  if (event.target.contains?.(editor())) replace();
}, true);
