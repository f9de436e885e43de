"""Secrets at rest: encrypted with the first of `ALMANAC_ENCRYPTION_KEYS`, read with any of them."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from app.core.errors import ConflictError


class UnreadableSecretError(ConflictError):
    """A stored secret was encrypted with a key that is not among the configured ones."""

    code = "secret_unreadable"
    title = "A stored secret cannot be read"


class Vault:
    """Encrypts and decrypts; holds the installation's keys and shows none of them."""

    __slots__ = ("_fernet",)

    def __init__(self, keys: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def encrypt(self, secret: str) -> str:
        """What may be stored of a secret."""
        return self._fernet.encrypt(secret.encode()).decode()

    def decrypt(self, stored: str, *, of: str) -> str:
        """The secret again; raises `UnreadableSecretError`, which says whose it is (``of``)."""
        try:
            return self._fernet.decrypt(stored.encode()).decode()
        except InvalidToken:
            raise _unreadable(of) from None

    def rotate(self, stored: str, *, of: str) -> str:
        """The same secret encrypted with the first key; raises as `decrypt` does."""
        try:
            return self._fernet.rotate(stored.encode()).decode()
        except InvalidToken:
            raise _unreadable(of) from None


def _unreadable(of: str) -> UnreadableSecretError:
    return UnreadableSecretError(
        f"the stored key of {of} cannot be decrypted: none of ALMANAC_ENCRYPTION_KEYS is the one"
        " it was encrypted with. Add that one behind a comma, or enter the provider's key anew"
    )
