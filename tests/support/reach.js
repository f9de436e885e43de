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
