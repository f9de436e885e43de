// The command palette: Ctrl K (Cmd K) from anywhere. htmx asks while one types; this module moves
// among what was found, opens it, and remembers what was chosen last.
const KEY = "almanac-found";
const KEPT = 6;
const dialog = document.getElementById("palette");
const input = document.getElementById("palette-q");
const list = document.getElementById("palette-list");
const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

let opener = null;
let waiting = null; // Enter was pressed before the answer came
let settled = null; // the answer whose first option is the current one, unless the arrows moved on

const options = () => [...list.querySelectorAll("[role=option]")];
const current = () => document.getElementById(input.getAttribute("aria-activedescendant") ?? "");
const answer = () => list.querySelector("[data-find-answer]");
const answered = () => answer()?.dataset.typed;
const typed = () => input.value.trim();

const recent = () => {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept.filter((one) => one?.path?.startsWith("/") && !one.path.startsWith("//")).slice(0, KEPT) : [];
  } catch {
    return [];
  }
};

const remember = (option) => {
  const { label, path, detail = "", fields } = option.dataset;
  if (!path || fields !== undefined) return;
  const kept = [{ label, path, detail }, ...recent().filter((one) => one.path !== path)];
  try {
    localStorage.setItem(KEY, JSON.stringify(kept.slice(0, KEPT)));
  } catch {
    // private window: nothing is remembered
  }
};

const element = (name, className, text) => {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
};

const showRecent = () => {
  list.querySelector("[data-recent]")?.remove();
  const kept = recent();
  if (typed() || !kept.length) return;
  const group = element("div", "", "");
  group.setAttribute("role", "group");
  group.setAttribute("aria-labelledby", "find-group-recent");
  group.dataset.recent = "";
  const title = element("div", "find-title", "Chosen last");
  title.setAttribute("aria-hidden", "true");
  title.id = "find-group-recent";
  group.append(title);
  for (const [number, one] of kept.entries()) {
    const option = element("div", "find-option", "");
    option.id = `find-recent-${number}`;
    option.setAttribute("role", "option");
    Object.assign(option.dataset, { label: one.label, path: one.path, detail: one.detail ?? "" });
    const text = element("span", "find-text", "");
    text.append(element("span", "find-label", one.label));
    if (one.detail) text.append(element("span", "find-detail", one.detail));
    option.append(document.getElementById("palette-recent").content.cloneNode(true), text);
    group.append(option);
  }
  list.prepend(group);
};

const activate = (option) => {
  for (const other of options()) other.setAttribute("aria-selected", String(other === option));
  if (!option) return input.removeAttribute("aria-activedescendant");
  input.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
};

const settle = () => {
  settled = answer();
  showRecent();
  if (!document.getElementById("help")) list.querySelector("[data-run=help]")?.remove();
  const found = options();
  const none = found.length === 0;
  input.setAttribute("aria-expanded", String(!none));
  document.getElementById("palette-empty").hidden = !none;
  dialog.querySelector("[data-palette-count]").textContent = none ? "Nothing found" : `${found.length} ${found.length === 1 ? "result" : "results"}`;
  list.scrollTop = 0;
  activate(found[0]);
  if (waiting && answered() === typed()) {
    const { apart } = waiting;
    waiting = null;
    if (found[0]) choose(found[0], apart);
  }
};

const run = {
  theme: () => {
    const next = document.documentElement.dataset.bsTheme === "dark" ? "light" : "dark";
    document.querySelector(`[data-theme-value="${next}"]`)?.click();
  },
  help: () => document.getElementById("help")?.showModal(),
};

const token = () => JSON.parse(document.body.getAttribute("hx-headers:inherited"))["X-CSRFToken"];

const send = (path, fields, apart) => {
  const form = document.createElement("form");
  Object.assign(form, { method: "post", action: path, target: apart ? "_blank" : "", hidden: true });
  for (const [name, value] of [["csrf_token", token()], ...fields]) {
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name, value });
    form.append(field);
  }
  document.body.append(form);
  form.submit();
  form.remove();
};

const choose = (option, apart) => {
  const { path, fields, run: name } = option.dataset;
  remember(option);
  if (apart && path && fields === undefined) {
    window.open(path, "_blank", "noopener");
    return;
  }
  dialog.close();
  if (name) run[name]?.();
  else if (fields !== undefined) send(path, JSON.parse(fields), apart);
  else location.assign(path);
};

const ask = () => window.htmx.ajax("GET", `/find?q=${encodeURIComponent(typed())}`, { source: input.form, target: list, swap: "innerHTML" });

const open = () => {
  if (dialog.open) return;
  opener = document.activeElement;
  waiting = null;
  dialog.showModal();
  input.value = "";
  showRecent();
  activate(options()[0]);
  input.focus();
  ask();
};

const enter = (event) => {
  const option = current();
  const apart = event.ctrlKey || event.metaKey;
  if (typed() && (answered() !== typed() || answer() !== settled)) {
    event.preventDefault();
    waiting = { apart }; // what is shown answers what was typed before, or has only just come
  } else if (option) {
    event.preventDefault();
    choose(option, apart);
  } else if (!typed()) {
    event.preventDefault();
  }
};

const step = (event) => {
  const all = options();
  if (!all.length) return;
  event.preventDefault();
  const at = all.indexOf(current());
  const next = event.key === "ArrowDown" ? at + 1 : at < 0 ? all.length - 1 : at - 1;
  activate(all[(next + all.length) % all.length]);
};

if (dialog) {
  for (const place of document.querySelectorAll("[data-palette-open]")) {
    place.setAttribute("role", "button");
    place.setAttribute("aria-haspopup", "dialog");
    place.setAttribute("aria-keyshortcuts", isMac ? "Meta+K" : "Control+K");
    const key = place.querySelector("[data-palette-key]");
    if (key && isMac) key.dataset.paletteKey = "⌘ K";
    place.addEventListener("keydown", (event) => {
      if (event.key !== " ") return;
      event.preventDefault();
      open();
    });
  }
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      if (dialog.open) dialog.close();
      else if (!document.querySelector("dialog[open]")) open();
    }
  }, true);
  document.addEventListener("click", (event) => {
    const place = event.target.closest?.("[data-palette-open]");
    if (place && !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0) {
      event.preventDefault();
      open();
    }
  });
  dialog.addEventListener("keydown", (event) => {
    event.stopPropagation(); // the page's own keys rest
    if (event.key === "Enter" && event.target === input) enter(event);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") step(event);
  });
  dialog.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) choose(option, event.ctrlKey || event.metaKey);
    else if (event.target === dialog || event.target.closest("[data-palette-close]")) dialog.close();
  });
  list.addEventListener("pointermove", (event) => {
    const option = event.target.closest("[role=option]");
    if (option && option !== current()) activate(option);
  });
  dialog.addEventListener("close", () => {
    waiting = null;
    if (opener?.isConnected && opener !== document.body) opener.focus();
  });
  document.addEventListener("htmx:after:swap", (event) => {
    if (event.detail.ctx.target === list) settle();
  });
}
