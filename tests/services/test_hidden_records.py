"""Merged entries and deleted providers are nowhere to be seen; merged names still lead on."""

import pytest
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from app.core.errors import NotFoundError
from app.core.plan import KnownEntry
from app.models import CatalogEntry, Claim, Feed, now
from app.queries.entries import (
    count_all_entries,
    get_entry,
    get_entry_by_pk,
    list_entries,
    list_entries_by_pk,
)
from app.queries.entry_filter import EntryFilter
from app.queries.entry_pages import matching_ids
from app.queries.facets import choices_in_use
from app.queries.lookup import find_entry_id
from app.queries.overview import (
    count_everything,
)
from app.queries.provider_model_filter import ProviderModelFilter
from app.queries.provider_models import list_provider_models
from app.queries.snapshots import known_aliases, known_entries
from tests.support.factories import make_entry, make_provider, make_provider_model

Trio = tuple[CatalogEntry, CatalogEntry, CatalogEntry]


@pytest.fixture
def merged(session: Session) -> Trio:
    """Two entries, the first merged into the second, that into the third."""
    entries = [
        make_entry(
            session,
            aliases=[f"spelling-{number}"],
            public_id=f"v/model-{number}",
            identity_key=f"key-{number}",
            family=f"family-{number}",
            requires_feature_flag=f"flag-{number}",
            tags=[f"tag-{number}"],
            status=("init", "updated", "filled")[number],
            retired_at=1,
            drift={"family": "x"},
        )
        for number in range(3)
    ]
    entries[0].merged_into_id, entries[1].merged_into_id = entries[1].id, entries[2].id
    session.commit()
    return entries[0], entries[1], entries[2]


def test_lists_counts_and_choices_leave_merged_entries_out(session: Session, merged: Trio) -> None:
    last = merged[2]
    for wanted in (
        *(EntryFilter(), EntryFilter(q="model"), EntryFilter(q="v/"), EntryFilter(retired=True)),
        *(EntryFilter(drift=True), EntryFilter(active=True, sort="family"), EntryFilter(q="mo")),
        EntryFilter(sort="notes"),
    ):
        page = list_entries(session, wanted, limit=9, offset=0)
        assert ([row.id for row in page.rows], page.total) == ([last.id], 1), wanted
        assert session.scalars(matching_ids(session, wanted)).all() == [last.id]
    for wanted in (EntryFilter(tag="tag-0"), EntryFilter(family="family-1"), EntryFilter(q="el-0")):
        assert list_entries(session, wanted, limit=9, offset=0).total == 0
    choices = choices_in_use(session)
    assert (choices.families, choices.tags) == ({"family-2": 1}, {"tag-2": 1})
    assert (choices.feature_flags, choices.statuses) == ({"flag-2": 1}, {"filled": 1})
    assert count_all_entries(session) == 1
    counts = count_everything(session)
    assert (counts.entries, counts.manual, counts.retired, counts.drift) == (1, 0, 1, 1)


def test_the_names_of_merged_entries_lead_to_the_one_that_stands(
    session: Session, merged: Trio
) -> None:
    first, second, last = merged
    for name in ("v/model-0", "V/MODEL-1", "v/model-2", "spelling-0", "SPELLING-1", "spelling-2"):
        assert find_entry_id(session, name) == get_entry(session, name).id == last.id
    assert list_entries_by_pk(session, [e.id for e in merged]) == [get_entry(session, "v/model-2")]
    for entry in (first, second):
        with pytest.raises(NotFoundError):
            get_entry_by_pk(session, entry.id)
    model = make_provider_model(session, entry=last)
    for key in ("v/model-0", "spelling-1"):
        page = list_provider_models(session, ProviderModelFilter(model_key=key), limit=9, offset=0)
        assert [row.id for row in page.rows] == [model.id]


def test_merges_that_go_round_in_a_circle_end(session: Session, merged: Trio) -> None:
    first, second, last = merged
    session.execute(
        update(CatalogEntry).where(CatalogEntry.id == last.id).values(merged_into_id=first.id)
    )
    assert find_entry_id(session, "v/model-0") in {first.id, second.id, last.id}
    assert known_entries(session, 1) == []


def test_a_sync_knows_a_merged_entry_under_the_one_that_stands(
    session: Session, merged: Trio
) -> None:
    feed = Feed(name="f", kind="models_dev", created_at=now())
    session.add(feed)
    session.flush()
    for number, entry in enumerate(merged):
        session.add(
            Claim(
                feed_id=feed.id,
                record_type="entry",
                record_id=entry.id,
                fields={},
                content_hash=f"hash-{number}",
                first_seen_at=1,
                changed_at=1,
                last_seen_at=1,
                misses=number,
            )
        )
    session.flush()
    last = merged[2]
    known = known_entries(session, feed.id)
    assert {(k.id, k.public_id, k.identity_key) for k in known} == {
        (last.id, f"v/model-{number}", f"key-{number}") for number in range(3)
    }
    assert {(k.content_hash, k.misses) for k in known} == {("hash-2", 2)}
    assert known[-1] == KnownEntry(last.id, "v/model-2", "key-2", "hash-2", 2)
    assert known_aliases(session) == {f"spelling-{number}": last.id for number in range(3)}


def test_deleted_providers_and_their_models_are_in_no_list_or_count(session: Session) -> None:
    gone, there = make_provider(session, deleted_at=5), make_provider(session)
    for provider in (gone, gone, there):
        make_provider_model(session, provider)
    counts = count_everything(session)
    assert (counts.providers, counts.provider_models, counts.entries) == (1, 1, 3)


def test_search_rows_go_with_their_provider_models(session: Session) -> None:
    """A deleted provider's models keep theirs, so that an undo brings everything back."""
    provider = make_provider(session, deleted_at=5)
    make_provider_model(session, provider, raw_id="findable")
    wanted = ProviderModelFilter(search="findable")
    assert list_provider_models(session, wanted, limit=9, offset=0).total == 0
    provider.deleted_at = None
    session.flush()
    assert list_provider_models(session, wanted, limit=9, offset=0).total == 1
    assert session.scalar(text("SELECT count(*) FROM provider_model_search")) == 1
