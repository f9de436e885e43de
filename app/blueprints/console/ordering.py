"""The order of the provider models within their category."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy.orm import Session

from app.core.errors import FieldProblem, NotFoundError, ValidationError
from app.core.fields import FIELDS
from app.core.ordering import Item, moved, renumbered
from app.core.values import ValueProblem, check
from app.queries.model_order import list_category_items
from app.queries.provider_models import ProviderModelRow
from app.services.records import edit_records
from app.web.permissions import current_actor

FIELD = FIELDS["provider_model"]["model_order_number"]
# One move may give a number to so many models at most; within one provider there are never more.
MAX_MOVED = 2_000


class Place(NamedTuple):
    """Where a model stands among those of its category."""

    position: int
    total: int


class Move(NamedTuple):
    """Where a model is to go: before or after another one, or one step (`up`, `down`)."""

    before: int | None
    after: int | None
    step: str


def place_of(session: Session, model: ProviderModelRow) -> Place | None:
    """The model's place among its provider's models of the category; None without a category."""
    if model.category is None:
        return None
    ids = [item_id for item_id, _ in list_category_items(session, model, within_provider=True)]
    return Place(ids.index(model.id) + 1, len(ids))


def move_model(
    session: Session, model: ProviderModelRow, move: Move, *, within_provider: bool
) -> tuple[Place, str | None]:
    """Move a model within its category; its new place, and the batch (None: nothing moved).

    Only the field is protected, as by a bulk switch: an order freezes no prices.
    Raises `ValidationError` where there is no such order.
    """
    if model.category is None:
        raise _problem("has no order without a category: choose the category first")
    items = list_category_items(session, model, within_provider=within_provider)
    order = _wanted(items, model.id, move)
    numbers = renumbered(items, order, model.id)
    place = Place(order.index(model.id) + 1, len(order))
    if not numbers:
        return place, None
    if len(numbers) > MAX_MOVED:
        raise _problem(
            f"would change for {len(numbers):,} models at once; filter by a provider as well, "
            "or write a number"
        )
    values = {pk: {FIELD.name: _checked(number)} for pk, number in numbers.items()}
    seen = {pk: {FIELD.name: number} for pk, number in items if pk in numbers}
    batch = edit_records(
        session,
        current_actor(),
        "provider_model",
        values,
        default_protection="fields",
        opened=seen,
    )
    return place, batch


def _wanted(items: list[Item], which: int, move: Move) -> list[int]:
    ids = [item_id for item_id, _ in items]
    target, after = (move.before, False) if move.after is None else (move.after, True)
    if move.step in ("up", "down"):
        at = ids.index(which) + (1 if move.step == "down" else -1)
        target = ids[at] if 0 <= at < len(ids) else which
        after = move.step == "down"
    elif (move.before is None) == (move.after is None):
        raise _problem("needs one model to go before or after, or a step up or down")
    try:
        return moved(items, which, target or 0, after=after)
    except KeyError:
        raise NotFoundError("that model is not in the same category any more") from None


def _checked(number: int) -> int:
    try:
        return int(check(FIELD, number))
    except ValueProblem as problem:
        raise _problem(str(problem)) from problem


def _problem(message: str) -> ValidationError:
    return ValidationError(f"{FIELD.label} {message}", [FieldProblem(FIELD.name, message)])
