// Copying ids and secrets: a button with data-copy, or `c` anywhere in the row of a table.
import { rowOfKey } from "./grid.js";

const say = (text) => {
  const toast = document.createElement("div");
  toast.className = "toast-note";
  toast.dataset.toast = "";
  toast.textContent = text;
  document.getElementById("toasts")?.append(toast);
};

const copy = async (button) => {
  const text = button.dataset.copy;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    say("The browser does not allow copying here.");
    return;
  }
  say(`Copied: ${text.length > 60 ? `${text.slice(0, 59)}…` : text}`);
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
});

document.addEventListener("keydown", (event) => {
  const button = !event.shiftKey && rowOfKey(event, "c")?.querySelector("[data-copy]");
  if (button) copy(button);
});
