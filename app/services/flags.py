"""Feature flags: what entries may require, and what each of them means.

A flag is created by itself or in place, when an entry first names it; its key
stays, and it goes only when no entry requires it. All of it is logged as the
record type `feature_flag`, so that it can be undone: the row as a whole under `*`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.errors import ConflictError, FieldProblem, NotFoundError, ValidationError
from app.core.fields import Field, Kind
from app.core.permissions import Actor
from app.core.values import ValueProblem, check
from app.models import CatalogEntry, Change, FeatureFlag, now
from app.queries.states import chunks
from app.services.transaction import AnySession, writing
from app.services.write import Action, bump_revision, change_row, insert_rows, open_batch

RECORD = "feature_flag"
PERMISSION = "admin:flag:manage"
CHANGED = "was changed since"
FIELDS = {
    field.name: field
    for field in (
        Field("key", "Key", Kind.TEXT, "What entries require.", "operator"),
        Field("name", "Name", Kind.TEXT, "What people call it.", "operator", nullable=True),
        Field(
            "description",
            "Description",
            Kind.LONG_TEXT,
            "Who has it, and what for.",
            "operator",
            nullable=True,
        ),
    )
}


class FlagWritten(NamedTuple):
    """What a use case wrote: the flag's row id, and its batch (None: nothing was different)."""

    id: int
    batch: str | None


def ensure_flags(session: Session, batch_id: int, keys: Collection[str]) -> None:
    """Create the feature flags that an edit in this batch names first, and log them.

    The write path calls it inside its transaction. Those there are stay until it ends:
    nobody deletes a flag while an entry begins to require it.
    """
    known: set[str] = set()
    for some in chunks(sorted(set(keys))):
        wanted = select(FeatureFlag.key).where(FeatureFlag.key.in_(some))
        known |= set(session.scalars(wanted.with_for_update(read=True, key_share=True)))
    for key in sorted(set(keys) - known):
        _insert(session, batch_id, {"key": key, "name": None, "description": None})


def create_flag(
    session: AnySession, actor: Actor, values: Mapping[str, Any], *, reason: str | None = None
) -> FlagWritten:
    """Add a flag: its ``key`` (one line of at most 255 characters), ``name``, ``description``.

    Raises `ValidationError`, and `ConflictError` where there is one with this key.
    """
    actor.require(PERMISSION)
    given = _checked({name: values.get(name) or None for name in FIELDS})
    if given["key"] is None:
        raise _wrong("key", "must not be empty")
    with writing(session) as db:
        if db.scalar(select(FeatureFlag.id).where(FeatureFlag.key == given["key"])) is not None:
            raise ConflictError(
                f"there is a feature flag {given['key']!r} already",
                [FieldProblem("key", "is taken")],
            )
        batch_id, public_id = open_batch(db, Action("flag", actor, reason))
        flag_id = _insert(db, batch_id, given)
        bump_revision(db)
        return FlagWritten(flag_id, public_id)


def edit_flag(
    session: AnySession,
    actor: Actor,
    flag_id: int,
    values: Mapping[str, Any],
    *,
    version: int | None = None,
    reason: str | None = None,
) -> FlagWritten:
    """Change a flag's ``name`` or ``description``; ``version`` is the one the editor opened.

    Raises `NotFoundError`, `ValidationError` (the key cannot be changed), `ConflictError`
    where somebody else changed it since.
    """
    actor.require(PERMISSION)
    if "key" in values:
        raise _wrong("key", "cannot be changed: entries and programs know the flag by it")
    given = _checked(values)
    with writing(session) as db:
        flag = _locked(db, flag_id)
        if version is not None and flag.version != version:
            raise ConflictError(f"somebody changed the feature flag {flag.key!r} meanwhile")
        different = {name: v for name, v in given.items() if getattr(flag, name) != v}
        if not different:
            return FlagWritten(flag_id, None)
        batch_id, public_id = open_batch(db, Action("flag", actor, reason))
        _assign(db, batch_id, flag, different)
        bump_revision(db)
        return FlagWritten(flag_id, public_id)


def delete_flag(
    session: AnySession, actor: Actor, flag_id: int, *, reason: str | None = None
) -> FlagWritten:
    """Remove a flag that no entry requires; raises `ConflictError` with the number otherwise."""
    actor.require(PERMISSION)
    with writing(session) as db:
        flag = _locked(db, flag_id)
        if requiring := _count_requiring(db, flag.key):
            raise ConflictError(f"the feature flag {flag.key!r} is required by {requiring}")
        batch_id, public_id = open_batch(db, Action("flag", actor, reason))
        _delete(db, batch_id, flag)
        bump_revision(db)
        return FlagWritten(flag_id, public_id)


def undo_flag_change(
    session: Session, batch_id: int, flag_id: int, field: str, old: Any, new: Any
) -> bool | str:
    """Take one logged change of a flag back, inside the transaction of the undoing batch.

    ``old`` and ``new`` are those of the log's row. The change that undoes it is logged under
    ``batch_id``. Returns True; False where it is so already; or why it is refused: something
    else is in force by now. Undo entries first: a flag that one of them still requires stays.
    """
    flag = session.scalar(_by_id(flag_id))
    if field == "*" and new is None:
        return flag is None and _bring_back(session, batch_id, flag_id, old)
    if flag is None:
        return False if field == "*" else "was deleted since"
    if field == "*":
        return _take_away(session, batch_id, flag, new)
    if getattr(flag, field) != new:
        return CHANGED
    _assign(session, batch_id, flag, {field: old})
    return True


def _bring_back(session: Session, batch_id: int, flag_id: int, row: Any) -> bool | str:
    there = session.scalar(select(FeatureFlag).where(FeatureFlag.key == row["key"]))
    if there is not None:
        return False if _row(there) == row else "was made anew since, as something else"
    _insert(session, batch_id, row, flag_id)
    return True


def _take_away(session: Session, batch_id: int, flag: FeatureFlag, row: Any) -> bool | str:
    if _row(flag) != row:
        return CHANGED
    if requiring := _count_requiring(session, flag.key):
        return f"is required by {requiring} now"
    _delete(session, batch_id, flag)
    return True


def _count_requiring(session: Session, key: str) -> str | None:
    """How many entries require it, in words; merged ones, too: a split brings them back."""
    requiring = CatalogEntry.requires_feature_flag == key
    count = session.scalar(select(func.count()).select_from(CatalogEntry).where(requiring)) or 0
    return None if not count else "1 entry" if count == 1 else f"{count:,} entries"


def _by_id(flag_id: int) -> Any:
    found = select(FeatureFlag).where(FeatureFlag.id == flag_id).with_for_update()
    return found.execution_options(populate_existing=True)


def _locked(session: Session, flag_id: int) -> FeatureFlag:
    flag: FeatureFlag | None = session.scalar(_by_id(flag_id))
    if flag is None:
        raise NotFoundError("there is no such feature flag")
    return flag


def _row(flag: FeatureFlag) -> dict[str, Any]:
    return {name: getattr(flag, name) for name in FIELDS}


def _insert(
    session: Session, batch_id: int, row: Mapping[str, Any], flag_id: int | None = None
) -> int:
    moment = now()
    values = {name: row[name] for name in FIELDS}
    flag = FeatureFlag(id=flag_id, **values, created_at=moment, updated_at=moment)
    session.add(flag)
    session.flush()
    _log(session, batch_id, flag.id, {"*": (None, values)})
    return flag.id


def _assign(session: Session, batch_id: int, flag: FeatureFlag, values: Mapping[str, Any]) -> None:
    _log(session, batch_id, flag.id, {n: (getattr(flag, n), v) for n, v in values.items()})
    for name, value in values.items():
        setattr(flag, name, value)
    flag.version += 1
    flag.updated_at = now()
    session.flush()


def _delete(session: Session, batch_id: int, flag: FeatureFlag) -> None:
    _log(session, batch_id, flag.id, {"*": (_row(flag), None)})
    session.delete(flag)
    session.flush()


def _log(
    session: Session, batch_id: int, flag_id: int, changes: Mapping[str, tuple[Any, Any]]
) -> None:
    rows = [
        change_row(batch_id, RECORD, flag_id, name, (old, False), (new, False))
        for name, (old, new) in changes.items()
    ]
    insert_rows(session, Change, rows)


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    checked: dict[str, Any] = {}
    for name, value in values.items():
        if name not in FIELDS:
            raise _wrong(name, "is no field of a feature flag")
        try:
            checked[name] = check(FIELDS[name], value or ("" if name == "key" else None))
        except ValueProblem as problem:
            raise _wrong(name, str(problem)) from problem
    return checked


def _wrong(name: str, problem: str) -> ValidationError:
    return ValidationError(f"{name} {problem}", [FieldProblem(name, problem)])
