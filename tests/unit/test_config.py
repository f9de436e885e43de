"""A wrong setting stops the start with one line."""

import json
import stat
from pathlib import Path

import pytest

from app.config import load_settings
from app.core.errors import ConfigurationError
from tests.support.paths import ROOT

ISSUER = {
    "issuer": "https://issuer.example",
    "audience": "catalog",
    "jwks_url": "https://issuer.example/keys",
    "role_claim": "role",
}
WRONG = [
    ("DATABASE_URL", "mysql://host/db", "sqlite:///<path> or postgresql+psycopg://"),
    ("DATABASE_URL", "sqlite://", "a file, not memory"),
    ("DATABASE_URL", "sqlite:////no/such/folder/x.db", "its folder must exist"),
    ("DATABASE_URL", "not a url", "sqlite:///<path>"),
    ("DATA_DIR", str(ROOT / "data"), "outside the source tree"),
    ("DATA_DIR", "/proc/almanac", "can be made and written"),
    ("SECRET_KEY", "short", "at least 32 bytes"),
    ("ENCRYPTION_KEYS", "abc", "Fernet keys"),
    ("ENCRYPTION_KEYS", ",", "at least one Fernet key"),
    ("ADMIN_EMAIL", "nobody", "an e-mail address"),
    ("ADMIN_PASSWORD", "short", "8 to 1024 characters"),
    ("JWT_ISSUERS", "{", "a JSON list of objects"),
    ("JWT_ISSUERS", '[{"issuer": "x"}]', "issuer, audience, jwks_url, role_claim"),
    ("JWT_ISSUERS", json.dumps([ISSUER, ISSUER | {"role_claim": "x"}]), "of an issuer once"),
    ("REDIS_URL", "http://host", "redis://host:port/database"),
    ("SYNC_PROTECTION", "all", "entry or fields"),
    ("FETCH_ALLOW_PRIVATE", "maybe", "true or false"),
    ("PUBLIC_FEEDS", "maybe", "true or false"),
    ("JOBS", "on", "inprocess, or off"),
    ("TRUSTED_PROXIES", "-1", "0 to 10"),
    ("TRUSTED_PROXIES", "two", "0 to 10"),
    ("TRUSTED_PROXIES", "²", "0 to 10"),
]
SECRET = {"SECRET_KEY", "ENCRYPTION_KEYS", "ADMIN_PASSWORD"}


@pytest.mark.parametrize(("name", "value", "accepted"), WRONG)
def test_one_line_names_variable_value_and_what_is_accepted(
    tmp_path: Path, name: str, value: str, accepted: str
) -> None:
    environ = {"ALMANAC_DATA_DIR": str(tmp_path), f"ALMANAC_{name}": value}
    with pytest.raises(ConfigurationError) as caught:
        load_settings(environ)
    line = caught.value.message
    assert line.startswith(f"ALMANAC_{name}=")
    assert accepted in line
    assert "\n" not in line
    if name in SECRET and len(value) > 1:
        assert value not in line
    elif name != "DATABASE_URL":
        assert repr(value) in line


def test_a_password_in_a_database_url_is_not_shown(tmp_path: Path) -> None:
    environ = {
        "ALMANAC_DATA_DIR": str(tmp_path),
        "ALMANAC_DATABASE_URL": "mysql://me:hunter2@host/db",
    }
    with pytest.raises(ConfigurationError) as caught:
        load_settings(environ)
    assert "hunter2" not in caught.value.message
    assert "mysql://me:***@host/db" in caught.value.message


def test_nothing_need_be_set(tmp_path: Path) -> None:
    settings = load_settings({"XDG_DATA_HOME": str(tmp_path)})
    assert settings.data_dir == tmp_path / "almanac"
    assert settings.database_url == f"sqlite:///{tmp_path / 'almanac' / 'almanac.db'}"
    assert settings.admin_email == "admin@localhost"
    assert settings.sync_protection == "entry"
    assert settings.fetch_allow_private
    assert settings.public_feeds
    assert settings.trusted_proxies == 0
    assert settings.jobs == "inprocess"


def test_keys_are_made_once_and_are_nobody_elses(tmp_path: Path) -> None:
    environ = {"ALMANAC_DATA_DIR": str(tmp_path)}
    first, second = load_settings(environ), load_settings(environ)
    assert first.secret_key == second.secret_key
    assert first.encryption_keys == second.encryption_keys
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {0o600}


def test_given_values_are_taken(tmp_path: Path) -> None:
    settings = load_settings(
        {
            "ALMANAC_DATA_DIR": str(tmp_path),
            "ALMANAC_DATABASE_URL": "postgresql://u:p@host/db",
            "ALMANAC_PUBLIC_FEEDS": "False",
            "ALMANAC_SYNC_PROTECTION": "fields",
            "ALMANAC_TRUSTED_PROXIES": "1",
            "ALMANAC_JOBS": "off",
        }
    )
    assert settings.database_url == "postgresql+psycopg://u:p@host/db"
    assert not settings.public_feeds
    assert settings.sync_protection == "fields"
    assert settings.trusted_proxies == 1
    assert settings.jobs == "off"


def test_an_issuer_may_have_several_audiences(tmp_path: Path) -> None:
    issuers = [ISSUER, ISSUER | {"audience": "reports"}]
    environ = {
        "ALMANAC_DATA_DIR": str(tmp_path),
        "ALMANAC_JWT_ISSUERS": json.dumps(issuers),
    }
    assert list(load_settings(environ).jwt_issuers) == issuers
