// The rows of a category in their order: dragged by the handle, or moved by Alt and an arrow key.
const EDGE = 48; // so near to the edge of the table a dragged row makes it scroll

let drag = null; // { row, target, after }
let again = null; // the row whose handle gets the focus when the table has been shown anew

const idOf = (row) => row.id.match(/\d+$/)[0];
const handleOf = (event) => event.target.closest?.("[data-handle]");

const send = (row, values) => {
  const form = document.getElementById("order");
  const scope = row.closest("[data-order-scope]").dataset.orderScope;
  const all = { id: idOf(row), before: "", after: "", step: "", provider_id: scope, ...values };
  for (const [name, value] of Object.entries(all)) form.elements[name].value = value;
  again = row.id;
  form.requestSubmit();
};

document.addEventListener("keydown", (event) => {
  const handle = handleOf(event);
  if (event.key === "Escape" && drag) return end();
  if (!handle || !event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
  event.preventDefault();
  send(handle.closest("tr"), { step: event.key === "ArrowUp" ? "up" : "down" });
});

document.addEventListener("htmx:after:swap", () => {
  const row = again && document.getElementById(again);
  if (!row || !document.querySelector("[data-order-scope]")) return;
  const handle = row.querySelector("[data-handle]");
  handle?.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
});
// Whoever goes on to something else is not called back.
document.addEventListener("pointerdown", (event) => {
  again = null;
  const handle = handleOf(event);
  if (!handle || event.button !== 0) return;
  event.preventDefault();
  handle.focus({ preventScroll: true });
  handle.setPointerCapture(event.pointerId);
  drag = { row: handle.closest("tr"), target: null, after: false };
  drag.row.classList.add("is-dragged");
});
document.addEventListener("focusin", (event) => {
  if (again && event.target.closest("tr")?.id !== again) again = null;
});

const mark = (row, after) => {
  drag.target?.classList.remove("drop-before", "drop-after");
  drag.target = row === drag.row ? null : row;
  drag.after = after;
  drag.target?.classList.add(after ? "drop-after" : "drop-before");
};

document.addEventListener("pointermove", (event) => {
  if (!drag) return;
  const scroller = drag.row.closest(".grid-scroll");
  const room = scroller.getBoundingClientRect();
  if (event.clientY < room.top + EDGE) scroller.scrollTop -= 12;
  if (event.clientY > room.bottom - EDGE) scroller.scrollTop += 12;
  const under = document.elementsFromPoint(room.left + 8, event.clientY).find((e) => e.closest("tbody"));
  const row = under?.closest("tr");
  if (!row) return;
  const box = row.getBoundingClientRect();
  mark(row, event.clientY > box.top + box.height / 2);
});

const end = () => {
  const { row, target, after } = drag;
  target?.classList.remove("drop-before", "drop-after");
  row.classList.remove("is-dragged");
  drag = null;
  return target ? { row, values: { [after ? "after" : "before"]: idOf(target) } } : null;
};

document.addEventListener("pointerup", () => {
  const move = drag && end();
  if (move) send(move.row, move.values);
});
document.addEventListener("pointercancel", () => drag && end());
