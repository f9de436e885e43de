"""The order of provider models within their category, by plain forms."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Batch, Provider, ProviderModel
from tests.support.client import IsolatedClient
from tests.support.factories import make_provider, make_provider_model
from tests.web.html import checked
from tests.web.test_console_editing import HTMX

ORDER = "/provider-models/order"
LISTED = "/provider-models?category=chat&sort=model_order_number&order=asc"


def _chat(session: Session, *numbers: int | None, provider: Provider | None = None) -> list[int]:
    models = [
        make_provider_model(
            session, provider, category="chat", model_order_number=number, raw_id=f"chat-{place}"
        )
        for place, number in enumerate(numbers)
    ]
    return [model.id for model in models]


def _shown(client: IsolatedClient, address: str = LISTED) -> list[int]:
    rows = checked(client.get(address).text).all("tr")
    return [int(row["id"].rpartition("-")[2]) for row in rows if row["id"]]


def _numbers(session: Session) -> list[int | None]:
    session.expire_all()
    statement = select(ProviderModel.model_order_number).order_by(ProviderModel.id)
    return list(session.scalars(statement))


@pytest.mark.parametrize(
    ("move", "order", "numbers"),
    [
        ({"id": 2, "before": 0}, [2, 0, 1, 3], [10, 20, 4, None]),
        ({"id": 0, "after": 1}, [1, 0, 2, 3], [25, 20, 30, None]),
        ({"id": 1, "step": "up"}, [1, 0, 2, 3], [10, 4, 30, None]),
        ({"id": 1, "step": "down"}, [0, 2, 1, 3], [10, 40, 30, None]),
        ({"id": 3, "step": "up"}, [0, 1, 3, 2], [10, 20, 30, 25]),
        ({"id": 0, "step": "up"}, [0, 1, 2, 3], [10, 20, 30, None]),
    ],
)
def test_a_move_is_one_batch_with_one_undo(
    editor: IsolatedClient, session: Session, move: dict[str, Any], order: list[int], numbers: Any
) -> None:
    ids = _chat(session, 10, 20, 30, None)
    assert _shown(editor) == ids
    sent = {k: ids[v] if isinstance(v, int) else v for k, v in move.items()}
    answer = editor.post(ORDER, data=sent | {"back": LISTED})
    assert (answer.status_code, answer.location) == (303, LISTED)
    assert _shown(editor) == [ids[n] for n in order]
    assert _numbers(session) == numbers
    batches = session.scalars(select(Batch.public_id).where(Batch.kind == "edit")).all()
    assert len(batches) == (order != [0, 1, 2, 3])
    for batch in batches:
        editor.post(f"/batches/{batch}/undo")
        assert _numbers(session) == [10, 20, 30, None]


def test_an_order_freezes_nothing_else(editor: IsolatedClient, session: Session) -> None:
    ids = _chat(session, 1, 2)
    editor.post(ORDER, data={"id": ids[1], "before": ids[0]})
    session.expire_all()
    assert session.get_one(ProviderModel, ids[1]).protection == "fields"


def test_htmx_gets_a_message_and_the_tables_show_themselves_anew(
    editor: IsolatedClient, session: Session
) -> None:
    ids = _chat(session, 1, 2)
    data = {"id": ids[1], "step": "up", "back": LISTED}
    answer = editor.post(ORDER, data=data, headers=HTMX)
    assert answer.headers["HX-Trigger"] == "almanac:changed"
    assert "is number 1 of 2 in chat" in answer.text
    assert "/undo" in answer.text
    again = editor.get(LISTED, headers=HTMX | {"HX-Current-URL": f"http://localhost{LISTED}"})
    assert "HX-Push-Url" not in again.headers


def test_within_one_provider_others_keep_their_numbers(
    editor: IsolatedClient, session: Session
) -> None:
    acme = make_provider(session, public_id="prov_acme")
    others = _chat(session, 1, 2)
    mine = _chat(session, 1, 2, provider=acme)
    editor.post(ORDER, data={"id": mine[1], "step": "up", "provider_id": "prov_acme"})
    assert _numbers(session)[:2] == [1, 2]
    assert _shown(editor, f"{LISTED}&provider_id=prov_acme") == mine[::-1]
    answer = editor.post(
        ORDER, data={"id": mine[1], "after": others[0], "provider_id": "prov_acme"}
    )
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("move", "status"),
    [
        ({}, 400),
        ({"before": "1", "after": "1"}, 400),
        ({"step": "sideways"}, 400),
        ({"before": "x"}, 404),
        ({"before": "99999999"}, 404),
        ({"id": ""}, 404),
        ({"id": "99999999", "step": "up"}, 404),
    ],
)
def test_nonsense_moves_nothing(
    editor: IsolatedClient, session: Session, move: dict[str, str], status: int
) -> None:
    ids = _chat(session, 1, 2)
    assert editor.post(ORDER, data={"id": str(ids[0])} | move).status_code == status
    assert _numbers(session) == [1, 2]


def test_without_a_category_there_is_no_order(editor: IsolatedClient, session: Session) -> None:
    model = make_provider_model(session)
    answer = editor.post(ORDER, data={"id": model.id, "step": "up"})
    assert answer.status_code == 400
    assert "choose the category first" in answer.text


def test_handles_only_where_an_order_is_shown(editor: IsolatedClient, session: Session) -> None:
    _chat(session, 1, 2)
    assert editor.get(LISTED).text.count("data-handle") == 2
    filtered = checked(editor.get("/provider-models?category=chat").text)
    assert next(a["href"] for a in filtered.all("a") if a.text == "Put in order") == LISTED
    for address in ("/provider-models", "/provider-models?category=chat", f"{LISTED}&active=true"):
        assert "data-handle" not in editor.get(address).text


def test_the_page_has_buttons_to_move(editor: IsolatedClient, session: Session) -> None:
    acme = make_provider(session, public_id="prov_acme")
    _, middle, _ = _chat(session, 1, 2, 3, provider=acme)
    public_id = session.get_one(ProviderModel, middle).public_id
    page = checked(editor.get(f"/provider-models/{public_id}").text)
    page.one("button", id="move-up")
    page.one("button", id="move-down")
