"""Passwords: argon2id, and the same work whether or not there is such a user."""

from __future__ import annotations

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from app.core.errors import FieldProblem, ValidationError

SHORTEST, LONGEST = 8, 1024
# RFC 9106, second recommendation: 64 MiB, three passes, four lanes.
_hasher = PasswordHasher()


def check_password(password: str) -> None:
    """Raise `ValidationError` for a password that is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        text = f"must have {SHORTEST} to {LONGEST} characters"
        raise ValidationError(f"the password {text}", [FieldProblem("password", text)])


def make_password() -> str:
    """A password that nobody guesses, without look-alike characters."""
    alphabet = "abcdefghijkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(alphabet) for _ in range(5)) for _ in range(4))


def hash_password(password: str) -> str:
    """The hash to keep; raises `ValidationError` as `check_password` does."""
    check_password(password)
    return _hasher.hash(password)


def verify_password(stored: str | None, password: str) -> bool:
    """Whether the password is right; costs the same where nothing is stored."""
    try:
        _hasher.verify(stored or _nobodys(), password[:LONGEST])
    except (Argon2Error, InvalidHashError):
        return False
    return stored is not None


def is_outdated(stored: str) -> bool:
    """Whether the hash was made with other costs than today's."""
    return _hasher.check_needs_rehash(stored)


@cache
def _nobodys() -> str:
    return _hasher.hash("nobody has this password")
