// Runs in the head, before anything is painted: the page never flashes in the wrong colours.
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
