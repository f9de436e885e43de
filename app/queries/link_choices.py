"""What helps a person to decide about links: entries to choose from, and what a merge takes."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import EntryAlias, Override, ProviderModel
from app.queries.entries import list_entries
from app.queries.entry_filter import EntryFilter
from app.queries.provider_model_conditions import deleted_providers

MAX_SUGGESTED = 20


class EntrySuggestion(NamedTuple):
    """An entry that somebody may mean, with how many offers it has."""

    public_id: str
    name: str | None
    offers: int


class Belongings(NamedTuple):
    """What goes with an entry: its offers, the other spellings of its id, people's decisions."""

    offers: int
    aliases: int
    decisions: int


def list_entry_suggestions(session: Session, words: str, *, but: str) -> list[EntrySuggestion]:
    """The first entries that hold the words, by name; not the one with the public id ``but``."""
    wanted = EntryFilter(q=words or None, sort="model_display_name", order="asc")
    page = list_entries(session, wanted, limit=MAX_SUGGESTED + 1, offset=0)
    rows = [row for row in page.rows if row.public_id != but][:MAX_SUGGESTED]
    counts = dict(
        session.execute(
            select(ProviderModel.entry_id, func.count())
            .where(
                ProviderModel.entry_id.in_([row.id for row in rows]),
                ProviderModel.provider_id.not_in(deleted_providers()),
            )
            .group_by(ProviderModel.entry_id)
        ).all()
    )
    return [
        EntrySuggestion(row.public_id, row.model_display_name, counts.get(row.id, 0))
        for row in rows
    ]


def count_of(session: Session, entry_id: int) -> Belongings:
    """What a merge of this entry into another takes along, and what it puts aside."""
    offers = select(func.count()).where(
        ProviderModel.entry_id == entry_id, ProviderModel.provider_id.not_in(deleted_providers())
    )
    aliases = select(func.count()).where(EntryAlias.entry_id == entry_id)
    decisions = select(func.count()).where(
        Override.record_type == "entry", Override.record_id == entry_id
    )
    columns = (one.scalar_subquery() for one in (offers, aliases, decisions))
    return Belongings._make(session.execute(select(*columns)).one())
