// Runs in the head, before anything is painted: the page never flashes in the wrong colours, and
// what happens before the other scripts are there is not lost.
(() => {
  const KEY = "almanac-theme";
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const stored = () => {
    try {
      return localStorage.getItem(KEY) || "auto";
    } catch {
      return "auto";
    }
  };
  const apply = () => {
    const choice = stored();
    const shown = choice === "auto" ? (dark.matches ? "dark" : "light") : choice;
    document.documentElement.dataset.bsTheme = shown;
    for (const button of document.querySelectorAll("[data-theme-value]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeValue === choice));
    }
  };
  document.documentElement.classList.add("with-js");
  apply();
  dark.addEventListener("change", apply);
  window.addEventListener("storage", apply);
  document.addEventListener("DOMContentLoaded", apply);
  // A step through the history before htmx listens would change the address alone.
  const shown = location.pathname + location.search;
  window.addEventListener("popstate", () => {
    const gone = location.pathname + location.search !== shown;
    if (gone && document.readyState !== "complete") location.reload();
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-theme-value]");
    if (!button) return;
    try {
      localStorage.setItem(KEY, button.dataset.themeValue);
    } catch {
      return; // private window: the system's choice stays
    }
    apply();
  });
})();
