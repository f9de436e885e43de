// A field that is chosen from a search: type, arrow keys through what is found, Enter takes it.
const WAIT = 200;

let timer;
let asked = 0;

const parts = (input) => {
  const picker = input.closest("[data-picker]");
  const form = input.form;
  return {
    list: picker.querySelector("[role=listbox]"),
    count: picker.querySelector("[data-picker-count]"),
    chosen: form.querySelector("[data-picker-chosen]"),
    address: picker.dataset.picker,
  };
};
const inputOf = (event) => event.target.closest?.("[data-picker] [role=combobox]");

const close = (input) => {
  clearTimeout(timer);
  asked += 1;
  parts(input).list.hidden = true;
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
};

const search = async (input) => {
  const { list, count, address } = parts(input);
  const turn = (asked += 1);
  const answer = await fetch(`${address}&q=${encodeURIComponent(input.value)}`, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!answer?.ok || turn !== asked || !input.isConnected) return;
  list.innerHTML = await answer.text();
  const found = list.children.length;
  list.hidden = found === 0;
  input.setAttribute("aria-expanded", String(found > 0));
  input.removeAttribute("aria-activedescendant");
  count.textContent = found === 0 ? "Nothing found" : `${found} found`;
};

const activate = (input, option) => {
  const { list } = parts(input);
  for (const other of list.children) other.setAttribute("aria-selected", String(other === option));
  input.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
};

const take = (input, option) => {
  input.value = option.dataset.value;
  parts(input).chosen.textContent = option.dataset.text;
  close(input);
};

document.addEventListener("input", (event) => {
  const input = inputOf(event);
  if (!input) return;
  parts(input).chosen.textContent = input.value ? "Choose one of those found, or write its id." : "Empty: none.";
  clearTimeout(timer);
  timer = setTimeout(search, WAIT, input);
});

// Before the editor hears of it: Escape and Enter are the list's as long as it is open.
document.addEventListener("keydown", (event) => {
  const input = inputOf(event);
  if (!input) return;
  const { list } = parts(input);
  const options = [...list.children];
  const at = options.findIndex((option) => option.id === input.getAttribute("aria-activedescendant"));
  const used = () => {
    event.preventDefault();
    event.stopPropagation();
  };
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    used();
    if (list.hidden) return search(input);
    const step = event.key === "ArrowDown" ? at + 1 : at < 0 ? options.length - 1 : at - 1;
    activate(input, options[(step + options.length) % options.length]);
  } else if (list.hidden) {
    return;
  } else if (event.key === "Escape") {
    used();
    close(input);
  } else if (event.key === "Enter" && at >= 0) {
    used();
    take(input, options[at]);
  } else if (event.key === "Tab") {
    close(input);
  }
}, true);

document.addEventListener("pointerdown", (event) => {
  const option = event.target.closest("[data-picker] [role=option]");
  if (!option) return;
  event.preventDefault(); // the focus stays in the field
  take(option.closest("[data-picker]").querySelector("[role=combobox]"), option);
});
