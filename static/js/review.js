// The review queue by keyboard: up and down among the rows, "a" approves and "r" rejects the row
// that has the focus, which then goes to the row that took its place.
const rows = () => [...document.querySelectorAll("tr[data-review]")];
const isTyping = (element) => element.closest?.("input:not([type=checkbox]),textarea,select,[contenteditable],dialog");

let place = -1; // of the row that was decided

const focusRow = (row) => row?.querySelector("[data-review-first]")?.focus();

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const all = rows();
  if (!all.length) return;
  const at = all.indexOf(event.target.closest?.("tr[data-review]"));
  const name = { a: "approve", r: "reject" }[event.key];
  if (name && at >= 0) {
    const button = all[at].querySelector(`button[name=${name}]`);
    if (!button) return;
    event.preventDefault();
    button.click();
  } else if (at >= 0 && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    focusRow(all[at + (event.key === "ArrowDown" ? 1 : -1)]);
  } else if (at < 0 && event.key === "j") {
    focusRow(all[0]);
  }
});

document.addEventListener("click", (event) => {
  const row = event.target.closest?.("tr[data-review] button[form=decide]")?.closest("tr");
  if (row) place = rows().indexOf(row);
});

document.addEventListener("htmx:after:swap", (event) => {
  if (place < 0 || event.detail.ctx.target?.id !== "results") return;
  const all = rows();
  const lost = !document.activeElement || document.activeElement === document.body || document.activeElement.closest("tr[data-review]");
  if (lost) focusRow(all[Math.min(place, all.length - 1)] ?? null);
  if (lost && !all.length) document.querySelector("main")?.focus();
  place = -1;
});
