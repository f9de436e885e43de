"""People who may log in."""

from __future__ import annotations

import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import (
    ConflictError,
    FieldProblem,
    NotFoundError,
    UnauthenticatedError,
    ValidationError,
)
from app.core.permissions import Actor, Role
from app.models import User, now
from app.services.account_log import log_account_change
from app.services.passwords import hash_password, is_outdated, verify_password
from app.services.sessions import end_sessions_of
from app.services.transaction import writing

_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")


def normal_email(text: str) -> str:
    """The one spelling of an e-mail address; raises `ValidationError` if it is none."""
    email = text.strip().lower()
    if not _EMAIL.fullmatch(email) or len(email) > 255 or "\x00" in email:
        raise ValidationError(
            f"{text!r} is not an e-mail address",
            [FieldProblem("email", "must be an e-mail address of at most 255 characters")],
        )
    return email


def parse_role(text: str) -> Role:
    """The role of that name; raises `ValidationError` naming the roles."""
    try:
        return Role(text)
    except ValueError as exc:
        accepted = "must be " + ", ".join(Role)
        raise ValidationError(
            f"the role {text!r} is unknown; it {accepted}", [FieldProblem("role", accepted)]
        ) from exc


def create_user(session: Session, actor: Actor, email: str, password: str, role: str) -> int:
    """Add a user and return the id; raises `ConflictError` where the e-mail is taken."""
    actor.require("admin:user:manage")
    email, chosen = normal_email(email), parse_role(role)
    hashed = hash_password(password)
    with writing(session):
        if session.scalar(select(User.id).where(User.email == email)) is not None:
            raise ConflictError(
                f"there is a user {email} already", [FieldProblem("email", "is taken")]
            )
        user = User(email=email, password_hash=hashed, role=chosen.value, created_at=now())
        session.add(user)
        session.flush()
        new = {"email": email, "role": chosen.value}
        log_account_change(session, actor, "user", user.id, {"*": (None, new)})
        return user.id


def authenticate(session: Session, email: str, password: str) -> int:
    """The id of the user with this e-mail and password.

    Raises `UnauthenticatedError` with one text for all reasons, after the same
    work for all of them. Renews a hash that was made with other costs.
    """
    # A NUL is no part of any stored e-mail, and PostgreSQL would not even look for it.
    wanted = email.replace("\x00", " ").strip().lower()
    query = select(User.id, User.password_hash, User.active).where(User.email == wanted)
    found = session.execute(query).one_or_none()
    right = verify_password(found.password_hash if found else None, password)
    if found is None or not right or not found.active:
        raise UnauthenticatedError("the e-mail or the password is wrong")
    if is_outdated(found.password_hash):
        hashed = hash_password(password)
        with writing(session):
            _get(session, found.id).password_hash = hashed
    return int(found.id)


def change_password(
    session: Session,
    actor: Actor,
    user_id: int,
    password: str,
    *,
    current: str | None = None,
    keep: str | None = None,
) -> None:
    """Set a new password and end all the user's sessions but the one whose secret is `keep`.

    A user who is no admin must give the current password and may change only the own one.
    """
    hashed = hash_password(password)
    user = _get(session, user_id)
    if actor.kind == "user" and actor.name == user.email and current is not None:
        if not verify_password(user.password_hash, current):
            raise ValidationError(
                "the current password is wrong", [FieldProblem("current", "is wrong")]
            )
    else:
        actor.require("admin:user:manage")
    with writing(session):
        _get(session, user_id).password_hash = hashed
        end_sessions_of(session, user_id, but=keep)
        log_account_change(session, actor, "user", user_id, {"password": (None, None)})


def set_role(session: Session, actor: Actor, user_id: int, role: str) -> None:
    """Change what a user may do, from the next request on.

    Raises `ConflictError` for the last active admin, who cannot step down.
    """
    actor.require("admin:user:manage")
    chosen = parse_role(role)
    with writing(session):
        admins = _lock_admins(session)
        user = _get(session, user_id)
        if user.role == chosen.value:
            return
        if chosen is not Role.ADMIN:
            _keep_an_admin(admins, user)
        log_account_change(session, actor, "user", user.id, {"role": (user.role, chosen.value)})
        user.role = chosen.value


def set_active(session: Session, actor: Actor, user_id: int, *, active: bool) -> None:
    """Let a user in again, or out at once: a deactivated user's sessions end.

    Raises `ConflictError` for the last active admin.
    """
    actor.require("admin:user:manage")
    with writing(session):
        admins = _lock_admins(session)
        user = _get(session, user_id)
        if user.active == active:
            return
        if not active:
            _keep_an_admin(admins, user)
            end_sessions_of(session, user.id)
        user.active = active
        log_account_change(session, actor, "user", user.id, {"active": (not active, active)})


def _get(session: Session, user_id: int) -> User:
    user = session.get(User, user_id)
    if user is None:
        raise NotFoundError("there is no such user")
    return user


def _lock_admins(session: Session) -> set[int]:
    """The active admins, locked: of two who put each other out at once, the second is refused.

    Before anything else of the transaction, and in one order, so that nobody waits in a circle.
    """
    query = select(User.id).where(User.role == Role.ADMIN.value, User.active.is_(True))
    return set(session.scalars(query.order_by(User.id).with_for_update()))


def _keep_an_admin(admins: set[int], user: User) -> None:
    if admins == {user.id}:
        raise ConflictError(f"{user.email} is the last active admin")
