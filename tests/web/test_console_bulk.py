"""Bulk actions in the console without JavaScript: which rows, the preview, and what happens."""

import re
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.core.permissions import Role
from app.models import Batch, CatalogEntry, Change, FeatureFlag, Provider, ProviderModel, now
from app.services.records import edit_record
from tests.support.client import IsolatedClient
from tests.support.factories import make_entry
from tests.support.people import actor_of
from tests.web.html import Page, checked

HTMX = {"HX-Request": "true"}
ENTRY = {"record_type": "entry"}
ALL = ENTRY | {"scope": "matching"}


@pytest.fixture
def entries(session: Session) -> list[int]:
    made = [
        make_entry(
            session,
            public_id=f"acme/m-{i}",
            model_display_name=f"Model {i}",
            family="old" if i < 4 else "new",
            active=i != 0,
        )
        for i in range(6)
    ]
    session.commit()
    return [entry.id for entry in made]


@pytest.fixture
def offers(session: Session, entries: Sequence[int]) -> list[int]:
    """Two providers offer the entries; one of them is on."""
    ids = []
    for number, active in (("1", True), ("2", False)):
        times = {"created_at": now(), "updated_at": now()}
        provider = Provider(
            public_id=f"prov_{number}", name=f"P{number}", vendor="custom", active=active, **times
        )
        session.add(provider)
        session.flush()
        for entry in entries:
            model = ProviderModel(
                public_id=f"pmdl_{number}{entry}",
                provider_id=provider.id,
                entry_id=entry,
                raw_id=f"raw-{number}-{entry}",
                active=True,
                status="filled",
                **times,
            )
            session.add(model)
            session.flush()
            ids.append(model.id)
    session.commit()
    return ids


def text_of(page: Page) -> str:
    return " ".join(page.elements[0].text.split())


def form_of(page: Page, action: str = "/bulk/apply") -> dict[str, Any]:
    """What the form of a step sends: a value, or several, by name."""
    assert page.one("form", action=action)["method"] == "post"
    fields: dict[str, Any] = {}
    for element in page.all("input"):
        if "form" in element.inside and element["name"] not in ("", "csrf_token"):
            fields.setdefault(element["name"], []).append(element["value"])
    return fields


def preview(client: IsolatedClient, **data: Any) -> tuple[str, dict[str, Any]]:
    answer = client.post("/bulk/preview", data=data)
    assert answer.status_code == 200, answer.text
    page = checked(answer.text)
    return text_of(page), form_of(page)


def flags(session: Session) -> list[bool]:
    session.expire_all()
    return list(session.scalars(select(CatalogEntry.active).order_by(CatalogEntry.id)))


def nothing_happened(session: Session) -> bool:
    session.expire_all()
    return session.scalars(select(Batch.id)).first() is None


def test_the_bar_is_a_form_without_scripts(editor: IsolatedClient, entries: list[int]) -> None:
    page = checked(editor.get("/catalog?family=old&page=1&sort=family").text)
    bar = page.one("form", id="bulk")
    assert (bar["action"], bar["method"]) == ("/bulk/preview", "post")
    assert page.one("input", name="where")["value"] == "family=old"
    boxes = page.all("input", type="checkbox", name="id", form="bulk")
    assert sorted(int(box["value"]) for box in boxes) == entries[:4]
    names = {option["value"] for option in page.all("option")}
    assert {"enable", "set_capability", "add_tags", "give_back", "matching"} <= names


def test_a_viewer_selects_nothing(viewer: IsolatedClient, entries: list[int]) -> None:
    page = checked(viewer.get("/catalog").text)
    assert not page.all("form", id="bulk")
    assert {box["name"] for box in page.all("input", type="checkbox")} == {"column", "shared"}
    for path in ("preview", "apply"):
        assert viewer.post(f"/bulk/{path}", data=ALL | {"action": "disable"}).status_code == 403


def test_picked_rows_are_previewed_and_changed(
    session: Session, editor: IsolatedClient, entries: list[int]
) -> None:
    said, form = preview(editor, **ENTRY, id=entries[:3], action="disable", back="/catalog?q=acme")
    assert "2 of 3 entries will be switched off. 1 already is so." in said
    assert "Model 1" in said
    assert nothing_happened(session)
    answer = editor.post("/bulk/apply", data=form | {"reason": "at night"})
    assert (answer.status_code, answer.location) == (303, "/catalog?q=acme")
    assert flags(session) == [False, False, False, True, True, True]
    page = checked(editor.get("/catalog").text)
    assert "2 entries switched off." in text_of(page)
    batch = session.scalars(select(Batch)).one()
    assert (batch.kind, batch.reason) == ("bulk", "at night")
    undo = next(form for form in page.all("form") if form["action"].endswith("/undo"))
    editor.post(undo["action"])
    assert flags(session) == [False, True, True, True, True, True]


def test_all_that_match_but_the_excepted_ones(
    session: Session, editor: IsolatedClient, entries: list[int]
) -> None:
    sent = ENTRY | {
        "quick": "disable_except",
        "where": "family=old",
        "id": [entries[1], entries[5]],
    }
    said, form = preview(editor, **sent)
    assert "2 of 4 entries that match will be switched off. 1 already is so, 1 stays" in said
    assert editor.post("/bulk/apply", data=form).status_code == 303
    assert flags(session) == [False, True, False, False, True, True]


@pytest.mark.parametrize(
    ("quick", "after"),
    [
        ("enable", [True] * 6),
        ("disable", [False] * 6),
        ("enable_except", [False, True, True, True, True, True]),
        ("disable_except", [False, False, True, False, False, False]),
    ],
)
def test_the_four_buttons(
    session: Session, editor: IsolatedClient, entries: list[int], quick: str, after: list[bool]
) -> None:
    kept = entries[0] if quick == "enable_except" else entries[2]
    answer = editor.post("/bulk/preview", data=ENTRY | {"quick": quick, "id": [kept]})
    page = checked(answer.text)
    if page.all("input", name="reason"):
        editor.post("/bulk/apply", data=form_of(page))
    else:
        assert "Nothing would change" in text_of(page)
    assert flags(session) == after


def test_the_rows_of_the_page(session: Session, editor: IsolatedClient, entries: list[int]) -> None:
    listed = ",".join(map(str, entries[4:]))
    _, form = preview(editor, **ENTRY, scope="page", page=listed, action="set_experimental")
    editor.post("/bulk/apply", data=form)
    done = select(CatalogEntry.id).where(CatalogEntry.experimental).order_by(CatalogEntry.id)
    assert session.scalars(done).all() == entries[4:]


@pytest.mark.parametrize(
    ("action", "argument", "field", "value"),
    [
        ("set_capability", {"capability": "supports_tools", "value": "x"}, "supports_tools", True),
        ("clear_capability", {"capability": "supports_tools"}, "supports_tools", False),
        ("set_family", {"value": " gpt "}, "family", "gpt"),
        ("set_feature_flag", {"value": "beta"}, "requires_feature_flag", "beta"),
        ("add_tags", {"value": 'fast, "a, b"'}, "tags", ["fast", "a, b"]),
    ],
)
def test_actions_with_an_argument(
    session: Session,
    editor: IsolatedClient,
    entries: list[int],
    action: str,
    argument: dict[str, str],
    field: str,
    value: object,
) -> None:
    said, form = preview(editor, **ALL, action=action, **argument)
    assert "6 of 6 entries" in said
    editor.post("/bulk/apply", data=form)
    session.expire_all()
    found = session.scalars(select(CatalogEntry)).all()
    assert [getattr(entry, field) for entry in found] == [value] * 6
    if action == "set_feature_flag":
        assert session.scalars(select(FeatureFlag.key)).all() == ["beta"]


def test_what_programs_lose_is_said(
    editor: IsolatedClient, entries: list[int], offers: list[int]
) -> None:
    said, _ = preview(editor, **ENTRY, id=entries[1:3], action="disable")
    assert "5 → become 3 available provider models." in said
    assert "2 entries have no available offer left: acme/m-1, acme/m-2." in said


def test_a_provider_is_switched_off_as_a_whole(
    session: Session, editor: IsolatedClient, offers: list[int]
) -> None:
    data = {"record_type": "provider_model", "quick": "disable", "where": "provider_id=prov_1"}
    said, form = preview(editor, **data, back="/providers/prov_1")
    assert "6 of 6 provider models that match will be switched off" in said
    assert editor.post("/bulk/apply", data=form).location == "/providers/prov_1"
    on = session.scalars(select(ProviderModel.id).where(ProviderModel.active)).all()
    assert sorted(on) == offers[6:]


def test_give_back_to_the_feeds(
    session: Session, editor: IsolatedClient, entries: list[int]
) -> None:
    editor_actor = actor_of(Role.EDITOR)
    edit_record(session, editor_actor, "entry", entries[0], {"family": "mine"})
    said, form = preview(editor, **ALL, action="give_back")
    assert "1 of 6 entries will go back to the feeds" in said
    editor.post("/bulk/apply", data=form)
    session.expire_all()
    assert session.get_one(CatalogEntry, entries[0]).protection == "none"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (ENTRY | {"action": "disable"}, "no row is selected"),
        (ENTRY | {"action": "disable", "scope": "page"}, "no row is selected"),
        (ALL, "choose what to do"),
        (ALL | {"action": "explode"}, "is not a bulk action"),
        (ALL | {"action": "set_category", "value": "x"}, "is not a bulk action"),
        (ALL | {"action": "set_family"}, "say which"),
        (ALL | {"action": "set_family", "value": "x" * 256}, "255"),
        (ALL | {"action": "set_family", "value": "x" * 9000}, "8,192"),
        (ALL | {"action": "add_tags", "value": " , "}, "say which"),
        (ALL | {"action": "set_capability", "capability": "supports_flight"}, "must be one of"),
        (ENTRY | {"action": "disable", "id": ["1", "999999"]}, "1 of the rows is not there"),
        (ALL | {"action": "disable", "kept": ["77777", "88888"]}, "2 of the rows are not there"),
    ],
)
def test_what_is_missing_is_asked_for_and_the_rest_kept(
    session: Session, editor: IsolatedClient, entries: list[int], data: dict[str, Any], said: str
) -> None:
    for path in ("preview", "apply"):
        if path == "apply" and "not there" in said:
            continue  # rows that went since the preview make it another selection
        answer = editor.post(f"/bulk/{path}", data=data | {"back": "/catalog?family=old"})
        assert answer.status_code == 422
        page = checked(answer.text)
        assert said in page.one("p", role="alert").text.lower()
        kept = form_of(page, "/bulk/preview")
        assert kept["record_type"] == ["entry"]
        assert kept["scope"] == [data.get("scope", "picked")]
        assert kept.get("id") == data.get("id")
        assert page.all("a", href="/catalog?family=old")
    assert nothing_happened(session)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"record_type": "user"},
        ENTRY | {"scope": "everything"},
        ENTRY | {"id": ["x"]},
        ENTRY | {"id": ["-1"]},
        ENTRY | {"id": [str(i) for i in range(1, 1002)]},
        ENTRY | {"page": "1,,2"},
        ENTRY | {"quick": "explode"},
        ALL | {"where": "colour=red"},
        ALL | {"where": "family=a&family=b"},
        ALL | {"where": "nonsense"},
        ALL | {"where": "active=perhaps"},
        ALL | {"where": "q=" + "x" * 9000},
    ],
)
def test_what_makes_no_sense_is_refused(
    session: Session, editor: IsolatedClient, entries: list[int], data: dict[str, Any]
) -> None:
    for path in ("preview", "apply"):
        assert editor.post(f"/bulk/{path}", data={"action": "disable"} | data).status_code == 400
    assert nothing_happened(session)


def test_records_of_deleted_providers_are_foreign(
    session: Session, editor: IsolatedClient, offers: list[int]
) -> None:
    session.scalars(select(Provider)).first().deleted_at = now()  # type: ignore[union-attr]
    session.commit()
    data = {"record_type": "provider_model", "action": "disable", "id": [offers[0], offers[6]]}
    answer = editor.post("/bulk/preview", data=data)
    assert answer.status_code == 422
    assert "1 of the rows is not there" in answer.text


def stale(
    session: Session, editor: IsolatedClient, entries: list[int], **headers: str
) -> TestResponse:
    """Applies a preview after somebody else switched one of its rows off."""
    _, form = preview(editor, **ENTRY, id=entries[1:4], action="disable")
    edit_record(session, actor_of(Role.ADMIN), "entry", entries[1], {"active": False})
    return editor.post("/bulk/apply", data=form | {"reason": "mine"}, headers=headers)


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_another_set_than_the_previewed_one_asks_again(
    session: Session, editor: IsolatedClient, entries: list[int], headers: dict[str, str]
) -> None:
    answer = stale(session, editor, entries, **headers)
    assert answer.status_code == 409
    page = checked(answer.text)
    assert "You saw 3 of 3; now it is 2 of 3." in page.one("p", role="alert").text
    assert page.one("input", name="reason")["value"] == "mine"
    assert flags(session) == [False, False, True, True, True, True]
    assert editor.post("/bulk/apply", data=form_of(page)).status_code == 303
    assert flags(session) == [False, False, False, False, True, True]


def test_without_a_preview_nothing_happens(
    session: Session, editor: IsolatedClient, entries: list[int]
) -> None:
    answer = editor.post("/bulk/apply", data=ALL | {"action": "disable"})
    assert answer.status_code == 422
    answer = editor.post("/bulk/apply", data=ALL | {"action": "disable", "fingerprint": "forged"})
    assert answer.status_code == 409
    assert nothing_happened(session)
    assert session.scalars(select(Change.id)).first() is None


def test_htmx_gets_the_pieces(editor: IsolatedClient, entries: list[int]) -> None:
    shown = editor.post("/bulk/preview", data=ALL | {"action": "disable"}, headers=HTMX)
    assert "<html" not in shown.text
    page = checked(shown.text)
    done = editor.post("/bulk/apply", data=form_of(page), headers=HTMX)
    assert done.headers["HX-Trigger"] == "almanac:changed"
    assert re.search(r"5 entries switched off\.", done.text)
    assert "/undo" in done.text


def test_the_input_fits_the_action(editor: IsolatedClient, entries: list[int]) -> None:
    def given(action: str, record_type: str = "entry") -> Page:
        query = {"record_type": record_type, "action": action}
        return checked(editor.get("/bulk/value", query_string=query, headers=HTMX).text)

    assert given("disable").elements == []
    assert [o["value"] for o in given("set_family").all("option")] == ["new", "old"]
    given("set_capability").one("select", name="capability")
    given("set_category", "provider_model").one("input", name="value")
    assert editor.get("/bulk/value?record_type=entry&action=explode").status_code == 400
