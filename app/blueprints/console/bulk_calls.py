"""A bulk action as calls of the API: the same records, the same change.

The API takes ids of entries, or all that there are but for some; it takes no filter but the
provider of a provider model. So a filter becomes the ids that it finds now.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from app.core.bulk import BulkChange
from app.forms.bulk import MAX_IDS, Wish
from app.queries.selections import Selection, list_changing, list_kept, list_selected
from app.web.curl import Call, Commands, commands

_TOGGLE = {
    "entry": "api_v1_bulk.toggle_catalog",
    "provider_model": "api_v1_bulk.toggle_provider_models",
}


def bulk_calls(session: Session, wish: Wish, change: BulkChange, selection: Selection) -> Commands:
    """A dry run and the action itself.

    Nothing where the API has no such call for many records, or takes only ids of them and they
    are more than can be named.
    """
    said = change.action.label
    if change.action.how == "release":
        order = _release(session, change, selection)
        return commands(Call(said, "api_v1_bulk.reset_catalog", order)) if order else []
    if change.field is None or change.field.name != "active":
        return []
    which = _which(session, wish, selection)
    if which is None:
        return []
    endpoint, body = _TOGGLE[change.record_type], {"enable": change.value, **which}
    return commands(
        Call("Dry run", endpoint, {**body, "dry_run": True}), Call(said, endpoint, body)
    )


def _release(session: Session, change: BulkChange, selection: Selection) -> dict[str, Any] | None:
    """The entries that have something to give back."""
    if change.record_type != "entry":
        return None
    names = [one.public_id for one in list_changing(session, change, selection, MAX_IDS + 1)]
    return {"catalog_ids": names} if 0 < len(names) <= MAX_IDS else None


def _which(session: Session, wish: Wish, selection: Selection) -> dict[str, Any] | None:
    """The records as a toggle takes them; None where it cannot.

    An empty list of ids would mean all: no ids are never sent.
    """
    restricted: dict[str, Any] = {}
    if selection.ids is not None:
        restricted = {"id": selection.ids}
    elif wish.wanted is not None:
        restricted = wish.wanted.restrictions()
    if selection.record_type == "provider_model" and restricted.keys() <= {"provider_id"}:
        return restricted | _kept(session, selection)
    if not restricted:
        return _kept(session, selection)
    if selection.record_type != "entry":
        return None
    names = list_selected(session, selection, MAX_IDS + 1)
    return {"catalog_ids": names} if 0 < len(names) <= MAX_IDS else None


def _kept(session: Session, selection: Selection) -> dict[str, Any]:
    names = list_kept(session, selection)
    return {"except_models": names} if names else {}
