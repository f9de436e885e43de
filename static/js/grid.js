// The table as a grid: one tab stop, arrow keys among the cells, flags that answer at once.
const CONTROLS = "td[data-field] > button, td > a, td > .i > a, td > .pick";
const CELL = `${CONTROLS}, td[data-field] > .v`;

const table = () => document.querySelector("[data-grid]");
const controls = (row) => [...row.querySelectorAll("td[data-field] > button[name]")];
const nameOf = (cell) => cell?.dataset.field ?? cell?.dataset.info;
// Which of its cell's controls it is: a first cell has a box, perhaps a handle, a name and a link.
const roleOf = (control) => (control.className ? `.${control.classList[0]}` : control.localName);

let current = { row: null, field: null, role: null };

// The buttons of a table stand in a form that serves without a script. Each is given the form that htmx
// sends when it is used: a thousand buttons that name their form cost a browser a tenth of a second.
export const link = (button) => {
  if (!button.hasAttribute("form")) button.setAttribute("form", button.name === "flip" ? "flip" : "edit");
  return button;
};
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-grid] td[data-field] > button[name]");
  if (button) link(button);
}, true);

// One cell of the grid is a tab stop; the links to entries are reached from their cell by the arrow keys.
// Told to the browser when Tab is pressed: a thousand attributes would hold up everybody's page.
const firstValue = () => table()?.querySelector("td > button.v");
// Down a column one hears whose value it is.
const name = () => {
  if (!firstValue()) return;
  table().setAttribute("role", "grid");
  table().ariaMultiSelectable = "true";
  for (const cell of table().querySelectorAll("td.who")) {
    cell.setAttribute("role", "rowheader");
    cell.ariaLabel = cell.querySelector(".v").textContent;
  }
};
const settle = () => {
  const first = firstValue();
  if (!first) return;
  const row = current.row && document.getElementById(current.row);
  const stop = control(row, current.field, current.role) ?? first;
  for (const one of table().querySelectorAll(CONTROLS)) if (one !== stop && one.tabIndex !== -1) one.tabIndex = -1;
  stop.tabIndex = 0;
};

const control = (row, field, role) => {
  const cell = row?.querySelector(`[data-field="${field}"], [data-info="${field}"]`);
  return cell?.querySelector(role ?? "button.v");
};

const remember = (control) => {
  const cell = control.closest("td[data-field], td[data-info]");
  if (!cell?.closest("[data-grid]")) return;
  current = { row: cell.parentElement.id, field: nameOf(cell), role: roleOf(control) };
};

const go = (event, control) => {
  if (!control) return;
  event.preventDefault();
  remember(control);
  control.focus({ preventScroll: true });
  control.scrollIntoView({ block: "nearest", inline: "nearest" });
};

const sameColumn = (row, from) => control(row, nameOf(from.closest("td")), roleOf(from));

const move = (event) => {
  const from = event.target.closest(CELL);
  const row = from?.closest("[data-grid] tbody tr");
  if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
  const all = [...row.querySelectorAll(CONTROLS)];
  const at = all.indexOf(from);
  const steps = {
    ArrowRight: () => all[at + 1],
    ArrowLeft: () => all[at - 1],
    ArrowDown: () => sameColumn(row.nextElementSibling, from),
    ArrowUp: () => sameColumn(row.previousElementSibling, from),
    Home: () => row.querySelector(".who > .v"),
    End: () => all.at(-1),
  };
  const step = steps[event.key];
  if (step) go(event, step());
};

document.addEventListener("keydown", move);
document.addEventListener("focusin", (event) => {
  if (event.target.matches?.(CELL)) remember(event.target);
});
document.addEventListener("keydown", ({ key }) => {
  if (key === "Tab") settle();
}, true);
document.addEventListener("htmx:after:swap", name);
name();

// A flag shows at once what was asked for; the server's answer then replaces the row.
document.addEventListener("htmx:config:request", (event) => {
  const { ctx } = event.detail;
  const flag = ctx.request.submitter;
  if (flag?.getAttribute("role") !== "switch") return;
  ctx.almanacFlag = { flag, before: flag.getAttribute("aria-checked") };
  flag.setAttribute("aria-checked", String(ctx.almanacFlag.before !== "true"));
  flag.classList.add("is-saving");
});
const release = (event) => event.detail.ctx.almanacFlag?.flag.classList.remove("is-saving");
document.addEventListener("htmx:before:swap", release);
const failed = (event) => {
  const { ctx } = event.detail;
  if (!ctx.almanacFlag || (ctx.response && ctx.response.status < 400)) return;
  release(event);
  ctx.almanacFlag.flag.setAttribute("aria-checked", ctx.almanacFlag.before);
};
document.addEventListener("htmx:response:error", failed);
document.addEventListener("htmx:error", failed);

// The cell that comes after another one, for Tab in an editor.
export const neighbour = (cell, backwards) => {
  const rows = [...cell.closest("tbody").querySelectorAll("tr")];
  const all = rows.flatMap(controls);
  const own = cell.querySelector(":scope > button[name]");
  return all[all.indexOf(own) + (backwards ? -1 : 1)];
};

// The row that a letter is meant for: the one with the focus, unless something is being written.
export const rowOfKey = (event, letter) => {
  if (event.key.toLowerCase() !== letter || event.ctrlKey || event.metaKey || event.altKey) return null;
  if (event.target.closest?.("form:not(#cells), input:not(.pick), textarea, select")) return null;
  return event.target.closest?.("[data-grid] tbody tr");
};
