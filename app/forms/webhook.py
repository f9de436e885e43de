"""The form of a webhook. What is acceptable the service says, in one place."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, IntegerField, SelectMultipleField, StringField

from app.core.events import EVENTS
from app.core.webhooks import LABELS

_CHOICES: Any = list(EVENTS)


class WebhookForm(FlaskForm):  # type: ignore[misc]
    """A webhook; its secret is made, never typed."""

    url = StringField(LABELS["url"])
    description = StringField(LABELS["description"])
    events = SelectMultipleField(LABELS["events"], choices=_CHOICES, validate_choice=False)
    active = BooleanField(LABELS["active"])
    version = IntegerField("Version")

    def values(self) -> dict[str, Any]:
        """What was sent, for the service to check."""
        return {
            "url": self.url.data or "",
            "description": self.description.data or None,
            "events": list(self.events.data or []),
            "active": bool(self.active.data),
        }
