"""Lists of provider models: each filter, order, page and search, compared with plain Python."""

import itertools
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from app.core.errors import NotFoundError
from app.core.fields import PROVIDER_MODEL_FIELDS
from app.models import CatalogEntry, Provider, ProviderModel
from app.queries import provider_model_pages, record_pages
from app.queries.facets import offer_choices_in_use
from app.queries.list_args import FLAG_NAMES
from app.queries.provider_model_filter import (
    SORTS,
    ProviderModelFilter,
    parse_provider_model_filter,
)
from app.queries.provider_models import (
    ProviderModelRow,
    count_all_provider_models,
    get_provider_model,
    get_provider_model_by_pk,
    list_provider_models,
    list_provider_models_by_pk,
    matching_provider_model_ids,
)
from app.queries.representation import provider_model_json
from app.services.maintenance import refresh_statistics
from app.services.search_index import index_provider_models
from tests.services.test_entry_queries import ODD_NAMES
from tests.support.factories import make_entry, make_provider, make_provider_model
from tests.support.feeds import answer, make_feed, sync
from tests.support.feeds import model as offered

COUNT = 60
Rows = list[dict[str, Any]]


def write_models(session: Session) -> None:
    """Sixty provider models in which every value, unknown too, comes up with every other."""
    chances = [True, False, None]
    entries = [
        make_entry(
            session,
            aliases=[f"alias-{number}"],
            public_id=f"vendor/model-{number:02}",
            family=["Llama", None, "Ärger"][number % 3],
            active=number % 4 != 1,
            **{name: chances[(number + place) % 3] for place, name in enumerate(FLAG_NAMES)},
        )
        for number in range(9)
    ]
    providers = [
        make_provider(
            session,
            public_id=f"prov_{number}",
            name=["Größe AG", "100% sure", "Under_score"][number % 3],
            vendor=["b", "a", "b", "c"][number],
            active=number != 1,
            deleted_at=5 if number == 3 else None,
        )
        for number in range(4)
    ]
    for number in range(COUNT):
        price = ["0", "12.5", "0.001", None][number % 4]
        line = {"unit": "per_1k_prompt_tokens", "amount_micro_usd": price, "currency": "USD"}
        make_provider_model(
            session,
            providers[number % 7 % 4],
            entries[number % 9],
            public_id=f"pmdl_{number * 37 % 100:02}",
            raw_id=f"raw:{ODD_NAMES[number % 12]}-{number}",
            model_display_name=ODD_NAMES[number % 13] if number % 13 < 12 else None,
            active=number % 3 != 0,
            category=["Chat", None, "chat", "Ärger"][number % 4],
            category_order_number=[1, None, 0][number % 3],
            model_order_number=number % 5 or None,
            pricing={"lines": [line]} if price else None,
            instruct_model_public_id="pmdl_01" if number % 9 == 0 else None,
            status=["init", "filled", "updated"][number // 3 % 3],
            drift={"category": "x"} if number % 10 == 0 else None,
            retired_at=1_000 + number if number % 11 == 0 else None,
            created_at=1_000 + number // 4,
            updated_at=2_000 - number // 3,
            version=1 + number % 4,
        )
    session.commit()


@pytest.fixture
def models(session: Session) -> Rows:
    """What is in the database, with the columns of entries and providers that lists use."""
    write_models(session)
    statement = (
        select(ProviderModel, CatalogEntry, Provider)
        .join(CatalogEntry, CatalogEntry.id == ProviderModel.entry_id)
        .join(Provider, Provider.id == ProviderModel.provider_id)
        .where(Provider.deleted_at.is_(None))
    )
    found = []
    for model, entry, provider in session.execute(statement):
        own = {c.key: getattr(model, c.key) for c in ProviderModel.__table__.columns}
        found.append(
            own
            | {name: getattr(entry, name) for name in (*FLAG_NAMES, "family")}
            | {
                "pk": model.id,
                "id": model.public_id,
                "provider_pk": provider.id,
                "provider_id": provider.public_id,
                "provider_vendor": provider.vendor,
                "provider_name": provider.name,
                "model_catalog_id": entry.public_id,
                "model_public_id": entry.public_id,
                "provider_original_model_id": model.raw_id,
                "available": model.active and entry.active and provider.active,
            }
        )
    session.rollback()
    return found


@pytest.fixture(params=["walk", "collect"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each of the two ways to find a page must give the same."""
    monkeypatch.setattr(record_pages, "WALK_COST", 0 if request.param == "walk" else 10**9)
    monkeypatch.setattr(record_pages, "PROBE", 0 if request.param == "walk" else 2_000)
    return str(request.param)


def is_wanted(row: dict[str, Any], wanted: ProviderModelFilter) -> bool:
    """The meaning of a filter in plain Python."""
    plain = ("status", "active", "available", "category", "family", "provider_id")
    names = (row["model_display_name"], row["raw_id"], row["model_public_id"], row["provider_name"])
    needle = (wanted.search or "").casefold()
    keys = {row["id"], row["raw_id"], row["model_public_id"], row["model_public_id"].upper()}
    keys.add(f"alias-{int(row['model_public_id'][-2:])}")
    return (
        all(getattr(wanted, n) is None or row[n] == getattr(wanted, n) for n in plain)
        and all((row[name] is True) == value for name, value in wanted.flags.items())
        and (wanted.manual is None or (row["status"] == "updated") == wanted.manual)
        and (wanted.drift is None or (row["drift"] is not None) == wanted.drift)
        and (wanted.retired is None or (row["retired_at"] is not None) == wanted.retired)
        and (wanted.model_key is None or wanted.model_key in keys)
        and any(needle in name.casefold() for name in names if name)
    )


def expected(models: Rows, wanted: ProviderModelFilter) -> list[int]:
    """Of equal values, those of one provider or entry stay together, then by row id."""
    through = {"provider_id": "provider_pk", "provider_vendor": "provider_pk"} | dict.fromkeys(
        ("model_catalog_id", "model_public_id", "family", *FLAG_NAMES), "entry_id"
    )

    def key(row: dict[str, Any]) -> tuple[Any, ...]:
        value = row[wanted.sort]
        group = row[through[wanted.sort]] if wanted.sort in through else 0
        return (value is not None, 0 if value is None else value, group, row["pk"])

    found = [row for row in models if is_wanted(row, wanted)]
    return [row["pk"] for row in sorted(found, key=key, reverse=wanted.order == "desc")]


def all_pages(session: Session, wanted: ProviderModelFilter, limit: int) -> list[int]:
    found: list[int] = []
    for offset in itertools.count(0, limit):
        page = list_provider_models(session, wanted, limit=limit, offset=offset)
        if not page.rows:
            assert page.total == len(found)
            return found
        found += [row.id for row in page.rows]
    raise AssertionError


Only = ProviderModelFilter
FILTERS = [
    Only(),
    *(Only(status=status) for status in ("init", "filled", "updated")),
    *(
        parse_provider_model_filter({name: value})
        for name in ("active", "available", "manual", "drift", "retired", *FLAG_NAMES)
        for value in ("true", "false")
    ),
    *(Only(category=category) for category in ("Chat", "chat", "Ärger", "none")),
    *(Only(family=family) for family in ("Llama", "llama", "Ärger")),
    *(Only(provider_id=f"prov_{number}") for number in (0, 1, 3, 9)),
    *(Only(model_key=key) for key in ("vendor/model-03", "VENDOR/MODEL-03", "alias-3", "none")),
    *(Only(model_key=key) for key in ("pmdl_37", "raw:Straße-3", "raw:straße-3")),
    Only(available=True, flags={"supports_tools": True, "supports_audio": False}),
    Only(available=False, family="Llama", category="Chat"),
    Only(provider_id="prov_0", model_key="vendor/model-03", active=True),
    Only(search="raw:", available=True, retired=False),
    Only(search="größe", provider_id="prov_0"),
    Only(search="no such thing"),
]


def test_a_filter_finds_what_it_means(session: Session, models: Rows, way: str) -> None:
    for wanted in FILTERS:
        meant = expected(models, wanted)
        assert all_pages(session, wanted, 7) == meant, wanted
        ids = session.scalars(matching_provider_model_ids(session, wanted))
        assert sorted(ids) == sorted(meant), wanted
    assert count_all_provider_models(session) == len(models) < COUNT


def test_every_order_is_total_and_unknown_sorts_lowest(
    session: Session, models: Rows, way: str
) -> None:
    for sort, order, active in itertools.product(SORTS, ("asc", "desc"), (None, True)):
        wanted = Only(sort=sort, order=order, active=active)  # type: ignore[arg-type]
        assert all_pages(session, wanted, 9) == expected(models, wanted), (sort, order, active)


def test_every_cut_of_a_list_is_a_cut_of_the_whole(
    session: Session, models: Rows, way: str
) -> None:
    wanted = Only(sort="family", flags={"supports_tools": False})
    whole = expected(models, wanted)
    for offset, limit in itertools.product(range(len(whole) + 2), (1, 4, 100)):
        page = list_provider_models(session, wanted, limit=limit, offset=offset)
        assert [row.id for row in page.rows] == whole[offset : offset + limit]
        assert (page.total, page.limit, page.offset) == (len(whole), limit, offset)


NEEDLES = (
    *("%", "_", '"', "\\", "'", "*", "raw:", "RAW:1", "🦙 LL", "本語", "ss", "STRASSE", "straße"),
    *("ΣΕΥΣ", "i̇st", "fine", "NOT", '"quoted"', "(d){e}", "GRÖSSE", "größe ag", "r_s", "0% s"),
    *("model-08", "vendor/", "und", "g", "-5"),
)


def test_a_search_is_a_substring_whatever_its_signs(
    session: Session, models: Rows, way: str
) -> None:
    for needle in NEEDLES:
        wanted = Only(search=needle, sort="id", order="asc")
        found = all_pages(session, wanted, 11)
        assert found == expected(models, wanted), needle
        assert found, needle


def test_a_search_text_follows_the_names_it_is_made_of(session: Session) -> None:
    provider = make_provider(session, name="Old name")
    model = make_provider_model(session, provider, raw_id="raw")
    other = make_provider_model(session, provider)
    provider.name = "New name"
    model.entry_id = make_entry(session, public_id="another/entry").id
    session.flush()
    index_provider_models(session, [model.id, other.id])

    def found(words: str) -> int:
        return list_provider_models(session, Only(search=words), limit=9, offset=0).total

    assert [found(w) for w in ("old name", "new name", "another/", "raw")] == [0, 2, 1, 2]


def test_a_row_has_every_field_of_the_registry(session: Session, models: Rows) -> None:
    assert {field.name for field in PROVIDER_MODEL_FIELDS} <= set(ProviderModelRow._fields)
    for row in models:
        shown = get_provider_model_by_pk(session, row["pk"])
        assert shown == get_provider_model(session, row["id"])
        names = set(ProviderModelRow._fields) & set(row) - {"id", "entry_id"}
        assert {n: getattr(shown, n) for n in names} == {n: row[n] for n in names}
        assert (shown.entry_pk, shown.entry_id) == (row["entry_id"], row["model_public_id"])
        assert shown.available is row["available"]
        assert provider_model_json(shown)["available"] is row["available"]


def test_models_of_deleted_providers_are_nowhere(session: Session, models: Rows) -> None:
    hidden = session.scalars(
        select(ProviderModel).join(Provider).where(Provider.deleted_at.is_not(None))
    ).all()
    assert hidden
    assert list_provider_models_by_pk(session, [m.id for m in hidden]) == []
    for model in hidden:
        with pytest.raises(NotFoundError):
            get_provider_model(session, model.public_id)
        with pytest.raises(NotFoundError):
            get_provider_model_by_pk(session, model.id)
        wanted = Only(model_key=model.raw_id)
        assert list_provider_models(session, wanted, limit=5, offset=0).total == 0
    choices = offer_choices_in_use(session)
    assert choices.providers == {
        "prov_1": "100% sure",
        "prov_0": "Größe AG",
        "prov_2": "Under_score",
    }
    assert choices.categories == {
        name: sum(row["category"] == name for row in models) for name in ("Chat", "chat", "Ärger")
    }


def test_an_order_by_rows_of_the_ids_that_were_asked_for(session: Session, models: Rows) -> None:
    ids = [row["pk"] for row in models[:5]][::-1]
    assert [row.id for row in list_provider_models_by_pk(session, [*ids, 10**6])] == ids
    assert list_provider_models_by_pk(session, []) == []


def test_no_page_sorts_the_catalog(
    session: Session, models: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan of a walk is an index from end to end; of another table's, with that one outside.

    What PostgreSQL does with another table depends on how much there is: that is measured.
    """
    monkeypatch.setattr(record_pages, "WALK_COST", 0)
    monkeypatch.setattr(record_pages, "PROBE", 0)
    engine = session.get_bind()
    plans: list[tuple[str, str]] = []
    sqlite = engine.dialect.name == "sqlite"

    def explain(_c: Any, cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if "ORDER BY" in statement and "LIMIT" in statement and "EXPLAIN" not in statement:
            words = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN "
            cursor.execute(words + statement, parameters)
            plans.append((statement, "\n".join(str(row) for row in cursor.fetchall())))

    if sqlite:
        refresh_statistics(session)
    else:  # so few rows would rather be sorted; whether the indexes can serve is the question
        for way in ("seqscan", "sort", "bitmapscan", "hashjoin", "mergejoin", "material"):
            session.connection().exec_driver_sql(f"SET LOCAL enable_{way} = off")
    event.listen(engine, "before_cursor_execute", explain)
    try:
        orders = provider_model_pages.LISTED.orders.items()
        walked = [s for s, o in orders if o.indexed and (sqlite or o.through is None)]
        for sort in walked:
            for wanted in (Only(sort=sort), Only(sort=sort, available=True, search="raw:")):
                list_provider_models(session, wanted, limit=5, offset=0)
                list_provider_models(session, wanted, limit=5, offset=15)
    finally:
        event.remove(engine, "before_cursor_execute", explain)
    assert len(plans) >= 3 * len(walked) > 20
    for statement, plan in plans:
        assert "TEMP B-TREE" not in plan, (statement, plan)
        assert "Sort" not in plan, (statement, plan)


def test_what_a_sync_brings_or_renames_is_found(session: Session, tmp_path: Path) -> None:
    make_feed(session)
    for name, sought in (("First name", "first name"), ("Second name", "second name")):
        sync(session, tmp_path, answer({"gpt-4o": offered(name=name)}))
        for words, total in ((sought, 1), ("openai/gpt", 1), ("first name", name == "First name")):
            page = list_provider_models(session, Only(search=words), limit=9, offset=0)
            assert page.total == total, (name, words)
