"""Provider models of one category in their order, and the models that one may refer to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, case, func, or_, select
from sqlalchemy.orm import Session

from app.core.ordering import Item
from app.models import Provider, ProviderModel
from app.queries.provider_model_filter import ProviderModelFilter
from app.queries.provider_models import ProviderModelRow, matching_provider_model_ids

MAX_SUGGESTED = 20


class Suggestion(NamedTuple):
    """A provider model that may be chosen as another's instruct model."""

    public_id: str
    name: str | None
    raw_id: str
    provider: str


def list_ordered_ids(
    session: Session, wanted: ProviderModelFilter, *, limit: int, offset: int
) -> Sequence[int]:
    """A page of the ids that match, in the order of the category: those without a number last."""
    ids = select(ProviderModel.id).where(
        ProviderModel.id.in_(matching_provider_model_ids(session, wanted))
    )
    return session.scalars(ids.order_by(*_ordering()).limit(limit).offset(offset)).all()


def list_category_items(
    session: Session, model: ProviderModelRow, *, within_provider: bool
) -> list[Item]:
    """Ids and order numbers of the model's category, perhaps of its provider only, in order."""
    statement = (
        select(ProviderModel.id, ProviderModel.model_order_number)
        .join(Provider, Provider.id == ProviderModel.provider_id)
        .where(ProviderModel.category == model.category, Provider.deleted_at.is_(None))
        .order_by(*_ordering())
    )
    if within_provider:
        statement = statement.where(ProviderModel.provider_id == model.provider_pk)
    return [(row[0], row[1]) for row in session.execute(statement)]


def _ordering() -> tuple[ColumnElement[bool] | ColumnElement[int], ...]:
    number = ProviderModel.model_order_number
    return number.is_(None), number, ProviderModel.id  # type: ignore[return-value]


def list_suggestions(session: Session, model: ProviderModelRow, words: str) -> list[Suggestion]:
    """Models whose name or id holds the words, those of the same provider first; never itself."""
    own = ProviderModel.provider_id == model.provider_pk
    found = _suggestions().where(ProviderModel.id != model.id)
    found = found.where(_holds(words) if words else own)
    tuned = func.lower(ProviderModel.raw_id).contains("instruct")
    nearest = case((own, 0), else_=1), case((tuned, 0), else_=1)
    ordered = found.order_by(*nearest, ProviderModel.raw_id, ProviderModel.id)
    return [Suggestion._make(row) for row in session.execute(ordered.limit(MAX_SUGGESTED))]


def get_suggestion(session: Session, public_id: str) -> Suggestion | None:
    """The model of this public id, if there is one."""
    row = session.execute(_suggestions().where(ProviderModel.public_id == public_id)).first()
    return Suggestion._make(row) if row else None


def _suggestions() -> Select[str, str | None, str, str]:
    return (
        select(
            ProviderModel.public_id,
            ProviderModel.model_display_name,
            ProviderModel.raw_id,
            Provider.name,
        )
        .join(Provider, Provider.id == ProviderModel.provider_id)
        .where(Provider.deleted_at.is_(None))
    )


def _holds(words: str) -> ColumnElement[bool]:
    text = words.lower()
    return or_(
        ProviderModel.public_id == words,
        func.lower(ProviderModel.raw_id).contains(text, autoescape=True),
        func.lower(ProviderModel.model_display_name).contains(text, autoescape=True),
    )
