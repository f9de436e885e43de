"""How far a new installation has come: is anything offered, and did a person correct anything?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import and_, exists, func, select, true
from sqlalchemy.orm import Session

from app.models import CatalogEntry, Override, Provider, ProviderModel
from app.queries.provider_model_conditions import deleted_providers, is_available

_LIVING = Provider.deleted_at.is_(None)
# How many available models are looked at for one whose entry lacks something.
_SEARCHED = 200
# What an entry may lack, the most missed first, and what a sentence calls it.
_WANTED = (
    ("family", "family"),
    ("context_length", "context length"),
    ("description", "description"),
)


class Progress(NamedTuple):
    """``filled``: there are models. ``offered``: a program can get one. ``corrected``: a value
    that feeds fill was decided by hand."""

    filled: bool
    offered: bool
    corrected: bool

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do for anybody."""
        return self.offered and self.corrected


class Choice(NamedTuple):
    """A provider that is off, and how many models it has."""

    public_id: str
    name: str
    models: int


class Suggestion(NamedTuple):
    """An entry worth a look; ``lacks`` says what no feed says of it, None for nothing."""

    public_id: str
    name: str
    lacks: str | None


def read_progress(session: Session) -> Progress:
    """What is done already, in one read that stops at the first record of each kind."""
    model = exists().where(ProviderModel.provider_id.not_in(deleted_providers()))
    offered = exists().where(is_available())
    corrected = exists().where(Override.field != "active")
    found = session.execute(select(model, offered, corrected)).one()
    return Progress(*map(bool, found))


def count_offered(session: Session) -> tuple[int, int]:
    """How many models a program can get now, and of how many providers."""
    statement = select(
        func.count(ProviderModel.id), func.count(ProviderModel.provider_id.distinct())
    )
    models, providers = session.execute(statement.where(is_available())).one()
    return models, providers


def list_choices(session: Session) -> list[Choice]:
    """The providers that are off and have models, by name."""
    models = func.count(ProviderModel.id)
    statement = (
        select(Provider.public_id, Provider.name, models)
        .join(ProviderModel, ProviderModel.provider_id == Provider.id)
        .where(_LIVING, Provider.active.is_(False))
        .group_by(Provider.id, Provider.public_id, Provider.name)
    )
    found = [Choice._make(row) for row in session.execute(statement)]
    return sorted(found, key=lambda one: (one.name.casefold(), one.public_id))


def suggest_correction(session: Session) -> Suggestion | None:
    """An entry to begin with: one that is offered and lacks something, else one that is offered.

    Where nothing is offered it is any active entry; None without entries.
    """
    entry = CatalogEntry
    offered = select(ProviderModel.entry_id).where(is_available()).limit(_SEARCHED).subquery()
    columns = (entry.public_id, entry.model_display_name, *(getattr(entry, n) for n, _ in _WANTED))
    living = and_(entry.active == true(), entry.merged_into_id.is_(None))
    statement = select(*columns).where(living).order_by(entry.id)
    rows = session.execute(statement.where(entry.id.in_(select(offered.c.entry_id)))).all()
    rows = rows or session.execute(statement.limit(_SEARCHED)).all()
    if not rows:
        return None
    public_id, name, *values = min(rows, key=lambda row: _gap(row[2:]))
    gap = _gap(values)
    lacks = _WANTED[gap][1] if gap < len(_WANTED) else None
    return Suggestion(public_id, name or public_id, lacks)


def _gap(values: Sequence[object]) -> int:
    """The place of the first wanted value that is missing, their number where none is."""
    return next((n for n, value in enumerate(values) if value is None), len(_WANTED))
