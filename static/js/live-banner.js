// Lines at the foot of the page, each about one thing and each standing until it no longer holds.
const stack = document.createElement("div");
stack.className = "live-banners";
stack.setAttribute("role", "status");
stack.setAttribute("aria-atomic", "false");
document.body.append(stack);

const lineOf = (kind) => stack.querySelector(`[data-kind="${kind}"]`);

const begin = (kind) => {
  const line = document.createElement("div");
  line.className = "live-banner";
  line.dataset.kind = kind;
  line.append(document.createElement("span"));
  stack.append(line);
  return line;
};

// The same line says another thing: its controls, one of which may have the focus, stay.
export const show = (kind, text, controls = []) => {
  const line = lineOf(kind) ?? begin(kind);
  if (line.firstChild.textContent !== text) line.firstChild.textContent = text;
  if (line.children.length !== controls.length + 1) line.replaceChildren(line.firstChild, ...controls);
};

export const hide = (kind) => lineOf(kind)?.remove();
