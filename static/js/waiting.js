// How many items wait for review, in the navigation: the place of the queue has it, if any wait.
export const showWaiting = (count) => {
  const link = document.querySelector('#navigation a[href="/review"]');
  const pill = link?.querySelector(".pill-count");
  if (!link || (pill?.firstChild.textContent ?? "") === count) return;
  pill?.remove();
  if (!count) return;
  const fresh = document.createElement("span");
  fresh.className = "pill pill-count";
  const what = document.createElement("span");
  what.className = "visually-hidden";
  what.textContent = " waiting";
  fresh.append(count, what);
  link.append(fresh);
};
