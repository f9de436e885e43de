// The lines of a price: more of them on demand, and beneath each what exactly is kept.

// The decimal point of a text moved to the right, exactly; null where the text is no amount.
const shifted = (text, places) => {
  const found = /^\$?\s*(\d*)(?:\.(\d*))?$/.exec(text.trim());
  if (!found || !(found[1] || found[2])) return null;
  const digits = found[1] + (found[2] ?? "").padEnd(places, "0");
  const at = found[1].length + places;
  const whole = digits.slice(0, at).replace(/^0+(?=\d)/, "") || "0";
  const rest = digits.slice(at).replace(/0+$/, "");
  return rest ? `${whole}.${rest}` : whole;
};

const tell = (line) => {
  const { places, per, kept } = line.querySelector("select").selectedOptions[0]?.dataset ?? {};
  const exact = places ? shifted(line.querySelector("input").value, Number(places)) : null;
  const text = exact === "0" ? "free" : `${per} = ${exact} ${kept}`;
  line.querySelector("[data-exact]").textContent = exact === null ? "" : text;
};

document.addEventListener("input", (event) => {
  const line = event.target.closest("[data-line]");
  if (line) tell(line);
});

const add = (list) => {
  const number = list.children.length + 1;
  const line = list.lastElementChild.cloneNode(true);
  line.querySelector(".price-problem")?.remove();
  for (const field of line.querySelectorAll("[id]")) field.id = field.id.replace(/\d+$/, number);
  const [unit, amount] = line.querySelectorAll("select, input");
  unit.value = "";
  unit.setAttribute("aria-label", `Unit of price ${number}`);
  amount.value = "";
  amount.setAttribute("aria-label", `Dollars of price ${number}`);
  amount.setAttribute("aria-describedby", `price-exact-${number} editor-help`);
  for (const name of ["aria-invalid", "autofocus"]) amount.removeAttribute(name);
  list.append(line);
  tell(line);
  unit.focus();
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-line-add]");
  if (button) add(button.closest("[data-lines-editor]").querySelector("ul"));
});
