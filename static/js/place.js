// Puts a card over or under a cell, within the window. On a phone the style sheet places it below.
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

const put = (card, left, top) => {
  const within = (value, size, room) => Math.max(EDGE, Math.min(value, room - size - EDGE));
  card.style.left = `${within(left, card.offsetWidth, innerWidth)}px`;
  card.style.top = `${within(top, card.offsetHeight, innerHeight)}px`;
};
