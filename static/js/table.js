// What keeps its place when a table is shown anew: the scroll position, the focus, the columns.
const scroller = () => document.querySelector("#results .grid-scroll");
const grid = () => document.querySelector("[data-grid]");

// A changed row comes back with the cells that this table has, whatever was chosen elsewhere meanwhile.
document.addEventListener("htmx:config:request", (event) => {
  const columns = grid()?.dataset.columns;
  if (columns) event.detail.ctx.request.headers["X-Columns"] = columns;
});

// Sorted or filtered anew the table stays where it was sideways; what had the focus keeps it, and
// what is gone hands it to the table.
let left = 0;
let focused = { id: "", inside: false };
document.addEventListener("htmx:before:swap", () => {
  left = scroller()?.scrollLeft ?? 0;
  const { activeElement } = document;
  focused = { id: activeElement?.id, inside: Boolean(activeElement?.closest("#results")) };
});
const heir = ({ id, inside }) => {
  const again = id && document.getElementById(id);
  if (again?.disabled) return again.parentElement.querySelector("button:not([disabled]), input[type=checkbox]");
  return again || (inside ? scroller() ?? document.querySelector("main") : null);
};
document.addEventListener("htmx:after:swap", () => {
  const place = scroller();
  if (place && left && place.scrollLeft !== left) place.scrollLeft = left;
  if (document.activeElement === document.body) heir(focused)?.focus({ preventScroll: true });
});

// Tab stops at what the head or the first column lies over, and at what is cut off: a browser takes
// that for seen. Margins in the style sheets say how much room is needed.
document.addEventListener("keyup", ({ key, target }) => {
  if (key === "Tab" && target.closest?.("th, td")) target.scrollIntoView({ block: "nearest", inline: "nearest" });
});

// Back, forward and reload find the table scrolled as it was left.
const KEY = "almanac-scroll";
const KEPT = 50;
const places = () => {
  try {
    return JSON.parse(sessionStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
};
const here = () => location.pathname + location.search;
let address = here();
// Noted while it scrolls: asked when the page is left, a browser would lay out the whole table first.
let scrolled = { place: null, at: [0, 0] };
document.addEventListener("scroll", ({ target }) => {
  if (target === scroller()) scrolled = { place: target, at: [target.scrollTop, target.scrollLeft] };
}, { capture: true, passive: true });
const remember = () => {
  const place = scroller();
  if (!place) return;
  const all = places();
  delete all[address];
  all[address] = scrolled.place === place ? scrolled.at : [0, 0];
  for (const old of Object.keys(all).slice(0, -KEPT)) delete all[old];
  try {
    sessionStorage.setItem(KEY, JSON.stringify(all));
  } catch {
    // Full, or not allowed: then the table begins at its top.
  }
};
addEventListener("pagehide", remember);
document.addEventListener("htmx:before:swap", remember);
document.addEventListener("htmx:after:history:push", () => {
  address = here();
});
document.addEventListener("htmx:after:history:replace", () => {
  address = here();
});

// The rows that a window does not show are laid out when the others can be used, or the page is
// moved; so, too, where a filter or another page brings new ones.
const open = () => grid()?.classList.remove("is-opening");
const openSoon = () => {
  if (window.requestIdleCallback) requestIdleCallback(open, { timeout: 300 });
  else setTimeout(open, 50);
};
for (const kind of ["wheel", "touchstart", "keydown", "pointerdown"]) addEventListener(kind, open, { capture: true, passive: true });
document.addEventListener("htmx:before:swap", ({ detail }) => {
  const fresh = detail.tasks.find(({ target, swapSpec }) => target?.id === "results" && swapSpec.style === "outerHTML");
  fresh?.fragment.querySelector("[data-grid]")?.classList.add("is-opening");
  if (fresh) document.addEventListener("htmx:after:swap", openSoon, { once: true });
});
if (location.hash) open();
else if (document.readyState === "complete") openSoon();
else addEventListener("load", openSoon);

const how = performance.getEntriesByType("navigation")[0]?.type;
if (how === "reload" || how === "back_forward") {
  const [top, side] = places()[here()] ?? [0, 0];
  if (top) open();
  scroller()?.scrollTo(side, top);
}
