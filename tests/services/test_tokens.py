"""API tokens: ours and those of other issuers, right and forged."""

import base64
import hmac
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.config import Settings
from app.core.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    UnauthenticatedError,
    ValidationError,
)
from app.core.permissions import SYSTEM, Actor, Role
from app.models import Change, Token, now
from app.services.tokens import _own_key, create_token, revoke_token, verify_token
from app.web.permissions import current_settings
from tests.support.issuer import KEYS, RSA, Issuer, running_issuer
from tests.support.people import actor_of


@pytest.fixture
def settings(session: Session) -> Settings:
    return current_settings()


@pytest.fixture
def token(session: Session, settings: Settings) -> str:
    return create_token(session, SYSTEM, settings, name="robot", role="editor", days=1)


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with running_issuer() as running:
        yield running


def part(token: str, index: int) -> dict[str, Any]:
    text = token.split(".")[index]
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return decoded


def packed(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def signed(settings: Settings, claims: dict[str, Any], algorithm: str = "HS256") -> str:
    key = _own_key(settings.secret_key)
    return jwt.encode({"alg": algorithm}, claims, key, algorithms=[algorithm])


def test_a_token_says_what_it_is(token: str, session: Session) -> None:
    claims = part(token, 1)
    assert claims["iss"] == "almanac"
    assert claims["aud"] == "almanac-api"
    assert claims["sub"] == "robot"
    assert claims["role"] == "editor"
    assert claims["exp"] - claims["iat"] == 86_400
    assert claims["jti"] == session.scalars(select(Token.jti)).one()


def test_a_token_is_believed(token: str, session: Session, settings: Settings) -> None:
    expected = Actor("token", "robot", Role.EDITOR, "r-1")
    assert verify_token(session, settings, token, "r-1") == expected


def test_its_key_is_not_the_key_of_sessions(token: str, settings: Settings) -> None:
    with pytest.raises(Exception, match="bad_signature"):
        jwt.decode(token, OctKey.import_key(settings.secret_key), algorithms=["HS256"])


def test_forged_tokens_are_refused(token: str, session: Session, settings: Settings) -> None:
    claims = part(token, 1)
    header, payload, signature = token.split(".")
    raised = packed(claims | {"role": "admin"})
    forged = {
        "no signature": f"{header}.{payload}.",
        "alg none": f"{packed({'alg': 'none', 'typ': 'JWT'})}.{payload}.",
        "alg None": f"{packed({'alg': 'None'})}.{payload}.",
        "other claims": f"{header}.{raised}.{signature}",
        "other key": jwt.encode({"alg": "HS256"}, claims, OctKey.generate_key(256)),
        "other algorithm": signed(settings, claims, "HS512"),
        "other audience": signed(settings, claims | {"aud": "else"}),
        "other issuer": signed(settings, claims | {"iss": "else"}),
        "expired": signed(settings, claims | {"exp": now() - 1}),
        "no expiry": signed(settings, {k: v for k, v in claims.items() if k != "exp"}),
        "expiry as text": signed(settings, claims | {"exp": "tomorrow"}),
        "not yet": signed(settings, claims | {"nbf": now() + 60}),
        "unknown id": signed(settings, claims | {"jti": "0" * 32}),
        "no id": signed(settings, {k: v for k, v in claims.items() if k != "jti"}),
        "list": f"{header}.{packed([])}.{signature}",
        "deep": f"{header}.{'W1tb' * 3000}.{signature}",
        "rubbish": "a.b.c",
        "one part": "abc",
        "empty": "",
        "not ASCII": "ä.ö.ü",
        "five parts": f"{token}.x.y",
        "long": token + "A" * 20_000,
    }
    for name, text in forged.items():
        try:
            verify_token(session, settings, text)
        except UnauthenticatedError:
            continue
        pytest.fail(f"believed: {name}")


def test_a_revoked_token_is_refused(token: str, session: Session, settings: Settings) -> None:
    revoke_token(session, SYSTEM, "robot")
    with pytest.raises(UnauthenticatedError, match="revoked"):
        verify_token(session, settings, token)
    revoke_token(session, SYSTEM, "robot")
    fields = session.scalars(select(Change.field).order_by(Change.id)).all()
    assert fields == ["*", "revoked_at"]
    with pytest.raises(NotFoundError):
        revoke_token(session, SYSTEM, "nobody")


def test_a_name_is_used_once(token: str, session: Session, settings: Settings) -> None:
    revoke_token(session, SYSTEM, "robot")
    with pytest.raises(ConflictError):
        create_token(session, SYSTEM, settings, name=" robot ", role="viewer")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "a\nb"},
        {"name": "x" * 101},
        {"role": "root"},
        {"days": 0},
        {"days": 3651},
    ],
    ids=str,
)
def test_wrong_wishes_are_refused(
    session: Session, settings: Settings, wrong: dict[str, Any]
) -> None:
    wish: dict[str, Any] = {"name": "robot", "role": "viewer", "days": 1} | wrong
    with pytest.raises(ValidationError):
        create_token(session, SYSTEM, settings, **wish)
    assert session.scalar(select(Token.id)) is None


def test_only_admins_make_and_revoke_tokens(
    token: str, session: Session, settings: Settings
) -> None:
    editor = actor_of(Role.EDITOR)
    with pytest.raises(ForbiddenError):
        create_token(session, editor, settings, name="x", role="admin")
    with pytest.raises(ForbiddenError):
        revoke_token(session, editor, "robot")


def test_the_last_use_is_known_to_the_minute(
    token: str, session: Session, settings: Settings
) -> None:
    verify_token(session, settings, token)
    session.rollback()
    assert session.scalars(select(Token.last_used_at)).one() is not None
    for ago, moved in ((30, False), (61, True)):
        session.execute(update(Token).values(last_used_at=now() - ago))
        session.commit()
        verify_token(session, settings, token)
        session.rollback()
        found = session.scalars(select(Token.last_used_at)).one()
        assert found is not None
        assert (found > now() - 10) is moved


@pytest.mark.engines("sqlite")
class TestOtherIssuers:
    @pytest.fixture
    def outside(self, settings: Settings, issuer: Issuer) -> Settings:
        return replace(settings, jwt_issuers=(issuer.settings(),))

    @pytest.mark.parametrize("algorithm", sorted(KEYS))
    def test_their_tokens_are_believed(
        self, session: Session, outside: Settings, issuer: Issuer, algorithm: str
    ) -> None:
        actor = verify_token(session, outside, issuer.sign(algorithm))
        assert actor == Actor("token", "robot", Role.EDITOR)

    @pytest.mark.parametrize(
        "changes",
        [
            {"aud": "else"},
            {"iss": "https://else.example"},
            {"iss": None},
            {"exp": None},
            {"exp": 1},
            {"sub": None},
            {"iss": "almanac", "aud": "almanac-api"},
            {"iss": ["https://issuer.example"]},
        ],
        ids=str,
    )
    def test_wrong_claims_are_refused(
        self, session: Session, outside: Settings, issuer: Issuer, changes: dict[str, Any]
    ) -> None:
        with pytest.raises(UnauthenticatedError):
            verify_token(session, outside, issuer.sign(**changes))

    def test_another_key_of_that_name_is_refused(
        self, session: Session, outside: Settings, issuer: Issuer
    ) -> None:
        impostor = ECKey.generate_key("P-256", {"kid": "ec"})
        with pytest.raises(UnauthenticatedError):
            verify_token(session, outside, issuer.sign(key=impostor))

    def test_a_public_key_is_no_shared_secret(
        self, session: Session, outside: Settings, issuer: Issuer
    ) -> None:
        public = RSA.as_pem(private=False)
        payload = issuer.sign("RS256").split(".")[1]
        start = f"{packed({'alg': 'HS256', 'kid': 'rsa'})}.{payload}"
        mac = hmac.digest(public, start.encode(), "sha256")
        signature = base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
        with pytest.raises(UnauthenticatedError):
            verify_token(session, outside, f"{start}.{signature}")

    def test_a_published_secret_is_not_used(
        self, session: Session, outside: Settings, issuer: Issuer
    ) -> None:
        secret = OctKey.generate_key(256, {"kid": "oct"})
        issuer.keys.append(secret.as_dict())
        with pytest.raises(UnauthenticatedError):
            verify_token(session, outside, issuer.sign("HS256", key=secret))

    @pytest.mark.parametrize(
        ("path", "claims", "expected"),
        [
            ("role", {"role": ["other", "viewer", "admin"]}, Role.ADMIN),
            ("https://a.b/roles", {"https://a.b/roles": ["viewer"]}, Role.VIEWER),
            ("realm_access.roles", {"realm_access": {"roles": ["editor"]}}, Role.EDITOR),
        ],
    )
    def test_a_claim_names_the_role(
        self,
        session: Session,
        settings: Settings,
        issuer: Issuer,
        path: str,
        claims: dict[str, Any],
        expected: Role,
    ) -> None:
        outside = replace(settings, jwt_issuers=(issuer.settings(path),))
        assert verify_token(session, outside, issuer.sign(**claims)).role is expected

    @pytest.mark.parametrize("audience", ["first", "second", ["other", "second"]], ids=str)
    def test_each_audience_of_an_issuer_is_accepted(
        self, session: Session, settings: Settings, issuer: Issuer, audience: object
    ) -> None:
        both = tuple(issuer.settings() | {"audience": name} for name in ("first", "second"))
        outside = replace(settings, jwt_issuers=both)
        assert verify_token(session, outside, issuer.sign(aud=audience)).name == "robot"
        for other in ("third", [], [["second"]], {"second": 1}, None):
            with pytest.raises(UnauthenticatedError):
                verify_token(session, outside, issuer.sign(aud=other))

    @pytest.mark.parametrize(
        "subject", ["", "a\nb", "a\x00", "\ud800", "\u202eadmin", "x" * 256, 7, ["a"]], ids=ascii
    )
    def test_a_subject_that_cannot_be_shown_is_refused(
        self, session: Session, outside: Settings, issuer: Issuer, subject: object
    ) -> None:
        with pytest.raises(UnauthenticatedError):
            verify_token(session, outside, issuer.sign(sub=subject))
        longest = "ü" * 255
        assert verify_token(session, outside, issuer.sign(sub=longest)).name == longest

    @pytest.mark.parametrize("role", [None, "root", [], {"admin": True}, 3])
    def test_without_a_role_nothing_is_allowed(
        self, session: Session, outside: Settings, issuer: Issuer, role: object
    ) -> None:
        with pytest.raises(ForbiddenError):
            verify_token(session, outside, issuer.sign(role=role))

    def test_keys_are_fetched_once(
        self, session: Session, outside: Settings, issuer: Issuer
    ) -> None:
        for _ in range(3):
            verify_token(session, outside, issuer.sign())
        assert issuer.asked == 1

    def test_new_keys_are_looked_for_once_a_minute(
        self,
        session: Session,
        outside: Settings,
        issuer: Issuer,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        verify_token(session, outside, issuer.sign())
        rotated = ECKey.generate_key("P-256", {"kid": "next"})
        issuer.keys = [rotated.as_dict(private=False)]
        for _ in range(3):
            with pytest.raises(UnauthenticatedError):
                verify_token(session, outside, issuer.sign(key=rotated))
        assert issuer.asked == 1
        real = time.monotonic
        monkeypatch.setattr("app.services.jwks.time.monotonic", lambda: real() + 61)
        verify_token(session, outside, issuer.sign(key=rotated))
        with pytest.raises(UnauthenticatedError):
            verify_token(session, outside, issuer.sign())
        assert issuer.asked == 2

    def test_an_issuer_that_is_down_keeps_its_keys(
        self,
        session: Session,
        outside: Settings,
        issuer: Issuer,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        verify_token(session, outside, issuer.sign())
        issuer.status = 503
        real = time.monotonic
        monkeypatch.setattr("app.services.jwks.time.monotonic", lambda: real() + 3601)
        verify_token(session, outside, issuer.sign())
        assert issuer.asked == 2

    def test_an_issuer_that_never_answered_lets_nobody_in(
        self, session: Session, outside: Settings, issuer: Issuer
    ) -> None:
        issuer.status = 503
        with pytest.raises(UnauthenticatedError, match="keys"):
            verify_token(session, outside, issuer.sign())
