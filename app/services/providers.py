"""Creating, changing and deleting providers.

A deleted provider stays, hidden with its models, until an undo brings it back. Its key
is encrypted before it reaches the database, and the log says only that there was one.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import (
    ConflictError,
    FieldProblem,
    NotFoundError,
    PreconditionError,
    ValidationError,
)
from app.core.hashing import same
from app.core.permissions import Actor
from app.core.providers import DEFAULT_VENDOR, DEFAULTS, check_provider, hint_of
from app.models import Change, Provider, now
from app.services.provider_rows import (
    COLUMNS,
    KEY,
    key_words,
    living_namesake,
    lock_providers,
    provider_change,
    take_default,
    tell_of_provider,
    value_of,
    write_provider,
)
from app.services.secrets import UnreadableSecretError, Vault
from app.services.transaction import AnySession, writing
from app.services.write import Action, bump_revision, insert_rows, open_batch
from app.upstreams._own_lists import check_own_kind

_BLANK: dict[str, Any] = {
    "vendor": DEFAULT_VENDOR,
    "base_url": None,
    "endpoints": [],
    "active": False,
    "category": "llm",
    **dict.fromkeys(DEFAULTS, False),
    "metadata": {},
}


class Written(NamedTuple):
    """A provider's public id, and the batch that an undo names; None where nothing changed."""

    public_id: str
    batch: str | None


def create_provider(
    session: AnySession,
    actor: Actor,
    values: Mapping[str, Any],
    *,
    vault: Vault,
    reason: str | None = None,
) -> Written:
    """Add a provider; it is on where it has a key or ``values`` say so.

    Raises `ValidationError` with every field at fault in its details, `ConflictError`
    for a name that is taken (upper and lower case alike), `ForbiddenError`.
    """
    actor.require("admin:provider:manage")
    given = _checked(values)
    if "name" not in given:
        raise ValidationError("name is needed", [FieldProblem("name", "is needed")])
    key = given.pop(KEY, None)
    given = _BLANK | {"active": key is not None} | given
    with writing(session) as db:
        lock_providers(db)
        _check_name(db, given["name"], None)
        provider = _new_row(db, given, key, vault)
        batch_id, batch = open_batch(db, Action("create", actor, reason))
        created = {"public_id": provider.public_id, **given, KEY: key_words(provider)}
        log: list[dict[str, Any]] = []
        for name in DEFAULTS:
            if given[name]:
                log += take_default(db, batch_id, provider, name)
        log.append(provider_change(batch_id, provider.id, "*", None, created))
        tell_of_provider(db, provider, ["*"])
        insert_rows(db, Change, log)
        bump_revision(db)
        return Written(provider.public_id, batch)


def _new_row(session: Session, given: Mapping[str, Any], key: str | None, vault: Vault) -> Provider:
    moment = now()
    provider = Provider(
        public_id=f"prov_{secrets.token_hex(10)}",
        created_at=moment,
        updated_at=moment,
        **{COLUMNS.get(name, name): value for name, value in given.items()},
    )
    if key is not None:
        _store_key(provider, key, vault)
    session.add(provider)
    session.flush()
    return provider


def edit_provider(
    session: AnySession,
    actor: Actor,
    public_id: str,
    values: Mapping[str, Any],
    *,
    vault: Vault,
    reason: str | None = None,
    if_match: int | None = None,
) -> Written:
    """Give some fields of a provider new values; what is the same already writes nothing.

    The first key switches the provider on, unless ``values`` have ``active`` too.
    Raises `NotFoundError`, `PreconditionError`, and as `create_provider` does.
    """
    actor.require("admin:provider:manage")
    given = _checked(values)
    with writing(session) as db:
        provider = _locked(db, public_id)
        if if_match is not None and if_match != provider.version:
            there = f"{public_id} has version {provider.version} now"
            raise PreconditionError(f"{there}; If-Match names {if_match}")
        if given.get(KEY) is not None and provider.api_key_encrypted is None:
            given.setdefault("active", True)
        key_change = _key_change(provider, given, vault)
        changed = {
            n: v for n, v in given.items() if n != KEY and not same(value_of(provider, n), v)
        }
        if not changed and key_change is None:
            return Written(public_id, None)
        if "name" in changed:
            _check_name(db, changed["name"], provider.id)
        batch_id, batch = open_batch(db, Action("edit", actor, reason))
        write_provider(db, batch_id, provider, changed, key_change)
        bump_revision(db)
        return Written(public_id, batch)


def _key_change(
    provider: Provider, given: Mapping[str, Any], vault: Vault
) -> tuple[str | None, str | None] | None:
    """Store or drop the key; what the log says of it, None where nothing happens."""
    if KEY not in given:
        return None
    old, key = key_words(provider), given[KEY]
    if key is None:
        provider.api_key_encrypted = provider.api_key_hint = None
        return (old, None) if old else None
    if _is_stored(provider, key, vault):
        return None
    _store_key(provider, key, vault)
    return old, "replaced" if old else "set"


def _is_stored(provider: Provider, key: str, vault: Vault) -> bool:
    if provider.api_key_encrypted is None:
        return False
    try:
        return vault.decrypt(provider.api_key_encrypted, of=provider.name) == key
    except UnreadableSecretError:
        return False


def delete_provider(
    session: AnySession,
    actor: Actor,
    public_id: str,
    *,
    reason: str | None = None,
    if_match: int | None = None,
) -> Written:
    """Take a provider and its models out of sight, until an undo; its name is free meanwhile.

    Raises `NotFoundError`, `PreconditionError`, `ForbiddenError`.
    """
    actor.require("admin:provider:manage")
    with writing(session) as db:
        provider = _locked(db, public_id)
        if if_match is not None and if_match != provider.version:
            raise PreconditionError(f"{public_id} has version {provider.version} now")
        batch_id, batch = open_batch(db, Action("delete", actor, reason))
        write_provider(db, batch_id, provider, {"deleted_at": now()})
        bump_revision(db)
        return Written(public_id, batch)


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    given = check_provider(values)
    check_own_kind(given.get("metadata", {}).get("feed_kind", ""))
    return given


def _store_key(provider: Provider, key: str, vault: Vault) -> None:
    provider.api_key_encrypted = vault.encrypt(key)
    provider.api_key_hint = hint_of(key)


def _locked(session: Session, public_id: str) -> Provider:
    lock_providers(session)
    session.expire_all()
    living = (Provider.public_id == public_id, Provider.deleted_at.is_(None))
    provider = session.scalar(select(Provider).where(*living))
    if provider is None:
        raise NotFoundError(f"there is no provider {public_id[:255]!r}")
    return provider


def _check_name(session: Session, name: str, own_id: int | None) -> None:
    taken = living_namesake(session, name, own_id)
    if taken is not None:
        problem = f"there is a provider {taken!r} already"
        raise ConflictError(problem, [FieldProblem("name", problem)])
