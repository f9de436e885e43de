// Judged in the page by reach.py: what a person can see, press and find.

const seen = (e) =>
  e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && e.getClientRects().length > 0;
const told = (e) => e.outerHTML.replace(/\s+/g, " ").slice(0, 150);
const shown = (within, wanted) => [...within.querySelectorAll(wanted)].filter((e) => !e.disabled && seen(e));

// What is seen but does nothing where no script runs: a button that neither sends nor opens, a
// field of a form without a button, a link that leads nowhere, the name of a key.
const deadWithin = (within) => {
  const opens = (e) => e.hasAttribute("popovertarget") || e.hasAttribute("commandfor");
  const sends = (e) => e.type === "submit" && !e.disabled && seen(e);
  const alive = (e) => opens(e) || (e.form && e.type !== "button" && [...e.form.elements].some(sends));
  return [
    ...shown(within, "button, input:not([type=hidden]), select, textarea").filter((e) => !alive(e)),
    ...shown(within, "a").filter((e) => /^(#|javascript:.*)?$/.test(e.getAttribute("href") ?? "")),
    ...shown(within, "[role=button], [role=switch], [role=tab], [draggable=true], kbd").filter(
      (e) => !e.matches("button, a, input, summary, dd *, dt *"),
    ),
  ];
};

// Menus and panels open without scripts: what they hold counts as seen.
const deadControls = () => {
  for (const menu of document.querySelectorAll("details")) menu.open = true;
  const dead = new Set(deadWithin(document));
  for (const panel of document.querySelectorAll("[popover]:not([popover=manual])")) {
    panel.showPopover();
    for (const one of deadWithin(panel)) dead.add(one);
    panel.hidePopover();
  }
  return [...dead].map(told);
};

// Why a person could not tell where the focus is, or nothing. A dialog or a part of the page that
// a script focused, to be read from there, needs no frame around it.
const lostFocus = () => {
  const focused = document.activeElement;
  if (!focused || focused === document.body) return "nothing has the focus";
  const face = (getComputedStyle(focused).opacity === "0" && focused.closest("label")) || focused;
  if (!seen(face)) return `not to be seen: ${told(focused)}`;
  const cover = coverOf(face);
  if (cover) return `${told(focused)} lies under ${cover}`;
  const marked = (e) => {
    const style = getComputedStyle(e);
    return (style.outlineStyle !== "none" && style.outlineWidth !== "0px") || style.boxShadow !== "none";
  };
  const instead = face === focused ? [] : [...face.querySelectorAll("*")];
  const around = focused.matches("[role=combobox]") ? [focused.parentElement] : []; // of a search
  const framed = [focused, ...instead, ...around].some(marked);
  return framed || focused.tabIndex < 0 ? "" : `no sign of the focus: ${told(focused)}`;
};

// What lies over the middle of what the window shows of it.
const coverOf = (e) => {
  const box = e.getClientRects()[0];
  const [left, right] = [Math.max(box.left, 0), Math.min(box.right, innerWidth)];
  const [top, bottom] = [Math.max(box.top, 0), Math.min(box.bottom, innerHeight)];
  if (left >= right || top >= bottom) return "the edge of the window";
  const over = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
  return over && (e.contains(over) || over.contains(e)) ? "" : told(over ?? e);
};
