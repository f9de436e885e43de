"""Reading the review queue and the items of runs."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from app.core.errors import ValidationError
from app.queries.review import (
    COUNTED,
    Cursor,
    count_review,
    list_review,
    parse_cursor,
    review_facets,
    waiting_ids,
)
from app.queries.review_filter import ReviewFilter, parse_review_filter
from app.queries.run_items import RunItemFilter, fields_of_run, list_run_items
from app.queries.runs import get_run
from app.queries.sync_items import item_json
from tests.support.factories import make_entry, make_provider_model
from tests.support.syncs import make_feed, make_item, make_run


@pytest.fixture
def queue(session: Session) -> dict[str, int]:
    """Items of two feeds, by what they are called; some decided."""
    entry = make_entry(session, public_id="openai/gpt-4o", model_display_name="GPT-4o")
    model = make_provider_model(session, entry=entry, public_id="pmdl_1")
    one = make_run(session, make_feed(session, name="one"), public_id="run_1")
    two = make_run(session, make_feed(session, name="two"), public_id="run_2")
    rows: list[tuple[Any, dict[str, Any]]] = [
        (one, {"name": "GPT-4o", "record_id": entry.id}),
        (
            one,
            {
                "name": "Offer",
                "record_type": "provider_model",
                "record_id": model.id,
                "field": "pricing",
                "reason": "price_jump",
                "size": 100.0,
                "old": None,
                "new": None,
            },
        ),
        (
            two,
            {
                "name": "100%_new",
                "kind": "added",
                "record_type": "provider_model",
                "field": None,
                "target": "acme\nnew",
                "payload": {"provider": "acme", "raw_id": "new"},
                "reason": "review",
                "size": None,
                "new": "hash",
                "old": None,
            },
        ),
        (two, {"name": "Refused", "state": "rejected"}),
        (two, {"name": "Written", "state": "applied"}),
    ]
    ids = {values["name"]: make_item(session, run, **values).id for run, values in rows}
    session.commit()
    return ids


def names(session: Session, wanted: ReviewFilter, **how: Any) -> list[str]:
    return [row.name for row in list_review(session, wanted, limit=50, **how).rows]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["100%_new", "Offer", "GPT-4o"]),
        ({"state": "rejected"}, ["Refused"]),
        ({"feed": "one"}, ["Offer", "GPT-4o"]),
        ({"feed": "none such"}, []),
        ({"reason": "price_jump"}, ["Offer"]),
        ({"field": "*"}, ["100%_new"]),
        ({"field": "context_length"}, ["GPT-4o"]),
        ({"kind": "added"}, ["100%_new"]),
        ({"record_type": "provider_model"}, ["100%_new", "Offer"]),
        ({"q": "gpt"}, ["GPT-4o"]),
        ({"q": "%_"}, ["100%_new"]),
        ({"size_min": 9.5}, ["Offer"]),
        ({"run": "run_2"}, ["100%_new"]),
        ({"run": "run_3"}, []),
        ({"record": "openai/gpt-4o"}, ["GPT-4o"]),
        ({"record": "pmdl_1"}, ["Offer"]),
        ({"record": "no/such"}, []),
        ({"feed": "one", "reason": "context_drop"}, ["GPT-4o"]),
    ],
)
def test_the_queue_is_filtered(
    session: Session, queue: dict[str, int], wanted: dict[str, Any], found: list[str]
) -> None:
    filtered = ReviewFilter(**wanted)
    assert names(session, filtered) == found
    assert count_review(session, filtered) == len(found)
    assert sorted(session.scalars(waiting_ids(session, filtered))) == sorted(
        queue[name] for name in found
    )


def test_the_queue_is_sorted(session: Session, queue: dict[str, int]) -> None:
    assert names(session, ReviewFilter(), sort="oldest") == ["GPT-4o", "Offer", "100%_new"]
    assert names(session, ReviewFilter(), sort="size") == ["Offer", "GPT-4o"]


@pytest.mark.parametrize("sort", ["newest", "oldest", "size"])
def test_pages_follow_each_other_both_ways(session: Session, sort: str) -> None:
    run = make_run(session, make_feed(session))
    for number in range(7):
        make_item(session, run, name=f"item {number}", size=float(number // 2 + 1))
    everything = names(session, ReviewFilter(), sort=sort)
    there, pages = None, []
    while True:
        page = list_review(session, ReviewFilter(), limit=3, sort=sort, after=there)
        pages.append(page)
        if page.after is None:
            break
        there = parse_cursor("after", str(page.after))
    assert [row.name for page in pages for row in page.rows] == everything
    assert (pages[0].before, len(pages)) == (None, 3)
    back = list_review(session, ReviewFilter(), limit=3, sort=sort, before=pages[2].before)
    assert [row.name for row in back.rows] == everything[3:6]
    first = list_review(session, ReviewFilter(), limit=3, sort=sort, before=back.before)
    assert ([row.name for row in first.rows], first.before) == (everything[:3], None)


def test_counts_stop_where_they_say_enough(session: Session) -> None:
    run = make_run(session, make_feed(session, name="one"))
    for _ in range(3):
        make_item(session, run)
    assert count_review(session, ReviewFilter(), 2) == 2
    facets = review_facets(session)
    assert facets.feed == {"one": 3}
    assert facets.reason == {"context_drop": 3}
    assert facets.field == {"context_length": 3}
    assert facets.kind == {"updated": 3}
    assert review_facets(session, "rejected").feed == {}
    assert COUNTED == 1_000


def test_items_as_programs_see_them(session: Session, queue: dict[str, int]) -> None:
    added, offer, entry = list_review(session, ReviewFilter(), limit=9).rows
    assert item_json(entry) | {"id": 0, "created_at": 0} == {
        "id": 0,
        "run_id": "run_1",
        "feed": "one",
        "kind": "updated",
        "record_type": "entry",
        "record_id": "openai/gpt-4o",
        "name": "GPT-4o",
        "field": "context_length",
        "old": 8192,
        "new": 1024,
        "said_before": 8192,
        "reason": "context_drop",
        "message": "down by 88 %, from 8,192 to 1,024 tokens",
        "size": 8.0,
        "state": "waiting",
        "decided_by": None,
        "decided_at": None,
        "created_at": 0,
        "record": None,
    }
    assert item_json(offer)["record_id"] == "pmdl_1"
    seen = item_json(added)
    assert (seen["record_id"], seen["new"]) == (None, None)
    assert seen["record"] == {"provider": "acme", "raw_id": "new"}


@pytest.mark.parametrize(
    ("args", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"state": "applied"}, "state"),
        ({"reason": "because"}, "reason"),
        ({"field": "nothing"}, "field"),
        ({"kind": "other"}, "kind"),
        ({"size_min": "0"}, "size_min"),
        ({"size_min": "nan"}, "size_min"),
        ({"size_min": "many"}, "size_min"),
        ({"feed": " "}, "feed"),
        ({"q": "a\x00"}, "q"),
    ],
)
def test_a_wrong_filter_is_refused_and_named(args: dict[str, str], field: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        parse_review_filter(args)
    assert [problem.field for problem in refusal.value.details] == [field]


def test_a_filter_given_twice_is_refused() -> None:
    with pytest.raises(ValidationError):
        parse_review_filter(MultiDict([("feed", "one"), ("feed", "two")]))


def test_a_filter_survives_its_address() -> None:
    wanted = ReviewFilter(feed="one", size_min=1_234_567.5, q="gpt", state="rejected")
    assert parse_review_filter(wanted.to_args()) == wanted
    assert ReviewFilter().to_args() == {}
    assert ReviewFilter().is_everything()
    assert not replace(ReviewFilter(), q="x").is_everything()


@pytest.mark.parametrize("given", ["x", "1:", ":1", "99999999999", "nan:1:2", "e:1"])
def test_a_wrong_place_is_refused(given: str) -> None:
    with pytest.raises(ValidationError):
        parse_cursor("after", given)


def test_places_are_read_again() -> None:
    for cursor in (Cursor(5), Cursor(5, 8.25), Cursor(7, 1e22)):
        assert parse_cursor("after", str(cursor)) == cursor
    assert parse_cursor("after", None) is None


def test_items_of_a_run_are_filtered(session: Session, queue: dict[str, int]) -> None:
    run = list_review(session, ReviewFilter(run="run_2"), limit=1).rows[0]
    pk = get_run(session, run.run).id
    everything = list_run_items(session, pk, RunItemFilter(), limit=10)
    assert [row.name for row in everything.rows] == ["100%_new", "Refused", "Written"]
    assert everything.total == 3
    some = list_run_items(session, pk, RunItemFilter(field="context_length"), limit=1, offset=1)
    assert ([row.name for row in some.rows], some.total) == (["Written"], 2)
    assert list_run_items(session, pk, RunItemFilter(kind="added"), limit=9).total == 1
    assert list_run_items(session, pk, RunItemFilter(field="*"), limit=9).total == 1
    assert list_run_items(session, pk, RunItemFilter(state="applied"), limit=9).total == 1
    assert fields_of_run(session, pk) == ["*", "context_length"]
