// What keeps its place when a table is shown anew: the scroll position, the focus, the columns.
const scroller = () => document.querySelector("#results .grid-scroll");
const grid = () => document.querySelector("[data-grid]");

// A changed row comes back with the cells that this table has, whatever was chosen elsewhere meanwhile.
document.addEventListener("htmx:config:request", (event) => {
  const columns = grid()?.dataset.columns;
  if (columns) event.detail.ctx.request.headers["X-Columns"] = columns;
});

// Sorted or filtered anew the table stays where it was sideways; a form that moved keeps the focus.
let left = 0;
let focused = null;
document.addEventListener("htmx:before:swap", () => {
  left = scroller()?.scrollLeft ?? 0;
  focused = document.activeElement?.id || null;
});
document.addEventListener("htmx:after:swap", () => {
  const place = scroller();
  if (place && left && place.scrollLeft !== left) place.scrollLeft = left;
  if (!focused || document.activeElement !== document.body) return;
  const again = document.getElementById(focused);
  const fallback = again?.disabled ? again.parentElement.querySelector("button:not([disabled]), input[type=checkbox]") : again;
  fallback?.focus({ preventScroll: true });
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

// The rows that a window does not show are laid out when the page can be used, or is moved.
const MOVES = ["wheel", "touchstart", "keydown", "pointerdown"];
const open = () => {
  grid()?.classList.remove("is-opening");
  for (const kind of MOVES) removeEventListener(kind, open, true);
};
const openSoon = () => {
  if (window.requestIdleCallback) requestIdleCallback(open, { timeout: 300 });
  else setTimeout(open, 50);
};
for (const kind of MOVES) addEventListener(kind, open, { capture: true, passive: true });
if (location.hash) open();
else if (document.readyState === "complete") openSoon();
else addEventListener("load", openSoon);

const how = performance.getEntriesByType("navigation")[0]?.type;
if (how === "reload" || how === "back_forward") {
  const [top, side] = places()[here()] ?? [0, 0];
  if (top) open();
  scroller()?.scrollTo(side, top);
}
