"""API tokens: JWTs made here, and those of the issuers somebody configured."""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jws, jwt
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import KeyFlexible, OctKey
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.config import Settings
from app.core.errors import (
    ConflictError,
    FieldProblem,
    ForbiddenError,
    NotFoundError,
    UnauthenticatedError,
    ValidationError,
)
from app.core.permissions import RANK, Actor, Role
from app.models import Token, now
from app.services.account_log import log_account_change
from app.services.jwks import jwks_of
from app.services.touch import EVERY_SECONDS, touch
from app.services.transaction import writing
from app.services.users import parse_role

if TYPE_CHECKING:  # a private module, of which only the name is needed
    from joserfc._rfc7515.model import JWSAlgModel

ISSUER, AUDIENCE = "almanac", "almanac-api"
MAX_DAYS = 3650
DEFAULT_DAYS = 365
_OWN_ALGORITHMS = ("HS256",)
_EXTERNAL_ALGORITHMS = ("RS256", "ES256", "EdDSA", "Ed25519")
_LONGEST = 16_384
_LEEWAY = 30


class _Registry(jws.JWSRegistry):
    """The algorithms given and no other.

    Header fields nobody knows are ignored, as RFC 7515 asks: issuers add their
    own. `EdDSA` raises no warning, though RFC 9864 would rather call it Ed25519:
    issuers still write it.
    """

    max_header_length = 4096

    def __init__(self, algorithms: Collection[str]) -> None:
        super().__init__(algorithms=algorithms, strict_check_header=False)
        self._names = frozenset(algorithms)

    def get_alg(self, name: str) -> JWSAlgModel:
        """The algorithm of that name, if it is one of those given."""
        if name not in self._names:
            raise UnsupportedAlgorithmError(f"{name!r} is not accepted")
        return self.algorithms[name]


_OWN = _Registry(_OWN_ALGORITHMS)
_EXTERNAL = _Registry(_EXTERNAL_ALGORITHMS)


def create_token(
    session: Session,
    actor: Actor,
    settings: Settings,
    *,
    name: str,
    role: str,
    days: int = DEFAULT_DAYS,
) -> str:
    """Make a token and return its JWT, which is not kept and cannot be shown again.

    Raises `ConflictError` where the name is taken, also by a revoked token: the
    change log must stay clear.
    """
    actor.require("admin:token:manage")
    name, chosen = _checked_name(name), parse_role(role)
    if not 1 <= days <= MAX_DAYS:
        text = f"must be 1 to {MAX_DAYS}"
        raise ValidationError(f"the days {text}", [FieldProblem("days", text)])
    issued = now()
    token = Token(
        name=name,
        jti=secrets.token_hex(16),
        role=chosen.value,
        created_at=issued,
        expires_at=issued + days * 86_400,
        created_by=actor.name,
    )
    with writing(session):
        if session.scalar(select(Token.id).where(Token.name == name)) is not None:
            raise ConflictError(
                f"there is, or was, a token named {name!r}", [FieldProblem("name", "is taken")]
            )
        session.add(token)
        session.flush()
        new = {"name": name, "role": chosen.value, "expires_at": token.expires_at}
        log_account_change(session, actor, "token", token.id, {"*": (None, new)})
        claims = _claims(token)
    return jwt.encode({"alg": "HS256"}, claims, _own_key(settings.secret_key))


def revoke_token(session: Session, actor: Actor, name: str) -> None:
    """Make a token worthless, at once and for good; `NotFoundError` if there is none."""
    actor.require("admin:token:manage")
    with writing(session):
        token = session.scalar(select(Token).where(Token.name == name))
        if token is None:
            raise NotFoundError(f"there is no token named {name!r}")
        if token.revoked_at is None:
            token.revoked_at = now()
            changes = {"revoked_at": (None, token.revoked_at)}
            log_account_change(session, actor, "token", token.id, changes)


def revoke_token_by_id(session: Session, actor: Actor, token_id: int) -> None:
    """As `revoke_token`, for a link that knows the id."""
    actor.require("admin:token:manage")
    name = session.scalar(select(Token.name).where(Token.id == token_id))
    if name is None:
        raise NotFoundError("there is no such token")
    revoke_token(session, actor, name)


def verify_token(
    session: Session, settings: Settings, text: str, request_id: str | None = None
) -> Actor:
    """Who the JWT speaks for; raises `UnauthenticatedError` where it is not to be believed.

    Which issuer and audience it claims decides only whose keys and algorithms it
    must satisfy. An issuer may be configured once for each of its audiences.
    """
    try:
        issuer, audiences, kid = _claimed_origin(text)
        if issuer == ISSUER:
            claims = _decode(text, _own_key(settings.secret_key), _OWN, ISSUER, AUDIENCE)
            return _own_actor(session, claims, request_id)
        for configured in settings.jwt_issuers:
            if configured["issuer"] == issuer and configured["audience"] in audiences:
                return _external_actor(text, kid, configured, request_id)
    except (JoseError, ValueError, TypeError, RecursionError) as exc:
        raise UnauthenticatedError("the token is not valid, or no longer") from exc
    raise UnauthenticatedError("the token's issuer, or its audience, is not accepted")


def _claims(token: Token) -> dict[str, Any]:
    return {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": token.name,
        "jti": token.jti,
        "role": token.role,
        "iat": token.created_at,
        "exp": token.expires_at,
    }


def _checked_name(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= 100 or not name.isprintable():
        text = "must be one line of 1 to 100 characters"
        raise ValidationError(f"the name {text}", [FieldProblem("name", text)])
    return name


@lru_cache(maxsize=4)
def _own_key(secret_key: str) -> OctKey:
    """A key for this purpose alone; who learns it cannot forge sessions."""
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"almanac api tokens, HS256")
    return OctKey.import_key(derive.derive(secret_key.encode()))


def _claimed_origin(text: str) -> tuple[str | None, list[Any], str | None]:
    """What an unverified token says of its origin; believed only as far as `verify_token` says."""
    if len(text) > _LONGEST:
        raise ValueError("too long")
    parts = jws.extract_compact(text.encode(), registry=_EXTERNAL)
    claims = json.loads(parts.payload)
    if not isinstance(claims, dict):
        raise TypeError("no claims")
    issuer, audience, kid = claims.get("iss"), claims.get("aud"), parts.headers().get("kid")
    return (
        issuer if isinstance(issuer, str) else None,
        audience if isinstance(audience, list) else [audience],
        kid if isinstance(kid, str) else None,
    )


def _decode(
    text: str, key: KeyFlexible, registry: _Registry, issuer: str, audience: str
) -> dict[str, Any]:
    token = jwt.decode(text, key, registry=registry)
    jwt.JWTClaimsRegistry(
        now=now(),
        leeway=_LEEWAY if issuer != ISSUER else 0,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": audience},
        exp={"essential": True},
        sub={"essential": True},
    ).validate(token.claims)
    return token.claims


def _own_actor(session: Session, claims: Mapping[str, Any], request_id: str | None) -> Actor:
    query = select(Token.id, Token.name, Token.role, Token.revoked_at, Token.last_used_at)
    row = session.execute(query.where(Token.jti == str(claims.get("jti")))).one_or_none()
    if row is None or row.revoked_at is not None:
        raise UnauthenticatedError("the token has been revoked")
    moment = now()
    if row.last_used_at is None or row.last_used_at <= moment - EVERY_SECONDS:
        touch(session, update(Token).where(Token.id == row.id).values(last_used_at=moment))
    return Actor("token", row.name, Role(row.role), request_id)


def _external_actor(
    text: str, kid: str | None, configured: Mapping[str, str], request_id: str | None
) -> Actor:
    keys = jwks_of(configured["jwks_url"]).keys(kid)
    if keys is None:
        raise UnauthenticatedError("the keys of the token's issuer could not be read")
    claims = _decode(text, keys, _EXTERNAL, configured["issuer"], configured["audience"])
    role = _mapped_role(claims, configured["role_claim"])
    return Actor("token", _subject(claims["sub"]), role, request_id)


def _subject(given: Any) -> str:
    """The name for the change log: as it is or not at all, so that no two become one."""
    if not isinstance(given, str) or not 1 <= len(given) <= 255 or not given.isprintable():
        raise UnauthenticatedError(
            "the token's subject must be one line of 1 to 255 printable characters"
        )
    return given


def _mapped_role(claims: Mapping[str, Any], path: str) -> Role:
    """The greatest of our roles that the claim names; `a.b` means b within a."""
    value: Any = claims.get(path)
    if value is None:
        value = claims
        for part in path.split("."):
            value = value.get(part) if isinstance(value, dict) else None
    named = value if isinstance(value, list) else [value]
    roles = [role for role in Role if role.value in named]
    if not roles:
        raise ForbiddenError(f"the token's claim {path!r} names none of {', '.join(Role)}")
    return max(roles, key=lambda role: RANK[role])
