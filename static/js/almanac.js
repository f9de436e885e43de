// What every page shares. The table and the editors bring their own modules.
import "./toasts.js";
import "./filters.js";
import "./grid.js";
import "./editor.js";
import "./origin.js";
import "./order.js";
import "./lines.js";
import "./picker.js";
import "./narrow.js";
import "./leave.js";
import "./selection.js";
import "./palette.js";
import "./live-banner.js";
import "./live-news.js";
import "./live-marks.js";
import "./waiting.js";
import "./live.js";
import "./review.js";
import "./menus.js";
import "./table.js";
import "./field-help.js";
import "./copy.js";
import "./requests.js";
import "./session.js";

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-help]")) document.getElementById("help")?.showModal();
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
});

const isTyping = (element) => element.closest?.("input,textarea,select,[contenteditable]");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const search = document.getElementById("q");
  const help = document.getElementById("help");
  if (event.key === "/" && search) {
    event.preventDefault();
    search.focus();
    search.select();
  } else if (event.key === "?" && help) {
    event.preventDefault();
    help.showModal();
  }
});
