"""Order numbers after a move: the order asked for, and few numbers touched."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.ordering import Item, in_order, moved, renumbered

ITEMS = st.lists(st.one_of(st.none(), st.integers(0, 60)), min_size=1, max_size=12).map(
    lambda numbers: list(enumerate(numbers, start=1))
)


@given(ITEMS, st.data())
def test_the_items_then_stand_as_asked(items: list[Item], data: st.DataObject) -> None:
    ids: Any = st.sampled_from([item_id for item_id, _ in items])
    which, target, after = data.draw(ids), data.draw(ids), data.draw(st.booleans())
    order = moved(items, which, target, after=after)
    new = renumbered(items, order, which)
    numbers = dict(items) | new
    assert [i for i, _ in in_order(list(numbers.items()))] == order
    assert all(number >= 0 for number in new.values())
    assert all(dict(items)[i] != number for i, number in new.items())


@pytest.mark.parametrize(
    ("numbers", "which", "target", "after", "expected"),
    [
        ([10, 20, 30], 3, 1, False, {3: 4}),
        ([10, 20, 30], 1, 2, True, {1: 25}),
        ([10, 20, 30], 1, 3, True, {1: 40}),
        ([1, 2, 3], 3, 1, False, {3: 0}),
        ([1, 2, 3], 3, 1, True, {3: 2, 2: 3}),
        ([0, 1, 2], 3, 1, False, {3: 0, 1: 1, 2: 2}),
        ([10, 20, None, None, None], 5, 1, True, {5: 15}),
        ([None, None, None, None], 3, 1, False, {3: 10}),
        ([None, None, None, None], 3, 1, True, {1: 10, 3: 20}),
        ([10, 20], 1, 1, True, {}),
    ],
)
def test_few_numbers_change(
    numbers: list[int | None], which: int, target: int, after: bool, expected: dict[int, int]
) -> None:
    items = list(enumerate(numbers, start=1))
    assert renumbered(items, moved(items, which, target, after=after), which) == expected


def test_what_is_not_there_cannot_be_moved() -> None:
    with pytest.raises(KeyError):
        moved([(1, 10)], 1, 2, after=True)
