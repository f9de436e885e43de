// Messages go by themselves; they stay while the pointer or the focus is on them, and longer
// where they offer something. "u" does what the newest of them offers.
const LIFE = 7000;
const LIFE_WITH_ACTION = 20000;

const remove = (toast) => toast.remove();

const watch = (toast) => {
  toast.dataset.watched = "";
  const life = toast.querySelector("[data-toast-action], [data-toast-retry]") ? LIFE_WITH_ACTION : LIFE;
  let timer;
  const stop = () => clearTimeout(timer);
  const start = () => {
    stop();
    timer = setTimeout(remove, life, toast);
  };
  for (const [events, act] of [[["mouseenter", "focusin"], stop], [["mouseleave", "focusout"], start]]) {
    for (const name of events) toast.addEventListener(name, act);
  }
  start();
};

const region = document.getElementById("toasts");
const watchAll = () => region?.querySelectorAll("[data-toast]:not([data-watched])").forEach(watch);
if (region) new MutationObserver(watchAll).observe(region, { childList: true });
watchAll();

document.addEventListener("click", (event) => {
  const close = event.target.closest("[data-toast-close]");
  if (close) remove(close.closest("[data-toast]"));
});

// What was offered in a message is done: the message has served. Not before its answer is in
// place: an answer to a form that is gone is dropped.
document.addEventListener("htmx:finally:request", (event) => {
  const toast = event.detail.ctx.sourceElement?.closest?.("[data-toast]");
  if (!toast) return;
  const focused = toast.contains(document.activeElement);
  remove(toast);
  if (focused) region.querySelector("[data-toast]:last-child button")?.focus();
});

const isTyping = (element) => element.closest?.("input:not([type=checkbox]),textarea,select,[contenteditable],dialog");

document.addEventListener("keydown", (event) => {
  if (event.key !== "u" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const offered = [...(region?.querySelectorAll("[data-toast-action]") ?? [])].at(-1);
  if (!offered) return;
  event.preventDefault();
  offered.click();
});

export const say = (text) => {
  const toast = document.createElement("div");
  toast.className = "toast-note toast-error";
  toast.dataset.toast = "";
  const place = document.createElement("div");
  place.className = "toast-text";
  place.textContent = `${text} `;
  const retry = document.createElement("button");
  retry.type = "button";
  retry.className = "btn btn-sm btn-link p-0";
  retry.dataset.toastRetry = "";
  retry.textContent = "Try again";
  retry.hidden = true;
  place.append(retry);
  toast.append(place);
  region?.append(toast);
  return toast;
};
