// The table as a grid: one tab stop, arrow keys among the cells, flags that answer at once.
const CELL = "td[data-field] > button, td[data-field] > a, td[data-field] > .v";

const table = () => document.querySelector("[data-grid]");
const controls = (row) => [...row.querySelectorAll("td[data-field] > button")];

let current = { row: null, field: null };

// One cell of the grid is a tab stop; the links to entries are reached from their cell by the arrow keys.
const settle = () => {
  const grid = table();
  if (!grid || !grid.querySelector("td > button")) return;
  grid.setAttribute("role", "grid");
  for (const control of grid.querySelectorAll("tbody button, tbody a")) control.tabIndex = -1;
  const row = current.row && document.getElementById(current.row);
  const cell = row?.querySelector(`[data-field="${current.field}"] > button`);
  (cell ?? grid.querySelector("td > button")).tabIndex = 0;
};

const remember = (control) => {
  const cell = control.closest("td[data-field]");
  if (!cell?.closest("[data-grid]")) return;
  const grid = table();
  for (const other of grid.querySelectorAll('tbody [tabindex="0"]')) other.tabIndex = -1;
  control.tabIndex = 0;
  current = { row: cell.parentElement.id, field: cell.dataset.field };
};

const go = (event, control) => {
  if (!control) return;
  event.preventDefault();
  remember(control);
  control.focus({ preventScroll: true });
  control.scrollIntoView({ block: "nearest", inline: "nearest" });
  uncover(control);
};

// The first column lies over what scrolls below it.
const uncover = (control) => {
  const scroller = control.closest(".grid-scroll");
  const name = control.closest("tr").querySelector(".who");
  if (!scroller || name.contains(control)) return;
  const hidden = name.getBoundingClientRect().right - control.getBoundingClientRect().left;
  if (hidden > 0) scroller.scrollLeft -= hidden;
};

const sameColumn = (row, field, control) =>
  control.tagName === "A" ? row?.querySelector("td.who > a") : row?.querySelector(`[data-field="${field}"] > button`);

const move = (event) => {
  const control = event.target.closest(CELL);
  const row = control?.closest("[data-grid] tbody tr");
  if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
  const all = [...row.querySelectorAll("td[data-field] > button, td.who > a")];
  const field = control.closest("td").dataset.field;
  const at = all.indexOf(control);
  const steps = {
    ArrowRight: () => all[at + 1],
    ArrowLeft: () => all[at - 1],
    ArrowDown: () => sameColumn(row.nextElementSibling, field, control),
    ArrowUp: () => sameColumn(row.previousElementSibling, field, control),
    Home: () => all[0],
    End: () => all.at(-1),
  };
  const step = steps[event.key];
  if (step) go(event, step());
};

document.addEventListener("keydown", move);
document.addEventListener("focusin", (event) => {
  if (event.target.matches?.(CELL)) remember(event.target);
});
document.addEventListener("htmx:after:swap", settle);
settle();

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
  const own = cell.querySelector(":scope > button");
  return all[all.indexOf(own) + (backwards ? -1 : 1)];
};
