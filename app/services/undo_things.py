"""What is no record and can be undone all the same: feeds, providers, flags, webhooks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from sqlalchemy.orm import Session

from app.services.undo_feeds import undo_feed_changes
from app.services.undo_flags import undo_flag_changes
from app.services.undo_providers import undo_provider_changes
from app.services.undo_records import ChangeLine, Refused
from app.services.undo_webhooks import undo_webhook_changes

Undo = Callable[[Session, int, Sequence[ChangeLine]], tuple[int, list[Refused]]]


class Thing(NamedTuple):
    """Who may undo changes of one record type, and how it is done: inside the transaction and

    in the given batch, returning how many changes were taken back and those that were not.
    """

    permission: str
    undo: Undo


THINGS: dict[str, Thing] = {
    "feed": Thing("admin:feed:manage", undo_feed_changes),
    "provider": Thing("admin:provider:manage", undo_provider_changes),
    "feature_flag": Thing("admin:flag:manage", undo_flag_changes),
    "webhook": Thing("admin:webhook:manage", undo_webhook_changes),
}
