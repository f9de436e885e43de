"""The events that webhooks can be told of. Adding one is a line here, and its `emit`."""

from __future__ import annotations

from typing import NamedTuple


class Event(NamedTuple):
    """What people call an event, and when it happens."""

    label: str
    help: str


EVENTS: dict[str, Event] = {
    "sync.applied": Event("Sync applied", "A feed was read and what it said was put in force."),
    "sync.failed": Event("Sync failed", "A feed could not be fetched, read or believed."),
    "sync.held": Event("Sync held", "A guard refused a feed's whole answer; a person decides."),
    "review.waiting": Event("Review waiting", "New items wait in the review queue for a person."),
    "model.retired": Event("Model retired", "A model is gone from the feeds that listed it."),
    "model.reactivated": Event("Model reactivated", "A retired model is listed again."),
    "change.written": Event(
        "Change written", "A person or a token edited, switched, undid or configured something."
    ),
    "provider.changed": Event(
        "Provider changed", "A provider was added, edited, deleted or brought back."
    ),
}
# What "Send a test message" sends; nobody subscribes to it.
TEST = "webhook.test"
