"""Moving one item of an ordered list: which order numbers must become others."""

from __future__ import annotations

from collections.abc import Sequence

STEP = 10

Item = tuple[int, int | None]
"""An item's id and its order number; None where it has none yet."""


def in_order(items: Sequence[Item]) -> list[Item]:
    """The items as they are shown: by number, then by id; those without a number last."""
    return sorted(items, key=lambda item: (item[1] is None, item[1] or 0, item[0]))


def moved(items: Sequence[Item], which: int, target: int, *, after: bool) -> list[int]:
    """The ids in their new order, with ``which`` put before or after ``target``.

    Raises `KeyError` where one of them is not among the items.
    """
    ids = [item_id for item_id, _ in in_order(items)]
    for item_id in (which, target):
        if item_id not in ids:
            raise KeyError(item_id)
    if which == target:
        return ids
    ids.remove(which)
    at = ids.index(target) + after
    return [*ids[:at], which, *ids[at:]]


def renumbered(items: Sequence[Item], order: Sequence[int], which: int) -> dict[int, int]:
    """The new numbers, by id, that make the items stand in this order; few others are touched.

    ``order`` differs from the present one by the place of ``which`` alone. All
    before it get a number, what follows keeps its own as far as it can.
    """
    numbers = dict(items)
    if [item_id for item_id, _ in in_order(items)] == list(order):
        return {}
    at = order.index(which)
    new: dict[int, int] = {}
    last = -1
    for item_id in order[:at]:
        number = numbers[item_id]
        if number is None:
            number = new[item_id] = max(last, 0) + STEP
        last = number
    following = next((n for i in order[at + 1 :] if (n := numbers[i]) is not None), None)
    new[which] = last = _between(last, following)
    for item_id in order[at + 1 :]:
        number = numbers[item_id]
        if number is None or number > last:
            break
        last = new[item_id] = last + 1
    return {item_id: number for item_id, number in new.items() if numbers[item_id] != number}


def _between(below: int, above: int | None) -> int:
    """A number above one and, where there is room, below the other (-1: nothing is below)."""
    if above is None or above - below > 2 * STEP:
        return max(below, 0) + STEP
    return below + max(1, (above - below) // 2)
