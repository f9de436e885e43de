"""Bulk actions: what can be done to many records at once, each described once.

The bar of the console is made from `ACTIONS`, `bulk_change` reads what it sends,
and `app.services.bulk` carries it out. Adding an action is one record here.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from app.core.errors import FieldProblem, ValidationError
from app.core.fields import CAPABILITIES, FIELDS, Field, RecordType
from app.core.values import ValueProblem, check

How = Literal["set", "add", "remove", "release"]
# What the person still has to say: nothing, which capability, a line, or several words.
Wants = Literal["nothing", "capability", "text", "words"]


@dataclass(frozen=True, slots=True)
class BulkAction:
    """One action. ``verb`` is the sentence of the preview, ``done`` that of the outcome.

    Both hold ``{value}`` where the action has an argument. ``field`` is None where
    the argument chooses it (a capability) or where it is every field (a release).
    """

    name: str
    label: str
    verb: str
    done: str
    how: How
    field: str | None = None
    value: Any = None
    wants: Wants = "nothing"


_ACTIVE = (
    BulkAction("enable", "Enable", "be switched on", "switched on", "set", "active", True),
    BulkAction("disable", "Disable", "be switched off", "switched off", "set", "active", False),
)
_GIVE_BACK = BulkAction(
    "give_back", "Give back to the feeds", "go back to the feeds", "given back", "release"
)
ACTIONS: dict[RecordType, tuple[BulkAction, ...]] = {
    "entry": (
        *_ACTIVE,
        BulkAction(
            "set_capability",
            "Set a capability",
            "have the capability {value}",
            "given the capability {value}",
            "set",
            value=True,
            wants="capability",
        ),
        BulkAction(
            "clear_capability",
            "Clear a capability",
            "lose the capability {value}",
            "without the capability {value} now",
            "set",
            value=False,
            wants="capability",
        ),
        BulkAction(
            "set_family",
            "Set the family",
            "be of the family {value}",
            "put into the family {value}",
            "set",
            "family",
            wants="text",
        ),
        BulkAction(
            "set_feature_flag",
            "Require a feature flag",
            "require the feature flag {value}",
            "put behind the feature flag {value}",
            "set",
            "requires_feature_flag",
            wants="text",
        ),
        BulkAction(
            "clear_feature_flag",
            "Require no feature flag",
            "require no feature flag",
            "freed of their feature flag",
            "set",
            "requires_feature_flag",
        ),
        BulkAction(
            "set_experimental",
            "Mark as experimental",
            "be marked as experimental",
            "marked as experimental",
            "set",
            "experimental",
            True,
        ),
        BulkAction(
            "clear_experimental",
            "Mark as not experimental",
            "not be marked as experimental any more",
            "not experimental any more",
            "set",
            "experimental",
            False,
        ),
        BulkAction(
            "add_tags",
            "Add tags",
            "get the tags {value}",
            "tagged {value}",
            "add",
            "tags",
            wants="words",
        ),
        BulkAction(
            "remove_tags",
            "Remove tags",
            "lose the tags {value}",
            "without the tags {value} now",
            "remove",
            "tags",
            wants="words",
        ),
        _GIVE_BACK,
    ),
    "provider_model": (
        *_ACTIVE,
        BulkAction(
            "set_category",
            "Set the category",
            "be in the category {value}",
            "put into the category {value}",
            "set",
            "category",
            wants="text",
        ),
        BulkAction(
            "clear_category",
            "Clear the category",
            "be in no category",
            "taken out of their category",
            "set",
            "category",
        ),
        _GIVE_BACK,
    ),
}


@dataclass(frozen=True, slots=True)
class BulkChange:
    """An action with its argument: what each selected record becomes.

    ``field`` is None for a release of everything; ``fields`` are those that a
    release is restricted to. ``said`` is the argument as a person reads it.
    """

    record_type: RecordType
    action: BulkAction
    field: Field | None = None
    value: Any = None
    said: str = ""
    fields: tuple[str, ...] = ()

    def verb(self) -> str:
        """What will happen to each record: '(will) be switched off'."""
        return self.action.verb.format(value=self.said)

    def done(self) -> str:
        """What happened to them: 'switched off'."""
        return self.action.done.format(value=self.said)


def action_of(record_type: RecordType, name: str) -> BulkAction:
    """The action of that name; raises `ValidationError` naming those that there are."""
    for action in ACTIONS[record_type]:
        if action.name == name:
            return action
    names = ", ".join(action.name for action in ACTIONS[record_type])
    raise ValidationError(
        f"{name!r} is not a bulk action; there are {names}",
        [FieldProblem("action", f"must be one of {names}")],
    )


def bulk_change(record_type: RecordType, name: str, argument: str = "") -> BulkChange:
    """What an action's name and argument, as a form sends them, mean.

    Raises `ValidationError` for an unknown action, or an argument that it needs
    and does not get, or that its field does not accept.
    """
    action = action_of(record_type, name)
    if action.how == "release":
        return BulkChange(record_type, action)
    fields = FIELDS[record_type]
    if action.wants == "capability":
        field = next((f for f in CAPABILITIES if f.name == argument), None)
        if field is None:
            raise _wrong("must be one of " + ", ".join(f.name for f in CAPABILITIES))
        return BulkChange(record_type, action, field, action.value, field.label)
    field = fields[action.field or ""]
    if action.wants == "nothing":
        return BulkChange(record_type, action, field, action.value)
    given: Any = _words(argument) if action.wants == "words" else argument
    try:
        value = check(field, given)
    except ValueProblem as problem:
        raise _wrong(str(problem)) from problem
    if not value:
        raise _wrong(f"say which {field.label.lower()}")
    said = ", ".join(value) if isinstance(value, list) else str(value)
    return BulkChange(record_type, action, field, value, said)


def release_of(record_type: RecordType, fields: Sequence[str] = ()) -> BulkChange:
    """Giving these fields (none: everything) back to the feeds."""
    return BulkChange(record_type, _GIVE_BACK, fields=tuple(fields))


def switch(record_type: RecordType, enable: bool) -> BulkChange:
    """Switching records on or off."""
    return bulk_change(record_type, "enable" if enable else "disable")


def _words(text: str) -> list[str]:
    try:
        rows = list(csv.reader(text.splitlines(), skipinitialspace=True))
    except csv.Error as exc:
        raise _wrong("must be a list with commas between the words") from exc
    return [word.strip() for row in rows for word in row if word.strip()]


def _wrong(message: str) -> ValidationError:
    return ValidationError(message, [FieldProblem("value", message)])
