"""A page of a list of any kind of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows of a list, and how many there are altogether."""

    rows: list[Row]
    total: int
    limit: int
    offset: int
