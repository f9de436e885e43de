// What others change appears in the table, the record or the review queue that is open: asked for
// every few seconds while somebody looks. Nothing that is being edited or has the focus moves.
const EVERY = 3000;
const IDLE_AFTER = 180_000;
const IDLE_EVERY = 30_000;
const RETRY = [2000, 4000, 8000, 15_000];
const MARKED_FOR = 9000;
const FEW = 8;

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

const told = new Map(); // what was said of a row already, by its id

// Words: one line that is seen, one that is only heard.
const banner = document.createElement("div");
banner.className = "live-banner";
banner.setAttribute("role", "status");
banner.hidden = true;
const heard = document.createElement("div");
heard.className = "visually-hidden";
heard.setAttribute("role", "status");
heard.dataset.liveHeard = "";

const show = (kind, text, control) => {
  if (banner.dataset.kind === kind && banner.dataset.text === text) return;
  banner.dataset.kind = kind;
  banner.dataset.text = text;
  const said = document.createElement("span");
  said.textContent = text;
  banner.replaceChildren(said, ...(control ? [control] : []));
  banner.hidden = false;
};

const hide = (kind) => {
  if (kind && banner.dataset.kind !== kind) return;
  banner.hidden = true;
  banner.replaceChildren();
  delete banner.dataset.kind;
  delete banner.dataset.text;
};

const showAnew = () => {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-sm";
  button.textContent = "Show";
  button.addEventListener("click", () => {
    hide();
    moment = "";
    document.dispatchEvent(new CustomEvent("almanac:changed"));
    document.querySelector("main")?.focus({ preventScroll: true });
  });
  return button;
};

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
  if (section.dataset.mark) query.set("mark", section.dataset.mark);
  const rows = section.dataset.mark ? [] : rowsOf(section);
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
  if (document.visibilityState === "visible" && place()) timer = setTimeout(poll, wait * (0.9 + Math.random() * 0.2));
};

const failed = () => {
  show("away", "Not connected; retrying");
  plan(RETRY[Math.min(failures, RETRY.length - 1)]);
  failures += 1;
};

const poll = async () => {
  const section = place();
  if (!section || asking) return;
  if (isBusy(section)) return plan();
  const address = section.dataset.here;
  if (from !== address) {
    from = address;
    moment = "";
    hide("more");
  }
  const before = begun;
  asking = true;
  try {
    const answer = await ask(section);
    if (answer.status === 401) {
      show("login", "You are logged out", logIn());
      return plan(IDLE_EVERY);
    }
    if (answer.status >= 500 || answer.status === 429) return failed();
    failures = 0;
    hide("away");
    hide("login");
    if (answer.status === 200) {
      const news = await answer.json();
      // What the person did meanwhile is newer than the answer: ask again.
      if (before === begun && !isBusy(section) && section.isConnected && section.dataset.here === address) await take(section, news);
    }
    return plan();
  } catch {
    return failed();
  } finally {
    asking = false;
  }
};

// Showing.
const take = async (section, news) => {
  moment = news.moment;
  const fresh = news.changed.filter(isNews);
  if (news.rows.trim()) await window.htmx.swap({ text: news.rows, sourceElement: section, target: section, swap: "none" });
  if (news.anew) await renew(section);
  // A cell that is being edited was left as it is: its row is not what the server has.
  for (const row of section.querySelectorAll("tr[data-mark]:has(.is-editing)")) {
    if (!news.changed.some((one) => one.id === row.id)) continue;
    row.dataset.mark = "";
    moment = "";
  }
  // A whole page of names would be noise: many rows are marked, and said once.
  const isMany = fresh.length > FEW;
  for (const one of fresh) mark(one, isMany);
  say(fresh, isMany);
  if (news.note) show("more", news.note, news.final ? undefined : showAnew());
  else hide("more");
};

// A row with an open editor is compared again and again; its change is news only once.
const isNews = (one) => {
  if (told.get(one.id) === one.mark) return false;
  told.set(one.id, one.mark);
  return true;
};

const renew = async (section) => {
  if (section.querySelector(".is-editing")) {
    moment = "";
    return;
  }
  await window.htmx.ajax("GET", section.dataset.here, { source: section, target: section, swap: "outerMorph" });
};

const sentence = (one) => `${one.became ? `${one.became[0].toUpperCase()}${one.became.slice(1)}` : "Changed just now"}${one.by ? ` by ${one.by}` : ""}`;

const mark = (one, isMany) => {
  const row = document.getElementById("entry-page") ?? document.getElementById(one.id);
  if (!row) return;
  const cells = (one.fields ?? []).map((field) => row.querySelector(`td[data-field="${field}"], td[data-info="${field}"]`));
  const marked = [...cells.filter(Boolean), ...(row.matches("tr") ? [row] : [])];
  for (const element of marked) element.classList.add("is-live");
  const who = row.matches("tr") ? row.querySelector(".who, .name-cell") : row.querySelector("h1");
  const chip = document.createElement("span");
  chip.className = "live-by";
  // Where a row is narrow, who is worth more than that it was just now.
  const what = document.createElement("span");
  if (one.by && !one.became) what.className = "live-what";
  what.textContent = sentence({ became: one.became });
  chip.append(what, one.by ? ` by ${one.by}` : "");
  chip.setAttribute("aria-hidden", "true");
  who?.querySelector(":scope > .live-by")?.remove();
  if (one.became || (one.by && !isMany)) who?.append(chip);
  note(row, one);
  if (one.became) {
    row.classList.add("is-decided");
    row.dataset.mark = one.mark;
    return;
  }
  setTimeout(() => {
    for (const element of marked) element.classList.remove("is-live");
    chip.remove();
  }, MARKED_FOR);
};

// Whoever edits that very value is told where they look.
const note = (row, one) => {
  const form = row.querySelector("form[data-editor]");
  if (!form || !one.fields?.includes(form.dataset.fieldName)) return;
  const said = document.createElement("p");
  said.className = "editor-live";
  said.textContent = `${sentence(one)}, while you edit. Saving shows both values and asks.`;
  form.querySelector(".editor-foot")?.before(said);
};

const say = (fresh, isMany) => {
  const known = fresh.filter((one) => one.by);
  if (!known.length) return;
  const [first] = known;
  const what = first.became ? `One row was ${first.became}` : `${first.labels.join(", ") || "Something"} of ${first.name} changed`;
  const many = new Set(known.map((one) => one.by));
  const all =
    known.length === 1 ? `${what} by ${first.by}.` : `${known.length} rows changed by ${[...many].slice(0, 2).join(" and ")}${many.size > 2 ? " and others" : ""}.`;
  // What is shown as a status is heard already.
  if (isMany) {
    show("many", all.slice(0, -1));
    setTimeout(() => hide("many"), MARKED_FOR);
  } else heard.textContent = all;
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
  hide("more");
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

if (place()) {
  document.body.append(banner, heard);
  plan();
}
