"""What is expensive to count, remembered until the catalog changes.

Process-local. An entry is found only under the state of the catalog it was
made from, so there is nothing to invalidate and nothing shared to get wrong.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Batch, CatalogRevision

Value = TypeVar("Value")
State = tuple[str, int, str]


def catalog_state(session: Session) -> State | None:
    """What names the catalog as it is now; None where nothing can be remembered.

    Revision alone would not do: a rolled-back transaction, or a restored backup,
    uses a number again. With the newest batch, whose id is random, it is unique.
    Before the first batch nobody has written through the write path, and what
    lies there may change without a new revision.
    """
    newest = select(Batch.public_id).order_by(Batch.id.desc()).limit(1).scalar_subquery()
    row = session.execute(
        select(CatalogRevision.revision, newest).where(CatalogRevision.id == 1)
    ).first()
    if row is None or row[1] is None:
        return None
    return str(session.get_bind().engine.url), row[0], row[1]


class StateCache:
    """The most recently used values, at most ``size``, each bound to one state of the catalog."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._values: OrderedDict[tuple[State, Hashable], Any] = OrderedDict()

    def get(self, state: State | None, key: Hashable) -> Any:
        """The remembered value, or None."""
        with self._lock:
            found = None if state is None else self._values.get((state, key))
            if state is not None and found is not None:
                self._values.move_to_end((state, key))
            return found

    def newest(self, key: Hashable) -> tuple[State, Any] | None:
        """What was remembered or asked for last under that key, and the state it belongs to."""
        with self._lock:
            for (state, other), value in reversed(self._values.items()):
                if other == key:
                    return state, value
            return None

    def keep(self, state: State | None, key: Hashable, value: Value) -> Value:
        """Remember the value and return it; without a state only return it."""
        if state is not None:
            with self._lock:
                self._values[state, key] = value
                self._values.move_to_end((state, key))
                while len(self._values) > self._size:
                    self._values.popitem(last=False)
        return value

    def get_or_make(self, state: State | None, key: Hashable, make: Callable[[], Value]) -> Value:
        """The remembered value, else what ``make`` gives; two threads may both make it."""
        found: Value | None = self.get(state, key)
        return self.keep(state, key, make()) if found is None else found

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._values.clear()
