// Requests under way and gone wrong: a sign after 200 ms and none before, no form sent twice, and
// "try again" where the same may succeed a little later.
import { again } from "./again.js";
import { say } from "./toasts.js";

const SLOW = 200;
const root = document.documentElement;
const said = document.createElement("p");
said.className = "visually-hidden";
said.setAttribute("role", "status");
document.body.append(said);

const underWay = new Map(); // request -> what ends its sign

const begin = (key, button) => {
  const timer = setTimeout(() => {
    root.classList.add("is-slow");
    said.textContent = "Working …";
    button?.classList.add("is-busy");
  }, SLOW);
  underWay.set(key, () => {
    clearTimeout(timer);
    button?.classList.remove("is-busy");
  });
};

const end = (key) => {
  underWay.get(key)?.();
  underWay.delete(key);
  if (underWay.size) return;
  root.classList.remove("is-slow");
  said.textContent = "";
};

const buttonOf = (source, submitter) => submitter ?? (source?.matches?.("form") ? source.querySelector("button:not([type=button])") : null);

// A form that changes something is sent once, unless it says itself how several are put in line.
const guarded = (form) => form.method === "post" && !form.hasAttribute("hx-sync");

document.addEventListener("htmx:before:request", (event) => {
  const { ctx } = event.detail;
  begin(ctx, buttonOf(ctx.sourceElement, ctx.request.submitter));
  // Noted here: a submission does not bubble past the form around a form, an editor in its table.
  if (ctx.sourceElement?.matches?.("form[hx-post]") && guarded(ctx.sourceElement)) ctx.sourceElement.dataset.sending = "";
});
document.addEventListener("htmx:finally:request", (event) => {
  const { ctx } = event.detail;
  end(ctx);
  delete ctx.sourceElement?.dataset?.sending;
  // The table's own status came with it: nobody listened to it yet.
  if (ctx.swap?.startsWith("outerHTML")) said.textContent = document.querySelector("#results .count")?.textContent ?? "";
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!guarded(form)) return;
  if ("sending" in form.dataset) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}, true);

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!guarded(form) || form.hasAttribute("hx-post") || event.defaultPrevented) return;
  form.dataset.sending = "";
  begin(form, buttonOf(form, event.submitter));
});

// Back to a page that the browser kept as it was left.
addEventListener("pageshow", () => {
  for (const key of [...underWay.keys()]) end(key);
  for (const form of document.querySelectorAll("form[data-sending]")) delete form.dataset.sending;
});

// What went wrong. The server's own words come as a toast; the button in it needs to know what to repeat.
const retries = new WeakMap();

const offer = (toast, retry) => {
  const button = toast?.querySelector("[data-toast-retry]");
  if (!button || !retry) return;
  retries.set(button, retry);
  button.hidden = false;
};

document.addEventListener("htmx:after:swap", (event) => {
  const { ctx } = event.detail;
  if (!(ctx.response?.status >= 429)) return;
  offer(document.querySelector("#toasts > [data-toast]:last-child"), again(ctx));
});

document.addEventListener("htmx:error", (event) => {
  const { ctx, error } = event.detail;
  if (!ctx?.request) return;
  const late = error?.name === "AbortError";
  const text = late
    ? "The server did not answer in time. It may still be at work: look before you try again."
    : "The server could not be reached. Nothing was changed.";
  offer(say(text), again(ctx));
});

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-toast-retry]");
  const retry = button && retries.get(button);
  if (!retry) return;
  button.closest("[data-toast]").remove();
  retry();
});

// What was typed before htmx listened is asked for then.
const catchUp = () => {
  for (const input of document.querySelectorAll("form[hx-trigger*=input] input:not([type=hidden])")) {
    if (input.value !== input.defaultValue) input.dispatchEvent(new Event("input", { bubbles: true }));
  }
};
document.addEventListener("htmx:after:process", ({ target }) => {
  if (target === document.body) catchUp();
});
catchUp();

// A link that htmx would follow in place opens in a new tab or window when that is asked for.
document.addEventListener("click", (event) => {
  const asked = event.ctrlKey || event.metaKey || event.shiftKey;
  if (asked && event.target.closest?.("a[href][hx-get]")) event.stopPropagation();
}, true);
