"""Lists of entries: each filter, every order, every page, every search, on both databases."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from app.core.errors import NotFoundError
from app.models import Batch, CatalogEntry, CatalogRevision
from app.queries import entry_pages, record_pages
from app.queries.entries import (
    EntryRow,
    count_all_entries,
    get_entry,
    get_entry_by_pk,
    list_entries,
)
from app.queries.entry_filter import SORTS, EntryFilter, parse_entry_filter
from app.queries.entry_pages import count_entries, matching_ids
from app.queries.facets import choices_in_use
from app.queries.list_args import FLAG_NAMES
from app.queries.page import Page
from app.queries.representation import entry_json
from app.services.maintenance import refresh_statistics
from app.services.search_index import index_entries, rewrite_tags
from tests.support.factories import make_entry

ODD_NAMES = (
    '100% "quoted"',
    "under_score",
    "back\\slash",
    "Straße",
    "ΟΔΥΣΣΕΥΣ",
    "İstanbul",
    "emoji 🦙 llama",
    "it's -- ; DROP",
    "NOT x AND y*",
    "日本語モデル",
    "a^b:c(d){e}",
    "ﬁne ſtyle",
)


def write_catalog(session: Session) -> list[dict[str, Any]]:
    """Forty entries in which every value, unknown too, comes up with every other."""
    chances = [True, False, None]
    for number in range(40):
        make_entry(
            session,
            aliases=[f"alias-{number}"] if number % 9 == 0 else [],
            public_id=f"vendor-{number % 3}/model-{number:02}",
            model_display_name=ODD_NAMES[number % 13] if number % 13 < 12 else None,
            description=None if number % 4 else f"Line one\nof {ODD_NAMES[number % 12]} {number}",
            notes="seen" if number % 5 == 0 else None,
            family=["Llama", "gpt", "Ärger", None][number % 4],
            tags=[["vip", "a b"], ["VIP"], []][number % 3],
            active=number % 2 == 0,
            experimental=number % 7 == 0,
            is_moderated=chances[number // 2 % 3],
            requires_feature_flag="beta" if number % 6 == 0 else None,
            context_length=[8192, 128000, None][number % 3],
            status=["init", "filled", "updated"][number // 3 % 3],
            protection="entry" if number % 8 == 0 else "none",
            drift={"family": "x"} if number % 10 == 0 else None,
            retired_at=1_000 + number if number % 11 == 0 else None,
            last_synced_at=None if number % 5 else 5_000 - number,
            created_at=1_000 + number // 4,
            updated_at=2_000 - number // 3,
            version=1 + number % 4,
            **{name: chances[(number + place) % 3] for place, name in enumerate(FLAG_NAMES)},
        )
    session.commit()
    return [dict(row._mapping) for row in session.execute(select(*CatalogEntry.__table__.columns))]


@pytest.fixture
def catalog(session: Session) -> list[dict[str, Any]]:
    return write_catalog(session)


@pytest.fixture(params=["walk", "collect"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each of the two ways to find a page must give the same."""
    monkeypatch.setattr(record_pages, "WALK_COST", 0 if request.param == "walk" else 10**9)
    monkeypatch.setattr(record_pages, "PROBE", 0 if request.param == "walk" else 2_000)
    return str(request.param)


def text_of(row: dict[str, Any]) -> list[str]:
    parts = (row["public_id"], row["model_display_name"], row["family"], row["description"])
    return [part.casefold() for part in (*parts, *row["tags"]) if part]


def is_wanted(row: dict[str, Any], wanted: EntryFilter) -> bool:
    """The meaning of a filter in plain Python."""
    plain = ("status", "active", "is_moderated", "experimental", "requires_feature_flag", "family")
    needle = (wanted.q or "").casefold()
    return (
        all(getattr(wanted, n) is None or row[n] == getattr(wanted, n) for n in plain)
        and all((row[name] is True) == value for name, value in wanted.flags.items())
        and (wanted.tag is None or wanted.tag in row["tags"])
        and (wanted.manual is None or (row["status"] == "updated") == wanted.manual)
        and (wanted.drift is None or (row["drift"] is not None) == wanted.drift)
        and (wanted.retired is None or (row["retired_at"] is not None) == wanted.retired)
        and any(needle in part for part in text_of(row))
    )


def expected(catalog: list[dict[str, Any]], wanted: EntryFilter) -> list[int]:
    name = "public_id" if wanted.sort == "id" else wanted.sort

    def key(row: dict[str, Any]) -> tuple[bool, Any, int]:
        return (row[name] is not None, 0 if row[name] is None else row[name], row["id"])

    found = [row for row in catalog if is_wanted(row, wanted)]
    return [row["id"] for row in sorted(found, key=key, reverse=wanted.order == "desc")]


def all_pages(session: Session, wanted: EntryFilter, limit: int) -> list[int]:
    found: list[int] = []
    for offset in itertools.count(0, limit):
        page = list_entries(session, wanted, limit=limit, offset=offset)
        if not page.rows:
            assert page.total == len(found)
            return found
        found += [row.id for row in page.rows]
    raise AssertionError


FILTERS = [
    EntryFilter(),
    *(EntryFilter(status=status) for status in ("init", "filled", "updated")),
    *(
        parse_entry_filter({name: value})
        for name in ("active", "is_moderated", "experimental", "manual", "drift", "retired")
        for value in ("true", "false")
    ),
    *(EntryFilter(flags={name: value}) for name in FLAG_NAMES for value in (True, False)),
    EntryFilter(family="Llama"),
    EntryFilter(family="llama"),
    EntryFilter(requires_feature_flag="beta"),
    EntryFilter(tag="vip"),
    EntryFilter(tag="VIP", active=False),
    EntryFilter(active=True, flags={"supports_tools": True, "supports_audio": False}, family="gpt"),
    EntryFilter(q="model-1", active=True),
    EntryFilter(q="a", retired=False, tag="vip"),
    EntryFilter(q="no such thing"),
]


def test_a_filter_finds_what_it_means(
    session: Session, catalog: list[dict[str, Any]], way: str
) -> None:
    for wanted in FILTERS:
        meant = expected(catalog, wanted)
        assert all_pages(session, wanted, 7) == meant, wanted
        assert sorted(session.scalars(matching_ids(session, wanted))) == sorted(meant), wanted


def test_every_order_is_total_and_unknown_sorts_lowest(
    session: Session, catalog: list[dict[str, Any]], way: str
) -> None:
    for sort, order, active in itertools.product(SORTS, ("asc", "desc"), (None, True)):
        wanted = EntryFilter(sort=sort, order=order, active=active)  # type: ignore[arg-type]
        assert all_pages(session, wanted, 9) == expected(catalog, wanted), (sort, order, active)


def test_every_cut_of_a_list_is_a_cut_of_the_whole(
    session: Session, catalog: list[dict[str, Any]], way: str
) -> None:
    wanted = EntryFilter(sort="context_length", flags={"supports_tools": False})
    whole = expected(catalog, wanted)
    for offset, limit in itertools.product(range(len(whole) + 2), (1, 4, 100)):
        page = list_entries(session, wanted, limit=limit, offset=offset)
        assert [row.id for row in page.rows] == whole[offset : offset + limit]
        assert (page.total, page.limit, page.offset) == (len(whole), limit, offset)


NEEDLES = (
    *("%", "_", '"', "\\", "'", "*", "-", "vi", "VIP", "MODEL-0", "a b", "🦙", "🦙 LL", "本語"),
    *("ss", "STRASSE", "straße", "σσευσ", "ΣΕΥΣ", "i̇st", "fine", "style", "line one\nof", "NOT"),
    *('"quoted"', "100% ", "and y*", "(d){e}", "ärger", "ÄRG", "x AND", "^b:"),
)


def test_a_search_is_a_substring_whatever_its_signs(
    session: Session, catalog: list[dict[str, Any]], way: str
) -> None:
    for needle in NEEDLES:
        wanted = EntryFilter(q=needle, sort="id", order="asc")
        found = all_pages(session, wanted, 11)
        assert found == expected(catalog, wanted), needle
        assert found, needle


@pytest.mark.slow
def test_any_search_is_a_substring(
    session: Session, catalog: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces = sorted({part for row in catalog for part in text_of(row)})
    cut = st.sampled_from(pieces).flatmap(
        lambda text: st.tuples(st.integers(0, len(text)), st.integers(1, 6)).map(
            lambda place: text[place[0] : place[0] + place[1]]
        )
    )
    odd = st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=5
    )
    signs = st.text("%_\"\\*'-^:(){}[] aeS", min_size=1, max_size=4)

    @settings(
        max_examples=120,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(needle=st.one_of(cut, odd, signs), probe=st.sampled_from([0, 2_000]))
    @example(needle='""', probe=0)
    @example(needle='"""', probe=2_000)
    def check(needle: str, probe: int) -> None:
        monkeypatch.setattr(record_pages, "PROBE", probe)
        wanted = EntryFilter(q=needle, sort="id", order="asc")
        assert [r.id for r in list_entries(session, wanted, limit=99, offset=0).rows] == expected(
            catalog, wanted
        )

    check()


def test_an_index_changes_with_its_entry(session: Session) -> None:
    entry = make_entry(session, public_id="v/one", tags=["old"])
    assert count_entries(session, EntryFilter(q="v/one")) == 1
    index_entries(session, [(entry.id, "something else")])
    rewrite_tags(session, [(entry.id, ["new", "new", "newer"])])
    assert count_entries(session, EntryFilter(q="v/one")) == 0
    assert count_entries(session, EntryFilter(q="thing el")) == 1
    assert [count_entries(session, EntryFilter(tag=t)) for t in ("old", "new", "newer")] == [
        0,
        1,
        1,
    ]


def test_an_entry_is_found_by_any_spelling(session: Session) -> None:
    entry = make_entry(session, public_id="openai/gpt-4o", aliases=["openai:gpt-4o"])
    for name in ("openai/gpt-4o", "OpenAI/GPT-4o", "openai:gpt-4o", "OPENAI:GPT-4O"):
        assert get_entry(session, name).id == entry.id
    assert get_entry_by_pk(session, entry.id).public_id == "openai/gpt-4o"
    with pytest.raises(NotFoundError):
        get_entry(session, "openai/gpt")
    with pytest.raises(NotFoundError):
        get_entry_by_pk(session, entry.id + 1)


def test_a_row_has_every_column() -> None:
    not_shown = {"identity_key", "merged_into_id"}
    assert set(EntryRow._fields) == set(CatalogEntry.__table__.columns.keys()) - not_shown


def test_choices_are_counted(session: Session, catalog: list[dict[str, Any]]) -> None:
    choices = choices_in_use(session)
    assert choices.families == {"gpt": 10, "Llama": 10, "Ärger": 10}
    assert list(choices.families) == ["gpt", "Llama", "Ärger"]
    assert choices.feature_flags == {"beta": 7}
    assert choices.tags == {"a b": 14, "VIP": 13, "vip": 14}
    assert sum(choices.statuses.values()) == 40
    assert count_all_entries(session) == 40


def test_statistics_can_be_refreshed(session: Session, catalog: list[dict[str, Any]]) -> None:
    refresh_statistics(session)
    session.commit()
    assert count_entries(session, EntryFilter(q="model-1")) == 10


def new_state(session: Session, name: str) -> None:
    """What the write path does at the end of every transaction."""
    values = {"kind": "edit", "actor_kind": "user", "actor": "x", "summary": {}, "created_at": 1}
    session.add(Batch(public_id=name, **values))
    session.execute(update(CatalogRevision).values(revision=CatalogRevision.revision + 1))
    session.flush()


@pytest.fixture
def statements(session: Session) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(*args: Any) -> None:
        seen.append(args[2])

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def listed(
    session: Session, statements: list[str], wanted: EntryFilter
) -> tuple[Page[EntryRow], int]:
    statements.clear()
    page = list_entries(session, wanted, limit=5, offset=0)
    return page, len(statements)


def test_a_page_takes_three_statements_when_nothing_has_changed(
    session: Session, catalog: list[dict[str, Any]], statements: list[str]
) -> None:
    new_state(session, "batch_three")
    for wanted in (EntryFilter(), EntryFilter(q="model"), EntryFilter(tag="vip", active=True)):
        first, cold = listed(session, statements, wanted)
        again, warm = listed(session, statements, wanted)
        assert first == again
        assert cold <= 6
        assert warm <= 3


def test_what_is_remembered_ends_with_the_next_change(
    session: Session, catalog: list[dict[str, Any]]
) -> None:
    new_state(session, "batch_before")
    assert count_entries(session, EntryFilter(family="gpt")) == 10
    session.execute(update(CatalogEntry).values(family="gpt"))
    assert count_entries(session, EntryFilter(family="gpt")) == 10  # nobody said it had changed
    new_state(session, "batch_after")
    assert count_entries(session, EntryFilter(family="gpt")) == 40


def test_a_revision_used_again_after_a_rollback_is_another_state(session: Session) -> None:
    session.commit()
    new_state(session, "batch_rolled_back")
    make_entry(session)
    assert count_all_entries(session) == 1
    session.rollback()
    new_state(session, "batch_real")
    assert count_all_entries(session) == 0


def test_no_page_sorts_the_catalog(
    session: Session, catalog: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan of a walk is an index from end to end, for every column with one."""
    monkeypatch.setattr(record_pages, "WALK_COST", 0)
    monkeypatch.setattr(record_pages, "PROBE", 0)
    engine = session.get_bind()
    assert engine is not None
    plans: list[str] = []
    sqlite = engine.dialect.name == "sqlite"

    def explain(_c: Any, cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if "ORDER BY catalog_entries" in statement and "EXPLAIN" not in statement:
            words = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN "
            cursor.execute(words + statement, parameters)
            plans.append("\n".join(str(row) for row in cursor.fetchall()))

    if (
        not sqlite
    ):  # forty rows would rather be sorted; whether the indexes can serve is the question
        for way in ("seqscan", "sort", "bitmapscan"):
            session.execute(select(1).prefix_with("")).close()
            session.connection().exec_driver_sql(f"SET LOCAL enable_{way} = off")
    event.listen(engine, "before_cursor_execute", explain)
    try:
        for sort in sorted(set(SORTS) - entry_pages.UNINDEXED):
            for wanted in (EntryFilter(sort=sort), EntryFilter(sort=sort, active=True, q="model")):
                list_entries(session, wanted, limit=5, offset=0)
                list_entries(session, wanted, limit=5, offset=15)
    finally:
        event.remove(engine, "before_cursor_execute", explain)
    assert len(plans) > 80
    for plan in plans:
        assert "TEMP B-TREE" not in plan
        assert "Sort" not in plan


@pytest.mark.engines("sqlite")
def test_the_representation_has_every_key_and_says_what_is_unknown(session: Session) -> None:
    entry = make_entry(session, public_id="v/one", supports_tools=False, family="f", tags=["t"])
    shown = entry_json(get_entry_by_pk(session, entry.id))
    assert shown["id"] == shown["public_id"] == "v/one"
    assert shown["supports_tools"] is shown["supports_audio"] is False
    assert "supports_audio" in shown["unknown_fields"]
    assert not {"supports_tools", "family", "tags", "notes", "active"} & set(
        shown["unknown_fields"]
    )
    assert shown["architecture"] == {
        "modality": None,
        "input_modalities": [],
        "output_modalities": [],
        "tokenizer": None,
        "instruct_type": None,
    }
    assert shown["supported_parameters"] == {"names": [], "default": {}}
    assert (shown["extras"], shown["drift"], shown["sources"]) == ({}, {}, {})
    assert list(shown)[:4] == ["id", "public_id", "model_display_name", "description"]
