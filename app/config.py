"""Settings from the environment, checked once at start (contract section 2)."""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from app.core.errors import ConfigurationError

Protection = Literal["entry", "fields"]
Jobs = Literal["inprocess", "off"]
_TRUE = {"true": True, "false": False}
_ISSUER_KEYS = {"issuer", "audience", "jwks_url", "role_claim"}


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that is set from outside; no other module reads the environment."""

    database_url: str
    data_dir: Path
    secret_key: str
    encryption_keys: tuple[str, ...]
    admin_email: str = "admin@localhost"
    admin_password: str | None = None
    jwt_issuers: tuple[Mapping[str, str], ...] = ()
    redis_url: str | None = None
    sync_protection: Protection = "entry"
    fetch_allow_private: bool = True
    public_feeds: bool = True
    trusted_proxies: int = 0
    jobs: Jobs = "inprocess"
    testing: bool = False


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read and check the `ALMANAC_*` variables; make the data folder and its keys when needed.

    Raises `ConfigurationError` whose one line names the variable, the value and what is accepted.
    """
    env = os.environ if environ is None else environ
    data_dir = _data_dir(env)
    return Settings(
        database_url=_database_url(env, data_dir),
        data_dir=data_dir,
        secret_key=_secret_key(env, data_dir),
        encryption_keys=_encryption_keys(env, data_dir),
        admin_email=_email(env),
        admin_password=_password(env),
        jwt_issuers=_issuers(env),
        redis_url=_redis_url(env),
        sync_protection=_protection(env),
        fetch_allow_private=_boolean(env, "ALMANAC_FETCH_ALLOW_PRIVATE"),
        public_feeds=_boolean(env, "ALMANAC_PUBLIC_FEEDS"),
        trusted_proxies=_proxies(env),
        jobs=_jobs(env),
    )


def _wrong(name: str, value: str, accepted: str) -> ConfigurationError:
    return ConfigurationError(f"{name}={value!r} is not accepted: {accepted}")


def _data_dir(env: Mapping[str, str]) -> Path:
    given = env.get("ALMANAC_DATA_DIR", "")
    base = env.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    path = Path(given).expanduser() if given else Path(base) / "almanac"
    try:
        path = path.resolve()
        source = Path(__file__).resolve().parent.parent
        if path == source or source in path.parents:
            raise _wrong("ALMANAC_DATA_DIR", given, "a folder outside the source tree")
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except (OSError, ValueError) as exc:
        accepted = f"a folder that can be made and written ({exc})"
        raise _wrong("ALMANAC_DATA_DIR", given or str(path), accepted) from exc
    if not os.access(path, os.W_OK | os.X_OK):
        raise _wrong("ALMANAC_DATA_DIR", given or str(path), "a folder that can be written")
    return path


def _database_url(env: Mapping[str, str], data_dir: Path) -> str:
    given = env.get("ALMANAC_DATABASE_URL", "")
    if not given:
        return f"sqlite:///{data_dir / 'almanac.db'}"
    accepted = "sqlite:///<path> or postgresql+psycopg://user:password@host/database"
    try:
        url = make_url(given)
    except (ArgumentError, ValueError) as exc:
        hidden = re.sub(r":[^:@/]*@", ":***@", given)
        raise _wrong("ALMANAC_DATABASE_URL", hidden, accepted) from exc
    shown = url.render_as_string(hide_password=True)
    if url.drivername in {"postgresql", "postgres"}:
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in {"sqlite", "sqlite+pysqlite", "postgresql+psycopg"}:
        raise _wrong("ALMANAC_DATABASE_URL", shown, accepted)
    if url.drivername.startswith("sqlite"):
        if not url.database or url.database == ":memory:":
            raise _wrong("ALMANAC_DATABASE_URL", shown, f"{accepted} (a file, not memory)")
        if not Path(url.database).expanduser().resolve().parent.is_dir():
            raise _wrong("ALMANAC_DATABASE_URL", shown, f"{accepted}; its folder must exist")
    return url.render_as_string(hide_password=False)


def _generated(path: Path, make: str) -> str:
    """The text of a key file, made once with mode 0600; two starts at once agree on one key."""
    if not path.exists():
        temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        with os.fdopen(
            os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w"
        ) as file:
            file.write(make + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    return path.read_text(encoding="utf-8").strip()


def _secret_key(env: Mapping[str, str], data_dir: Path) -> str:
    given = env.get("ALMANAC_SECRET_KEY", "")
    if given and len(given.encode()) < 32:
        raise _wrong("ALMANAC_SECRET_KEY", "...", "at least 32 bytes, kept secret")
    return given or _generated(data_dir / "secret-key", secrets.token_urlsafe(48))


def _encryption_keys(env: Mapping[str, str], data_dir: Path) -> tuple[str, ...]:
    given = env.get("ALMANAC_ENCRYPTION_KEYS", "")
    text = given or _generated(data_dir / "encryption-keys", Fernet.generate_key().decode())
    keys = tuple(key.strip() for key in text.split(",") if key.strip())
    for key in keys:
        try:
            valid = len(base64.urlsafe_b64decode(key)) == 32
        except ValueError:
            valid = False
        if not valid:
            raise _wrong(
                "ALMANAC_ENCRYPTION_KEYS",
                "...",
                "comma-separated Fernet keys, each 32 bytes in URL-safe base64",
            )
    if not keys:
        raise _wrong("ALMANAC_ENCRYPTION_KEYS", given, "at least one Fernet key")
    return keys


def _email(env: Mapping[str, str]) -> str:
    value = env.get("ALMANAC_ADMIN_EMAIL", "").strip() or "admin@localhost"
    name, at, host = value.partition("@")
    if not (name and at and host) or any(c.isspace() for c in value) or len(value) > 255:
        raise _wrong("ALMANAC_ADMIN_EMAIL", value, "an e-mail address")
    return value


def _password(env: Mapping[str, str]) -> str | None:
    value = env.get("ALMANAC_ADMIN_PASSWORD", "")
    if value and not 8 <= len(value) <= 1024:
        raise _wrong("ALMANAC_ADMIN_PASSWORD", "...", "8 to 1024 characters")
    return value or None


def _issuers(env: Mapping[str, str]) -> tuple[Mapping[str, str], ...]:
    given = env.get("ALMANAC_JWT_ISSUERS", "")
    accepted = "a JSON list of objects with the strings issuer, audience, jwks_url, role_claim"
    if not given:
        return ()
    try:
        loaded: Any = json.loads(given)
    except ValueError as exc:
        raise _wrong("ALMANAC_JWT_ISSUERS", given, accepted) from exc
    if not isinstance(loaded, list) or not all(_is_issuer(item) for item in loaded):
        raise _wrong("ALMANAC_JWT_ISSUERS", given, accepted)
    if len({(item["issuer"], item["audience"]) for item in loaded}) < len(loaded):
        raise _wrong("ALMANAC_JWT_ISSUERS", given, f"{accepted}, each audience of an issuer once")
    return tuple(loaded)


def _is_issuer(item: Any) -> bool:
    return (
        isinstance(item, dict)
        and set(item) == _ISSUER_KEYS
        and all(isinstance(v, str) and v for v in item.values())
        and item["jwks_url"].startswith(("https://", "http://"))
    )


def _redis_url(env: Mapping[str, str]) -> str | None:
    value = env.get("ALMANAC_REDIS_URL", "")
    try:
        parts = urlsplit(value)
        known = parts.scheme in ("redis", "rediss", "unix") and parts.port != 0
    except ValueError:
        known = False
    if value and not known:
        hidden = re.sub(r":[^:@/]*@", ":***@", value)
        raise _wrong("ALMANAC_REDIS_URL", hidden, "redis://host:port/database, or empty")
    return value or None


def _protection(env: Mapping[str, str]) -> Protection:
    value = env.get("ALMANAC_SYNC_PROTECTION", "") or "entry"
    if value == "entry":
        return "entry"
    if value == "fields":
        return "fields"
    raise _wrong("ALMANAC_SYNC_PROTECTION", value, "entry or fields")


def _jobs(env: Mapping[str, str]) -> Jobs:
    value = env.get("ALMANAC_JOBS", "") or "inprocess"
    if value == "inprocess":
        return "inprocess"
    if value == "off":
        return "off"
    raise _wrong("ALMANAC_JOBS", value, "inprocess, or off where `almanac worker` runs")


def _boolean(env: Mapping[str, str], name: str) -> bool:
    value = env.get(name, "") or "true"
    if value.lower() not in _TRUE:
        raise _wrong(name, value, "true or false")
    return _TRUE[value.lower()]


def _proxies(env: Mapping[str, str]) -> int:
    """How many proxies stand in front, whose `X-Forwarded-*` headers are believed."""
    value = env.get("ALMANAC_TRUSTED_PROXIES", "") or "0"
    if not (value.isascii() and value.isdigit() and int(value) <= 10):
        raise _wrong("ALMANAC_TRUSTED_PROXIES", value, "a number of proxies, 0 to 10")
    return int(value)
