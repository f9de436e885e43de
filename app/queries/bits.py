"""Sets of row ids as bits of one long number: intersections of 100,000 take microseconds."""

from __future__ import annotations

from collections.abc import Iterable

Bits = int


def bits_of(ids: Iterable[int], highest: int) -> Bits:
    """The set of these ids, none of them above ``highest``."""
    buffer = bytearray((highest >> 3) + 1)
    for number in ids:
        buffer[number >> 3] |= 1 << (number & 7)
    return int.from_bytes(buffer, "little")


def up_to(highest: int) -> Bits:
    """The set of all ids from 1 to ``highest``."""
    return (1 << (highest + 1)) - 2 if highest > 0 else 0
