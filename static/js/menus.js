// A menu that was opened closes when the person turns to something else, or presses Escape.
const others = (target) =>
  [...document.querySelectorAll("details[data-menu][open]")].filter((menu) => !menu.contains(target));

document.addEventListener("click", (event) => {
  for (const menu of others(event.target)) menu.open = false;
});
document.addEventListener("focusin", (event) => {
  for (const menu of others(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && event.target.closest?.("details[data-menu][open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
