// What others change appears in the table, the record or the review queue that is open: asked for
// every few seconds while somebody looks. Nothing that is being edited or has the focus moves.
import { hide, show } from "./live-banner.js";
import { markAll, newsAmong } from "./live-marks.js";
import { forget, tellList } from "./live-news.js";
import { showWaiting } from "./waiting.js";

const EVERY = 3000;
const IDLE_AFTER = 180_000;
const IDLE_EVERY = 30_000;
const RETRY = [2000, 4000, 8000, 15_000];

const place = () => document.querySelector("[data-live]");
const rowsOf = (section) => [...section.querySelectorAll("tbody > tr[data-mark]")];
const isBusy = (section) => requests.size > 0 || section.querySelector(".is-saving, .is-dragged");

const requests = new Set(); // the page's own, which are on their way
let begun = 0; // how many of those there have been
let moment = ""; // the state of the catalog that is shown; empty: compare everything
let from = null; // the part of the page, and its address, that `moment` is about
let failures = 0;
let active = Date.now();
let timer;
let asking = false;
let isAwaited = false; // somebody looks again: what is asked now may be older than that

const logIn = () => {
  const link = document.createElement("a");
  link.className = "btn btn-sm";
  link.href = `/login?${new URLSearchParams({ next: location.pathname + location.search })}`;
  link.textContent = "Log in again";
  return link;
};

// Asking.
const question = (section) => {
  const query = new URLSearchParams({ at: section.dataset.here, since: moment });
  if (section.dataset.live) query.set("total", section.dataset.live);
  const isOne = "mark" in section.dataset; // a record, or a log: what it shows has one mark
  if (isOne) query.set("mark", section.dataset.mark);
  const rows = isOne ? [] : rowsOf(section);
  if (rows.length) query.set("rows", rows.map((row) => `${row.id.match(/\d+$/)[0]}-${row.dataset.mark}`).join(","));
  return `/live?${query}`;
};

const ask = async (section) => {
  const headers = { "HX-Request": "true", Accept: "application/json" };
  const columns = section.querySelector("[data-columns]")?.dataset.columns;
  if (columns) headers["X-Columns"] = columns;
  return fetch(question(section), { headers, signal: AbortSignal.timeout(10_000) });
};

const plan = (wait = Date.now() - active > IDLE_AFTER ? IDLE_EVERY : EVERY) => {
  clearTimeout(timer);
  // Spread, so that the tabs of a whole office do not ask in one and the same moment.
  if (document.visibilityState === "visible") timer = setTimeout(poll, wait * (0.9 + Math.random() * 0.2));
};

const poll = async () => {
  const section = place();
  if (asking) isAwaited = true;
  else if (!section || isBusy(section)) plan();
  else {
    asking = true;
    const wait = await beat(section);
    asking = false;
    plan(isAwaited ? 0 : wait);
    isAwaited = false;
  }
};

// One question and what its answer says; how long to wait until the next, if not as always.
const beat = async (section) => {
  const address = section.dataset.here;
  if (from !== address) {
    from = address;
    moment = "";
    forget();
  }
  const before = begun;
  try {
    const answer = await ask(section);
    if (answer.status === 401) {
      show("login", "You are logged out", [logIn()]);
      hide("away");
      return IDLE_EVERY;
    }
    if (answer.status >= 500 || answer.status === 429) return failed();
    const news = answer.status === 200 ? await answer.json() : null;
    failures = 0;
    hide("away");
    hide("login");
    // What the person did meanwhile is newer than the answer: ask again.
    if (news && before === begun && !isBusy(section) && section.isConnected && section.dataset.here === address) await take(section, news);
  } catch {
    return failed();
  }
};

const failed = () => {
  show("away", "Not connected; retrying");
  failures += 1;
  return RETRY[Math.min(failures, RETRY.length) - 1];
};

// Showing.
const take = async (section, news) => {
  showWaiting(news.waiting);
  const fresh = newsAmong(news.changed);
  if (news.rows.trim()) await window.htmx.swap({ text: news.rows, sourceElement: section, target: section, swap: "none" });
  if (news.anew) await renew(section);
  // A cell that is being edited was left as it is: what it is part of is not what the server has.
  const behind = [...section.querySelectorAll("tr[data-mark]:has(.is-editing)")].filter((row) => news.changed.some((one) => one.id === row.id));
  if (news.anew && section.querySelector(".is-editing")) behind.push(section);
  for (const part of behind) part.dataset.mark = "";
  markAll(fresh);
  tellList(news.note, news.final);
  moment = behind.length ? "" : news.moment;
};

const renew = async (section) => {
  if (section.querySelector(".is-editing")) return;
  await window.htmx.ajax("GET", section.dataset.here, { source: section, target: section, swap: "outerMorph" });
};

// When to ask.
document.addEventListener("htmx:before:request", (event) => {
  begun += 1;
  requests.add(event.detail.ctx);
});
document.addEventListener("htmx:finally:request", (event) => requests.delete(event.detail.ctx));
// Shown anew, nothing is left to show.
document.addEventListener("htmx:after:swap", (event) => {
  if (event.detail.ctx.target?.id !== place()?.id || !event.detail.ctx.response) return;
  forget();
});

const wake = () => {
  const slept = Date.now() - active > IDLE_AFTER;
  active = Date.now();
  if (slept) plan(0);
};
for (const name of ["pointerdown", "pointermove", "keydown", "wheel"]) addEventListener(name, wake, { passive: true });
document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (document.visibilityState !== "visible") return;
  active = Date.now();
  plan(0);
});
addEventListener("online", () => plan(0));
addEventListener("offline", () => plan(0));

if (place()) plan();
