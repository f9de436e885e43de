"""A provider fetches its own list with its own key."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import FeedError, ForbiddenError
from app.core.permissions import SYSTEM, Role
from app.models import Feed, Provider, ProviderModel
from app.queries.feeds import list_feeds_to_sync
from app.queries.providers import get_provider
from app.services.feeds import add_feed
from app.services.provider_sync import check_connection, sync_provider
from app.services.providers import create_provider, delete_provider, edit_provider
from app.services.secrets import UnreadableSecretError, Vault
from app.services.sync import SyncResult, sync_feed
from app.upstreams._own_lists import own_list
from tests.support.database import ENCRYPTION_KEY
from tests.support.feeds import answer, make_feed, model, sync
from tests.support.lists import ListServer, list_server
from tests.support.people import actor_of

ADMIN = actor_of(Role.ADMIN)
VAULT = Vault([ENCRYPTION_KEY])
SECRET = "sk-live-0123456789-abcd"


@pytest.fixture
def server() -> Iterator[ListServer]:
    with list_server(key=SECRET) as running:
        yield running


@pytest.fixture
def acme(session: Session, server: ListServer) -> str:
    values = {"name": "Acme & Söhne", "base_url": server.url, "api_key": SECRET}
    return create_provider(session, ADMIN, values, vault=VAULT).public_id


def go(session: Session, public_id: str, **options: Any) -> SyncResult:
    return sync_provider(session, ADMIN, public_id, vault=VAULT, **options)


def feeds(session: Session) -> list[Feed]:
    session.rollback()
    return list(session.scalars(select(Feed).where(Feed.removed_at.is_(None)).order_by(Feed.id)))


def test_the_list_comes_in_with_the_key(session: Session, server: ListServer, acme: str) -> None:
    result = go(session, acme)
    assert result.counts["added"] == 2
    assert [path for path, _ in server.asked] == ["/v1/models"]
    [feed] = feeds(session)
    assert (feed.name, feed.kind, feed.url) == (
        "acme-s-hne",
        "openai_compatible",
        f"{server.url}/models",
    )
    there = get_provider(session, acme)
    assert (there.models, feed.provider_id) == (2, there.id)
    assert there.last_synced_at is not None


def test_the_same_answer_again_is_no_news(session: Session, acme: str) -> None:
    go(session, acme)
    session.execute(Provider.__table__.update().values(last_synced_at=1))  # type: ignore[attr-defined]
    session.commit()
    again = go(session, acme)
    assert (again.counts["unchanged"], again.counts["added"], again.batch_id) == (2, 0, None)
    assert (get_provider(session, acme).last_synced_at or 0) > 1
    assert len(feeds(session)) == 1


def test_a_rehearsal_leaves_no_trace(session: Session, server: ListServer, acme: str) -> None:
    first = go(session, acme, dry_run=True)
    assert (first.counts["added"], first.dry_run, first.batch_id) == (2, True, None)
    assert feeds(session) == []
    go(session, acme)
    before = get_provider(session, acme)
    server.models.append("gpt-5")
    second = go(session, acme, dry_run=True)
    assert (second.counts["added"], second.counts["unchanged"]) == (1, 2)
    session.rollback()
    assert get_provider(session, acme) == before


def test_a_refused_key_is_said_without_naming_it(
    session: Session, server: ListServer, acme: str
) -> None:
    server.key = "another"
    with pytest.raises(FeedError, match="the key was refused") as caught:
        go(session, acme)
    assert SECRET not in caught.value.message
    [feed] = feeds(session)
    assert "the key was refused" in (feed.last_error or "")
    assert SECRET not in (feed.last_error or "")
    assert get_provider(session, acme).last_synced_at is None


def test_a_redirect_to_another_host_does_not_get_the_key(
    session: Session, server: ListServer, acme: str
) -> None:
    with list_server() as other:
        server.redirect = f"{other.url}/models"
        go(session, acme)
        assert "Authorization" not in other.asked[0][1]


def test_the_feed_follows_the_base_url(session: Session, server: ListServer, acme: str) -> None:
    go(session, acme)
    with list_server(models=["gpt-4o", "gpt-4o-mini", "new"], key=SECRET) as other:
        edit_provider(session, ADMIN, acme, {"base_url": other.url}, vault=VAULT)
        assert [f.url for f in feeds(session)] == [f"{other.url}/models"]
        assert go(session, acme).counts["added"] == 1
    edit_provider(session, ADMIN, acme, {"base_url": None}, vault=VAULT)
    assert [f.url for f in feeds(session)] == [None]
    with pytest.raises(FeedError, match="no base URL"):
        go(session, acme)
    edit_provider(session, ADMIN, acme, {"base_url": server.url}, vault=VAULT)
    server.models.append("new")
    assert go(session, acme).counts["unchanged"] == 3


def test_a_feed_registered_for_a_provider_uses_its_key(
    session: Session, server: ListServer, acme: str
) -> None:
    add_feed(
        session,
        SYSTEM,
        "special",
        "openai_compatible",
        url=f"{server.url}/beta/models",
        provider_public_id=acme,
    )
    result = sync_feed(session, SYSTEM, "special", vault=VAULT)
    assert result.counts["added"] == 2
    assert server.asked[-1][1]["Authorization"] == f"Bearer {SECRET}"
    edit_provider(session, ADMIN, acme, {"base_url": "http://127.0.0.1:9"}, vault=VAULT)
    assert [f.url for f in feeds(session)] == [f"{server.url}/beta/models"]
    assert go(session, acme).feed == "special"


def test_a_deleted_provider_is_asked_nothing(
    session: Session, server: ListServer, acme: str
) -> None:
    go(session, acme)
    assert [f.name for f in list_feeds_to_sync(session)] == ["acme-s-hne"]
    delete_provider(session, ADMIN, acme)
    server.asked.clear()
    with pytest.raises(FeedError, match="is deleted"):
        sync_feed(session, SYSTEM, "acme-s-hne", vault=VAULT)
    assert list_feeds_to_sync(session) == []
    assert server.asked == []
    assert len(session.scalars(select(ProviderModel.id)).all()) == 2


def test_a_key_that_cannot_be_decrypted_is_explained(session: Session, acme: str) -> None:
    other = Vault(["b3RoZXItZW5jcnlwdGlvbi1rZXktb2YtMzItYnl0ZXM="])
    for act in (sync_provider, check_connection):
        with pytest.raises(UnreadableSecretError, match="ALMANAC_ENCRYPTION_KEYS"):
            act(session, ADMIN, acme, vault=other)
    assert "ALMANAC_ENCRYPTION_KEYS" in (feeds(session)[0].last_error or "")


def test_a_connection_is_tested_at_every_address(
    session: Session, server: ListServer, acme: str
) -> None:
    with list_server(status=500) as broken:
        endpoints = [{"url": broken.url}, {"url": "http://127.0.0.1:9/v1"}]
        edit_provider(session, ADMIN, acme, {"endpoints": endpoints}, vault=VAULT)
        reached = check_connection(session, ADMIN, acme, vault=VAULT)
    assert [(r.url, r.models) for r in reached] == [
        (server.url, 2),
        (broken.url, None),
        ("http://127.0.0.1:9/v1", None),
    ]
    assert "the server failed" in (reached[1].problem or "")
    assert "refused the connection" in (reached[2].problem or "")
    assert feeds(session) == []
    assert get_provider(session, acme).models == 0
    with pytest.raises(ForbiddenError):
        check_connection(session, actor_of(Role.EDITOR), acme, vault=VAULT)


def test_a_test_ends_in_time(session: Session) -> None:
    with list_server(delay=3) as slow:
        values = {"name": "Slow", "base_url": slow.url}
        public_id = create_provider(session, ADMIN, values, vault=VAULT).public_id
        started = time.monotonic()
        [reached] = check_connection(session, ADMIN, public_id, vault=VAULT, seconds=0.3)
        assert time.monotonic() - started < 2
        assert reached.problem is not None


def test_a_catalog_feed_notes_all_the_providers_it_read(session: Session, tmp_path: Path) -> None:
    make_feed(session)
    body = answer({"gpt-4o": model()}, mistral={"large": model()})
    sync(session, tmp_path, body)
    providers = session.scalars(select(Provider)).all()
    assert {p.vendor for p in providers if p.last_synced_at} == {"openai", "mistral"}
    session.execute(Provider.__table__.update().values(last_synced_at=1))  # type: ignore[attr-defined]
    session.commit()
    path = tmp_path / "models-dev.json"
    sync_feed(session, SYSTEM, "models-dev", path=str(path), dry_run=True)
    assert set(session.scalars(select(Provider.last_synced_at))) == {1}
    sync_feed(session, SYSTEM, "models-dev", path=str(path))
    assert 1 not in set(session.scalars(select(Provider.last_synced_at)))


@pytest.mark.parametrize(
    ("vendor", "base_url", "kind", "url", "header"),
    [
        ("openai", None, "openai_compatible", "https://api.openai.com/v1/models", "Authorization"),
        ("x", "http://a/v1/", "openai_compatible", "http://a/v1/models", "Authorization"),
        ("x", "http://a/v1/models", "openai_compatible", "http://a/v1/models", "Authorization"),
        (
            "custom",
            "https://api.anthropic.com",
            "openai_compatible",
            "https://api.anthropic.com/v1/models?limit=1000",
            "x-api-key",
        ),
        ("ollama", "http://a:11434/v1", "openai_compatible", "http://a:11434/api/tags", None),
        ("openrouter", None, "openrouter", "https://openrouter.ai/api/v1/models", "Authorization"),
        (
            "cohere",
            "https://api.cohere.ai/compatibility/v1",
            "openai_compatible",
            "https://api.cohere.ai/v1/models?page_size=1000",
            "Authorization",
        ),
    ],
)
def test_every_vendor_is_asked_in_its_own_way(
    vendor: str, base_url: str | None, kind: str, url: str, header: str | None
) -> None:
    asked = own_list(vendor, base_url, {})
    assert (asked.kind.name, asked.url) == (kind, url)
    assert (header or "Authorization") in asked.headers("k")
    assert "k" not in asked.headers(None).values()


def test_who_has_no_address_is_not_asked() -> None:
    with pytest.raises(FeedError, match="no base URL"):
        own_list("unheard-of", None, {})
    assert own_list("x", "http://a/v1", {"feed_kind": "openrouter"}).kind.name == "openrouter"
