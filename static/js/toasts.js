// Messages go by themselves; they stay while the pointer or the focus is on them.
const LIFE = 7000;

const remove = (toast) => toast.remove();

const watch = (toast) => {
  toast.dataset.watched = "";
  let timer;
  const start = () => (timer = setTimeout(remove, LIFE, toast));
  const stop = () => clearTimeout(timer);
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

// What was offered in a message is done: the message has served.
document.addEventListener("htmx:after:request", (event) => {
  event.detail.ctx.sourceElement?.closest?.("[data-toast]")?.remove();
});

const say = (text) => {
  const toast = document.createElement("div");
  toast.className = "toast-note toast-error";
  toast.dataset.toast = "";
  toast.textContent = text;
  region?.append(toast);
};

document.addEventListener("htmx:error", (event) => {
  if (event.detail.error?.name !== "AbortError") say("The server could not be reached. Nothing was changed.");
});
