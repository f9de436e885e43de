// Puts a card over or under a cell, within the window and off messages. On a phone the style sheet places it below.
const EDGE = 8;

export const placeOver = (card, cell) => {
  const box = cell.getBoundingClientRect();
  put(card, box.left, box.top);
};

export const placeBelow = (card, cell) => {
  const box = cell.getBoundingClientRect();
  const height = card.offsetHeight;
  const below = box.bottom + 2 + height <= innerHeight - EDGE;
  put(card, box.left, below ? box.bottom + 2 : box.top - height - 2);
};

// A message may hold an Undo that somebody wants to reach: the card keeps beside or above it.
const besideMessage = (left, top, width, height) => {
  const message = document.querySelector("#toasts:has(*)")?.getBoundingClientRect();
  if (!message || top + height < message.top || left + width < message.left) return [left, top];
  const beside = message.left - width - EDGE;
  return beside >= EDGE ? [beside, top] : [left, Math.max(EDGE, message.top - height - EDGE)];
};

const put = (card, wantedLeft, wantedTop) => {
  const { offsetWidth: width, offsetHeight: height } = card;
  const within = (value, size, room) => Math.max(EDGE, Math.min(value, room - size - EDGE));
  const [left, top] = besideMessage(within(wantedLeft, width, innerWidth), within(wantedTop, height, innerHeight), width, height);
  card.style.left = `${left}px`;
  card.style.top = `${top}px`;
};
