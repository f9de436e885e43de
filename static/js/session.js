// A session that ended while the page was open: the login comes as a dialog on top of it, and then
// what was asked for is asked for again. Whatever was being written stays as it is.
import { again, useToken } from "./again.js";
import { say } from "./toasts.js";

const HEADERS = { "HX-Request": "true", "HX-Request-Type": "partial" };
const dialog = document.createElement("dialog");
dialog.id = "login-again";
dialog.className = "help-dialog";
dialog.setAttribute("aria-labelledby", "login-again-title");

let waiting = new Set(); // what is to be asked for again
let asking = false;
let declined = false;
let focused = null;

const person = () => document.querySelector("[data-user]")?.dataset.user ?? "";

// Somebody else than who opened this page: nothing of theirs is sent in the other's name.
const isOther = (answer) => person() !== "" && answer.headers.get("X-Almanac-User") !== person();

const goOn = (answer) => {
  if (isOther(answer)) return location.reload();
  const token = answer.headers.get("X-CSRFToken");
  useToken(token);
  asking = false;
  declined = false;
  dialog.close();
  focused?.focus?.({ preventScroll: true });
  const all = [...waiting];
  waiting = new Set();
  for (const one of all) one();
};

const show = (html) => {
  dialog.innerHTML = html;
  if (!dialog.isConnected) document.body.append(dialog);
  if (!dialog.open) dialog.showModal();
  const email = dialog.querySelector("[name=email]");
  email.value ||= person();
  (email.value ? dialog.querySelector("[name=password]") : email).focus();
};

const ask = async () => {
  if (asking) return;
  asking = true;
  focused = document.activeElement;
  const answer = await fetch("/login", { headers: HEADERS }).catch(() => null);
  if (answer?.status === 204) return goOn(answer); // logged in elsewhere
  if (answer?.ok) return show(await answer.text());
  asking = false;
  say("You were logged out, and the server could not be reached. What you wrote is still here.");
};

const logIn = async (form) => {
  const sent = new URLSearchParams(new FormData(form));
  const answer = await fetch("/login", { method: "POST", body: sent, headers: HEADERS }).catch(() => null);
  if (answer?.status === 204) {
    goOn(answer);
  } else if (answer?.status === 422) {
    show(await answer.text());
  } else {
    const problem = form.querySelector("[data-login-problem]");
    problem.hidden = false;
    problem.textContent = answer?.status === 429 ? "Too many tries: wait a little." : "The server did not answer: try again.";
  }
};

dialog.addEventListener("submit", (event) => {
  event.preventDefault();
  event.stopPropagation();
  logIn(event.target);
});
dialog.addEventListener("click", (event) => {
  if (event.target.closest("[data-login-cancel]")) dialog.close();
});
dialog.addEventListener("close", () => {
  if (!asking) return; // it went on
  asking = false;
  declined = true;
  waiting.clear();
  focused?.focus?.({ preventScroll: true });
});
// Logged in in another tab meanwhile: nothing is asked any more.
addEventListener("focus", async () => {
  if (!dialog.open) return;
  const answer = await fetch("/login", { headers: HEADERS }).catch(() => null);
  if (answer?.status === 204 && dialog.open) goOn(answer);
});

document.addEventListener("htmx:response:error", (event) => {
  const { ctx } = event.detail;
  if (ctx.response.status !== 401) return;
  const isAct = ctx.request.method !== "GET";
  if (declined && !isAct) return; // a table that wants to be shown anew does not ask twice
  const retry = again(ctx);
  if (retry) waiting.add(retry);
  ask();
});
