// Runs in the head, where no step is missed: the page shows what its address says. A step through
// the history of a page that htmx filled changes the address alone; it may come before htmx
// listens, and even before this is read.
(() => {
  const pathOf = ({ pathname, search }) => pathname + search;
  // A second step may lead to what is still shown, while the page of the first is on its way.
  let leaving = false;
  const follow = () => {
    leaving ||= pathOf(location) !== shown;
    if (leaving) location.reload();
  };
  const [loaded] = performance.getEntriesByType("navigation");
  let shown = pathOf(loaded?.name.startsWith(location.origin) ? new URL(loaded.name) : location);
  follow();
  window.addEventListener("popstate", follow);
  document.addEventListener("htmx:before:history:restore", (event) => event.preventDefault());
  for (const change of ["push", "replace"]) {
    document.addEventListener(`htmx:after:history:${change}`, () => {
      shown = pathOf(location);
      leaving = false;
    });
  }
})();
