// The filters follow the address bar: a chip that is clicked away empties its select.
const form = document.querySelector("[data-filters]");

const follow = () => {
  const state = new URLSearchParams(location.search);
  for (const field of form.elements) {
    if (!field.name || field === document.activeElement) continue;
    if (field.type === "hidden" && field.name === "csrf_token") continue;
    field.value = state.get(field.name) ?? "";
    field.closest(".chooser")?.classList.toggle("is-set", field.value !== "");
    const range = field.closest(".range");
    range?.classList.toggle("is-set", [...range.querySelectorAll("input")].some((end) => end.value !== ""));
  }
  const more = form.querySelector(".more-filters");
  const set = [...(more?.querySelectorAll("select, .range-end") ?? [])].filter((one) => one.value !== "").length;
  more?.toggleAttribute("data-active", set > 0);
  const count = more?.querySelector(".pill-count");
  if (count) count.textContent = set || "";
};

// The answer to a filter brings how many records each choice would leave now.
const count = (counts) => {
  for (const select of form.querySelectorAll("select")) {
    const numbers = counts[select.name];
    if (!numbers) continue;
    for (const option of select.options) {
      if (!option.value) continue;
      option.dataset.text ??= option.text.replace(/ \([\d,]+\)$/, "");
      const text = `${option.dataset.text} (${(numbers[option.value] ?? 0).toLocaleString("en")})`;
      if (option.text !== text) option.text = text;
    }
  }
};

if (form) {
  document.addEventListener("htmx:after:history:push", follow);
  document.addEventListener("htmx:after:history:replace", follow);
  document.addEventListener("click", (event) => {
    const details = form.querySelector(".more-filters[open]");
    if (details && !details.contains(event.target)) details.open = false;
  });
  form.addEventListener("keydown", (event) => {
    const details = event.target.closest(".more-filters[open]");
    if (event.key !== "Escape" || !details) return;
    details.open = false;
    details.querySelector("summary").focus();
  });
  // The cells' forms say where the table stands, so that errors and editors lead back to it.
  document.addEventListener("htmx:after:swap", () => {
    const counts = document.getElementById("facet-counts");
    if (counts) count(JSON.parse(counts.textContent));
    counts?.remove();
    const here = document.getElementById("results")?.dataset.here;
    for (const id of ["flip", "edit", "order", "decide"]) {
      const back = document.getElementById(id)?.elements.back;
      if (back && here) back.value = here;
    }
  });
}
