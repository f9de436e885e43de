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

// Targets of a finger (WCAG 2.2, 2.5.8): 24 px wide and high, or so far from every other one that a
// circle of 24 px around the middle meets none, nor the circle of another small one.
const LEAST = 24;
const ROUNDING = 0.01;
const ACTS =
  "a[href], button, input:not([type=hidden]), select, textarea, summary, label:has(input), [role=option], [role=switch], [role=button]";
// A finger finds it; what only listeners or the focus bring up, it does not.
const touched = (e) =>
  !e.disabled && e.checkVisibility({ visibilityProperty: true }) && e.getClientRects().length > 0 &&
  !e.closest(".visually-hidden") && e.getBoundingClientRect().bottom + scrollY > 0;
// A label acts for its control: the two are one target, as large as the larger one.
const labelsOf = (e) => [...(e.labels ?? [])];
const isOne = (a, b) => a.contains(b) || b.contains(a) || labelsOf(a).includes(b) || labelsOf(b).includes(a);
const areaOf = (box) => box.width * box.height;
const boxOf = (e) =>
  [e, ...labelsOf(e)].map((one) => one.getBoundingClientRect()).reduce((most, box) => (areaOf(box) > areaOf(most) ? box : most));
// What stays while the rest scrolls under it, or opens over it, is no neighbour of that.
const planeOf = (e) => {
  if (!e) return "";
  const { position, zIndex } = getComputedStyle(e);
  if (position === "sticky") return `sticky ${zIndex}`;
  const opens = e.matches(":popover-open, dialog") || (position === "absolute" && e.matches("details > *"));
  return position === "fixed" || opens ? e : planeOf(e.parentElement);
};
const targetOf = (e) => {
  const box = boxOf(e);
  const fits = Math.min(box.width, box.height) > LEAST - ROUNDING;
  return { e, box, fits, plane: planeOf(e), x: box.left + box.width / 2, y: box.top + box.height / 2 };
};
const targets = () => [...document.querySelectorAll(ACTS)].filter(touched).map(targetOf);

const awayFrom = ({ x, y }, box) => Math.hypot(Math.max(box.left - x, 0, x - box.right), Math.max(box.top - y, 0, y - box.bottom));
const meets = (small, other) => {
  if (small.plane !== other.plane || isOne(small.e, other.e)) return false;
  const apart = Math.hypot(small.x - other.x, small.y - other.y);
  return awayFrom(small, other.box) < LEAST / 2 - ROUNDING || (!other.fits && apart < LEAST - ROUNDING);
};
// Words stand around it, and their line says how high it is.
const isInSentence = (e) => {
  if (getComputedStyle(e).display !== "inline") return false;
  let block = e.parentElement;
  while (getComputedStyle(block).display === "inline") block = block.parentElement;
  const rest = block.cloneNode(true);
  for (const one of rest.querySelectorAll(`${ACTS}, svg, .visually-hidden`)) one.remove();
  return /\p{L}{2}/u.test(rest.textContent);
};
// A mark in a picture stands where its value is, however near that is to another.
const mayBeSmall = (e) => e.closest("svg") || isInSentence(e);

const judge = (within, report) => {
  const all = targets();
  for (const one of all.filter(({ e }) => within.contains(e))) {
    report.judged.add(one.e);
    const near = one.fits ? null : all.find((other) => meets(one, other));
    if (near && !mayBeSmall(one.e))
      report.small.add(`${one.box.width.toFixed(1)} x ${one.box.height.toFixed(1)} px: ${told(one.e)} beside ${told(near.e)}`);
  }
};

// Of the page, and of each menu, panel and dialog as it opens.
const smallTargets = () => {
  const report = { judged: new Set(), small: new Set() };
  const look = (one, open, close) => [open.call(one), judge(one, report), close.call(one)];
  judge(document.body, report);
  for (const menu of document.querySelectorAll("details:not([open])")) {
    look(menu, () => { menu.open = true; }, () => { menu.open = false; });
  }
  for (const panel of document.querySelectorAll("[popover]:not([popover=manual], :popover-open):has(a, button, input)")) {
    look(panel, panel.showPopover, panel.hidePopover);
  }
  for (const dialog of document.querySelectorAll("dialog:not([open])")) look(dialog, dialog.showModal, dialog.close);
  return { judged: report.judged.size, small: [...report.small] };
};

// Whatever moves by itself, or would when it changes: it takes longer than a millisecond.
const PARTS = ["", "::before", "::after", "::backdrop"];
const longest = (times) => Math.max(...times.split(",").map((time) => parseFloat(time) || 0)); // in seconds
const movesOf = (e, part) => {
  const style = getComputedStyle(e, part);
  const found = [];
  if (style.animationName !== "none" && longest(style.animationDuration) > 0.001) found.push(`animation ${style.animationName}`);
  if (longest(style.transitionDuration) > 0.001) found.push(`transition of ${style.transitionProperty}`);
  if (style.scrollBehavior === "smooth") found.push("smooth scrolling");
  return found.map((move) => `${move}: ${part} ${told(e)}`);
};
const moving = () => [
  ...document.getAnimations().filter((one) => one.effect.getComputedTiming().duration > 1).map((one) => `runs: ${told(one.effect.target)}`),
  ...[...document.querySelectorAll("*")].flatMap((e) => PARTS.flatMap((part) => movesOf(e, part))),
];

// What screen readers listen to must be there before it says something: a message that comes
// together with its place is not heard.
const listening = () => document.querySelectorAll("[role=status], [role=alert], [aria-live]");
