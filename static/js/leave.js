// Escape leaves a form that has a way out: data-leave names the link.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.isComposing || event.defaultPrevented) return;
  const form = event.target.closest?.("form[data-leave]");
  if (form) document.getElementById(form.dataset.leave)?.click();
});
