// A long list of choices shows only those whose text has what is typed; ticked ones stay.
document.addEventListener("input", (event) => {
  const field = event.target.closest("[data-narrow]");
  if (!field) return;
  const wanted = field.value.trim().toLowerCase();
  let shown = 0;
  for (const item of document.querySelectorAll(`${field.dataset.narrow} > li`)) {
    const stays = item.textContent.toLowerCase().includes(wanted) || item.querySelector(":checked");
    item.hidden = !stays;
    if (stays) shown += 1;
  }
  document.getElementById(field.getAttribute("aria-describedby")).textContent = wanted ? `${shown} shown` : "";
});

// Enter in the search would send the form: it belongs to the button below.
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches("[data-narrow]")) event.preventDefault();
});
