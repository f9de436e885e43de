"""Offering the models of providers: the first step with a catalog that feeds have filled."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import and_, func, select, true
from sqlalchemy.orm import Session

from app.core.errors import NotFoundError, ValidationError
from app.core.fields import FIELDS
from app.core.permissions import Actor
from app.models import Provider, ProviderModel
from app.services.many_sql import Many
from app.services.provider_rows import lock_providers, write_provider
from app.services.transaction import AnySession, writing
from app.services.write import Action, bump_revision, open_batch
from app.services.write_many import lock_records, set_many

MAX_PROVIDERS = 500


class Offered(NamedTuple):
    """How many providers and models were switched on, and the batch that an undo names."""

    providers: int
    models: int
    batch: str | None


def offer_providers(
    session: AnySession, actor: Actor, public_ids: Collection[str], *, reason: str | None = None
) -> Offered:
    """Switch on providers and every model they have, as one batch that one undo takes back.

    What is on already stays as it is; where that is everything nothing is written. Raises
    `ValidationError` for none or too many ids, `NotFoundError` for an unknown one,
    `ForbiddenError`; then nothing changed.
    """
    actor.require("admin:provider:manage")
    actor.require("admin:provider-model:edit")
    wanted = set(public_ids)
    if not 1 <= len(wanted) <= MAX_PROVIDERS:
        problem = "choose a provider" if not wanted else f"choose at most {MAX_PROVIDERS} providers"
        raise ValidationError(problem)
    with writing(session) as db:
        lock_providers(db)
        providers = _found(db, wanted)
        mine = ProviderModel.provider_id.in_([provider.id for provider in providers])
        which = and_(mine, ProviderModel.active != true())
        lock_records(db, "provider_model", which)
        off = [provider for provider in providers if not provider.active]
        models = db.scalar(select(func.count(ProviderModel.id)).where(which)) or 0
        if not off and not models:
            return Offered(0, 0, None)
        action = Action("bulk", actor, reason, summary=_summary(models, len(off)))
        batch_id, batch = open_batch(db, action)
        for provider in off:
            write_provider(db, batch_id, provider, {"active": True})
        if models:
            field = FIELDS["provider_model"]["active"]
            set_many(Many(db, batch_id, action, "provider_model", field), True, which)
        bump_revision(db)
        return Offered(len(off), models, batch)


def _found(session: Session, public_ids: Collection[str]) -> Sequence[Provider]:
    """The living providers with these ids, all of them; raises `NotFoundError`."""
    session.expire_all()
    sayable = [one for one in public_ids if "\x00" not in one]  # PostgreSQL stores no NUL
    living = (Provider.public_id.in_(sayable), Provider.deleted_at.is_(None))
    found = session.scalars(select(Provider).where(*living).order_by(Provider.id)).all()
    missing = sorted(set(public_ids) - {provider.public_id for provider in found})
    if missing:
        raise NotFoundError(f"there is no provider {missing[0][:255]!r}")
    return found


def _summary(models: int, providers: int) -> dict[str, Any]:
    """What lists of batches say of it, in the shape that bulk actions have."""
    said = "1 provider" if providers == 1 else f"{providers:,} providers"
    return {
        "record_type": "provider_model",
        "action": "enable",
        "done": f"switched on, with {said}" if providers else "switched on",
        "updated": models,
    }
