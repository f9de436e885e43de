"""Coverage by family, price against context and activity by day, on both databases."""

from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.core.permissions import SYSTEM, Actor, Role
from app.models import Batch, now
from app.queries.activity import count_activity
from app.queries.change_filter import DAY
from app.queries.coverage import capability_coverage
from app.queries.price_map import price_map
from app.services.records import edit_record
from tests.support.factories import make_entry, make_provider, make_provider_model


def test_coverage_counts_who_can_and_of_whom_it_is_known(session: Session) -> None:
    for number, tools in enumerate((True, True, False, None)):
        make_entry(session, public_id=f"a/{number}", family="llama", supports_tools=tools)
    make_entry(session, public_id="b/1", family="qwen", supports_images=True)
    make_entry(session, public_id="c/1", family=None)
    make_entry(session, public_id="c/2", family="llama", retired_at=1)
    session.commit()
    families = capability_coverage(session)
    assert [(one.name, one.entries) for one in families] == [("llama", 4), ("qwen", 1), (None, 1)]
    assert families[0].capabilities["supports_tools"] == (2, 3)
    assert families[0].capabilities["supports_images"] == (0, 0)
    assert families[1].capabilities["supports_images"] == (1, 1)


def priced(amount: str | None) -> dict[str, Any] | None:
    """The pricing of a model with this input price, in micro-dollars per thousand tokens."""
    if amount is None:
        return None
    return {"lines": [{"unit": "per_1k_prompt_tokens", "amount_micro_usd": amount}]}


def test_models_of_about_the_same_price_and_context_share_a_cell(session: Session) -> None:
    provider = make_provider(session, active=True)
    other = make_provider(session, name="Other", public_id="prov_other", active=False)
    entry = make_entry(session, public_id="a/1")
    for number, (context, price, owner) in enumerate(
        [
            (128_000, "150", provider),
            (128_000, "151", provider),
            (8_000, "0", other),
            (None, "5", other),
            (8_000, None, other),
        ]
    ):
        make_provider_model(
            session,
            provider=owner,
            entry=entry,
            raw_id=f"m{number}",
            context_length=context,
            pricing=priced(price),
            active=True,
        )
    session.commit()
    found = price_map(session)
    assert (found.shown, found.missing) == (3, 2)
    shared, free = sorted(found.cells, key=lambda one: -one.models)
    assert (shared.models, shared.available) == (2, 2)
    assert (shared.context, shared.price) == ((128_000, 128_000), (150.0, 151.0))
    assert (free.models, free.available, free.price) == (1, 0, (0.0, 0.0))
    assert [one.pricing for one in found.cheapest] == [priced("150"), priced("151")]
    assert price_map(session, "prov_other").shown == 1


def test_actions_are_counted_by_day_and_kind_of_actor(session: Session) -> None:
    make_entry(session, public_id="a/1")
    session.commit()
    today = now() // DAY * DAY
    person = Actor("user", "ada@example.org", Role.ADMIN)
    for number, (actor, moment) in enumerate(
        [(person, today), (person, today), (SYSTEM, today - 1), (SYSTEM, today - 3 * DAY)]
    ):
        edit_record(session, actor, "entry", "a/1", {"notes": f"note {number}"})
        newest = select(func.max(Batch.id)).scalar_subquery()
        session.execute(update(Batch).where(Batch.id == newest).values(created_at=moment))
        session.commit()
    assert count_activity(session, 3, today + 5) == [
        (today - 2 * DAY, {}),
        (today - DAY, {"system": 1}),
        (today, {"user": 2}),
    ]
