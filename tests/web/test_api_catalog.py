"""`/v1/admin/models/catalogs`, line by line of the contract: what is right, and what is refused."""

from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.core.fields import ENTRY_FIELDS
from app.core.permissions import Role
from app.models import Batch, CatalogEntry, Change, Override, db
from tests.support.client import IsolatedClient
from tests.support.factories import make_entry
from tests.support.people import api_client

LIST = "/v1/admin/models/catalogs"
ID = "openai/gpt-4o"
ONE = f"{LIST}/{ID}"
KEYS = {
    *("id", "public_id", "model_display_name", "description", "family", "notes", "tags", "active"),
    *("experimental", "is_moderated", "requires_feature_flag", "context_length", "architecture"),
    *("supported_parameters", "supports_audio", "supports_browser", "supports_embeddings"),
    *("supports_images", "supports_instruct", "supports_reasoning", "supports_tools"),
    *("supports_video", "extras", "status", "last_synced_at", "created_at", "updated_at"),
    *("version", "protection", "manual_fields", "unknown_fields", "drift", "sources", "retired_at"),
}


@pytest.fixture
def entry(session: Session) -> CatalogEntry:
    made = make_entry(
        session,
        aliases=["openai:gpt-4o"],
        public_id=ID,
        model_display_name="GPT-4o",
        family="gpt",
        description="Fast",
        tags=["vip"],
        context_length=8192,
        supports_tools=False,
        created_at=1_000,
        updated_at=1_000,
    )
    session.commit()
    return made


@pytest.fixture
def editor(app: Flask, client: IsolatedClient) -> IsolatedClient:
    return api_client(app, Role.EDITOR)


@pytest.fixture
def viewer(app: Flask, client: IsolatedClient) -> IsolatedClient:
    return api_client(app, Role.VIEWER)


def body_of(response: TestResponse) -> dict[str, Any]:
    assert response.status_code == 200, response.get_data(as_text=True)
    body: dict[str, Any] = response.get_json()
    return body


def contents(session: Session) -> dict[str, Any]:
    """What an edit could have written."""
    session.rollback()
    rows = session.execute(select(*CatalogEntry.__table__.columns)).mappings().all()
    counts = [session.scalar(select(func.count()).select_from(t)) for t in (Override, Change)]
    edits = session.scalar(select(func.count()).where(Batch.kind == "edit"))
    texts = sorted(session.scalars(text("SELECT text FROM entry_search")))
    return {"rows": rows, "counts": counts, "edits": edits, "texts": texts}


def assert_refused(response: TestResponse, status: int, *fields: str) -> dict[str, Any]:
    assert response.status_code == status, response.get_data(as_text=True)
    problem: dict[str, Any] = response.get_json()
    assert set(problem) - {"details"} == {"code", "error", "message", "request_id"}
    assert problem["request_id"] == response.headers["X-Request-ID"]
    assert [detail["field"] for detail in problem.get("details", [])] == list(fields)
    return problem


def test_a_list_has_data_total_limit_and_offset(
    session: Session, entry: CatalogEntry, viewer: IsolatedClient
) -> None:
    make_entry(session, public_id="meta/llama", created_at=2_000)
    answer = body_of(viewer.get(LIST))
    assert list(answer) == ["data", "total", "limit", "offset"]
    assert (answer["total"], answer["limit"], answer["offset"]) == (2, 20, 0)
    assert [e["id"] for e in answer["data"]] == ["meta/llama", ID]
    assert all(set(e) == KEYS for e in answer["data"])
    second = body_of(viewer.get(f"{LIST}?limit=1&offset=1"))
    assert ([e["id"] for e in second["data"]], second["total"]) == ([ID], 2)
    assert body_of(viewer.get(f"{LIST}?offset=5"))["data"] == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        *(("q=gpt-4", True), ("q=GPT", True), ("q=fas", True), ("q=vip", True), ("q=%25", False)),
        *(("status=filled", True), ("status=init", False), ("active=true", True)),
        *(("active=false", False), ("is_moderated=true", False), ("experimental=false", True)),
        *(("requires_feature_flag=x", False), ("family=gpt", True), ("family=g", False)),
        *(("tag=vip", True), ("tag=vi", False), ("supports_tools=false", True)),
        *(("supports_video=false", True), ("supports_tools=true", False), ("manual=true", False)),
        *(("drift=true", False), ("retired=false", True), ("sort=context_length&order=asc", True)),
        ("q=gpt&active=true&tag=vip&supports_tools=false&family=gpt&limit=1000", True),
    ],
)
@pytest.mark.engines("sqlite")
def test_each_parameter_filters(
    entry: CatalogEntry, viewer: IsolatedClient, query: str, found: bool
) -> None:
    answer = body_of(viewer.get(f"{LIST}?{query}"))
    assert answer["total"] == len(answer["data"]) == int(found)


@pytest.mark.engines("sqlite")
@pytest.mark.parametrize(
    ("query", "field"),
    [
        *(("limit=0", "limit"), ("limit=1001", "limit"), ("limit=a", "limit")),
        *(("offset=-1", "offset"), ("order=down", "order"), ("sort=tags", "sort")),
        *(("status=new", "status"), ("active=1", "active"), ("supports_tools=", "supports_tools")),
        *((f"q={'x' * 256}", "q"), ("page=1", "page"), ("active=true&active=true", "active")),
    ],
)
def test_a_parameter_that_cannot_be_understood_is_refused(
    viewer: IsolatedClient, query: str, field: str
) -> None:
    assert_refused(viewer.get(f"{LIST}?{query}"), 400, field)


def test_an_entry_shows_every_key(entry: CatalogEntry, viewer: IsolatedClient) -> None:
    response = viewer.get(ONE)
    shown = body_of(response)
    assert set(shown) == KEYS
    assert shown["id"] == shown["public_id"] == ID
    assert (shown["tags"], shown["notes"], shown["created_at"]) == (["vip"], None, 1_000)
    assert shown["supports_video"] is False
    assert "supports_video" in shown["unknown_fields"]
    assert response.headers["ETag"].startswith('"1.')


@pytest.mark.engines("sqlite")
def test_an_etag_saves_sending_it_again(entry: CatalogEntry, viewer: IsolatedClient) -> None:
    tag = viewer.get(ONE).headers["ETag"]
    for header in (tag, f"W/{tag}", f'"0", {tag}', "*"):
        response = viewer.get(ONE, headers={"If-None-Match": header})
        assert (response.status_code, response.data) == (304, b"")
        assert response.headers["ETag"] == tag
    assert viewer.get(ONE, headers={"If-None-Match": '"0"'}).status_code == 200


@pytest.mark.parametrize(
    ("name", "path"),
    [
        *((ID, "openai/gpt-4o"), (ID, "openai%2Fgpt-4o"), (ID, "openai%2fgpt-4o")),
        *((ID, "OpenAI/GPT-4o"), (ID, "openai:gpt-4o"), (ID, "openai%3Agpt-4o")),
        ("a/b.c/d:e@f", "a/b.c/d:e@f"),
        ("a/b.c/d:e@f", "a%2Fb.c%2Fd%3Ae%40f"),
        ("a b/c+d", "a%20b/c+d"),
        ("a b/c+d", "a%20b%2Fc%2Bd"),
        ("100%/ü", "100%25/%C3%BC"),
        ("what?/no#", "what%3F/no%23"),
        ("bulk-toggle", "bulk-toggle"),
        ("x" * 127 + "/" + "y" * 127, "x" * 127 + "/" + "y" * 127),
    ],
)
@pytest.mark.engines("sqlite")
def test_any_id_can_stand_in_a_path(
    session: Session, entry: CatalogEntry, editor: IsolatedClient, name: str, path: str
) -> None:
    if name != ID:
        make_entry(session, public_id=name)
    assert body_of(editor.get(f"{LIST}/{path}"))["id"] == name
    assert body_of(editor.patch(f"{LIST}/{path}", json={"notes": "n"}))["notes"] == "n"


@pytest.mark.parametrize(
    "path",
    [
        *("no/such", "openai//gpt-4o", "/openai/gpt-4o", "openai/gpt-4o/"),
        *("x" * 256, "%FF", "%ED%A0%80", "openai/../gpt-4o"),
    ],
)
def test_an_id_that_is_none_is_not_found(
    session: Session, entry: CatalogEntry, editor: IsolatedClient, path: str
) -> None:
    before = contents(session)
    assert_refused(editor.get(f"{LIST}/{path}"), 404)
    assert_refused(editor.patch(f"{LIST}/{path}", json={"notes": "n"}), 404)
    assert contents(session) == before


RIGHT: list[tuple[str, Any, Any]] = [
    *(
        (name, value, value)
        for name in ("active", "experimental", "is_moderated", "supports_audio")
        for value in (True, False)
    ),
    *((f"supports_{name}", True, True) for name in ("browser", "embeddings", "images", "instruct")),
    *((f"supports_{name}", True, True) for name in ("reasoning", "tools", "video")),
    *((name, None, None) for name in ("description", "family", "is_moderated", "notes")),
    *((name, None, None) for name in ("requires_feature_flag", "context_length")),
    ("model_display_name", None, None),
    ("context_length", 128000, 128000),
    ("context_length", 128000.0, 128000),
    ("context_length", 0, 0),
    ("model_display_name", " GPT 4o ", "GPT 4o"),
    ("description", "two\nlines", "two\nlines"),
    ("tags", [], []),
    ("tags", ["a", "b", "a"], ["a", "b"]),
    ("extras", {"a": {"b": [1, None, 0.5]}}, {"a": {"b": [1, None, 0.5]}}),
    ("extras", {}, {}),
    (
        "architecture",
        {"modality": "text->text", "input_modalities": ["text"]},
        {
            "modality": "text->text",
            "input_modalities": ["text"],
            "output_modalities": [],
            "tokenizer": None,
            "instruct_type": None,
        },
    ),
    (
        "supported_parameters",
        {"names": ["top_p"], "default": {"top_p": 0.5, "seed": None}},
        {"names": ["top_p"], "default": {"top_p": 0.5, "seed": None}},
    ),
]


@pytest.mark.engines("sqlite")
@pytest.mark.parametrize(("field", "sent", "kept"), RIGHT)
def test_a_field_is_replaced_whole_and_becomes_manual(
    entry: CatalogEntry, editor: IsolatedClient, field: str, sent: Any, kept: Any
) -> None:
    before = body_of(editor.get(ONE))
    response = editor.patch(ONE, json={field: sent})
    after = body_of(response)
    assert after[field] == kept
    assert (after["status"], after["manual_fields"]) == ("updated", [field])
    assert after["sources"][field] == "manual"
    assert after == body_of(editor.get(ONE))
    changed = {name for name in KEYS if before[name] != after[name]}
    assert changed <= {
        *(field, "status", "manual_fields", "sources", "version", "updated_at", "protection"),
        "unknown_fields",
    }


@pytest.mark.parametrize("path", [f"{LIST}/%00", f"{LIST}/a%00b", f"{LIST}?q=%00"])
def test_a_nul_is_refused_before_a_database_sees_it(editor: IsolatedClient, path: str) -> None:
    assert_refused(editor.get(path), 400)


def each(name: str, *values: Any) -> list[tuple[str, Any]]:
    return [(name, value) for value in values]


WRONG: list[tuple[str, Any]] = [
    *((name, None) for name in ("active", "experimental", "supports_tools", "tags", "extras")),
    *((name, None) for name in ("architecture", "supported_parameters")),
    *each("active", "true", 1, 0, "", [], 1.0),
    *each("supports_video", "false", 1),
    *each("context_length", 1.5, -1, True, "128000", 10**16, 1e300, []),
    ("context_length", 10**299),
    *each("model_display_name", "x" * 256, 1, "a\nb", "a\x00b", ["a"]),
    *each("tags", "a", [1], [""], [" "], ["a", None], {}),
    *each("extras", [], "x", 1),
    *each("architecture", {"modalty": "x"}, [], {"input_modalities": "text"}),
    *each("supported_parameters", {"default": {"a": "b"}}, {"names": [1]}),
    ("supported_parameters", {"default": {"a": True}}),
    ("description", "x" * 65_537),
]


@pytest.mark.engines("sqlite")
@pytest.mark.parametrize(("field", "sent"), WRONG)
def test_a_wrong_value_is_refused_and_nothing_is_written(
    session: Session, entry: CatalogEntry, editor: IsolatedClient, field: str, sent: Any
) -> None:
    before = contents(session)
    assert_refused(editor.patch(ONE, json={"notes": "fine", field: sent}), 400, field)
    assert contents(session) == before


def test_all_wrong_fields_are_named_and_the_nearest_known_one(
    session: Session, entry: CatalogEntry, editor: IsolatedClient
) -> None:
    before = contents(session)
    sent = {"supports_tols": True, "active": 1, "context_length": -1, "notes": "fine", "name": 1}
    response = editor.patch(ONE, json=sent)
    problem = assert_refused(response, 400, "active", "context_length", "name", "supports_tols")
    assert problem["code"] == "validation_error"
    told = {detail["field"]: detail["message"] for detail in problem["details"]}
    assert "'supports_tools'" in told["supports_tols"]
    assert "'model_display_name'" in told["name"]
    assert contents(session) == before


@pytest.mark.engines("sqlite")
@pytest.mark.parametrize(
    ("body", "status"),
    [
        *((b"", 400), (b"{", 400), (b"null", 400), (b"[]", 400), (b'"x"', 400), (b"\xff\xfe", 400)),
        *((b'{"active": true, "active": true}', 400), (b'{"extras": {"a": 1, "a": 2}}', 400)),
        *((b'{"context_length": NaN}', 400), (b'{"extras": {"a": Infinity}}', 400)),
        *((b'{"context_length": 1e999}', 400), (b'{"extras": {"a": ' + b"9" * 5000 + b"}}", 400)),
        (b'{"extras": ' + b'{"a":' * 5000 + b"1" + b"}" * 5001, 400),
        (b'{"notes": "\\ud800"}', 400),
        (b'{"notes": "' + b"x" * 3_000_000 + b'"}', 413),
    ],
    ids=range(15),
)
def test_a_body_that_is_no_json_object_is_refused(
    session: Session, entry: CatalogEntry, editor: IsolatedClient, body: bytes, status: int
) -> None:
    before = contents(session)
    response = editor.patch(ONE, data=body, content_type="application/json")
    assert response.status_code == status, response.get_data(as_text=True)
    assert {"code", "error", "message", "request_id"} <= set(response.get_json())
    assert contents(session) == before


@pytest.mark.engines("sqlite")
@pytest.mark.parametrize("depth", [40, 300, 700, 880, 920, 960, 1000, 5000, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")], ids=str)
def test_no_depth_of_nesting_breaks_the_server(
    session: Session,
    entry: CatalogEntry,
    editor: IsolatedClient,
    depth: int,
    opening: bytes,
    closing: bytes,
) -> None:
    before = contents(session)
    deep = opening * depth + b"1" + closing * depth
    for name in [field.name for field in ENTRY_FIELDS] + ["nothing_like_it"]:
        body = b'{"%b": %b}' % (name.encode(), deep)
        response = editor.patch(ONE, data=body, content_type="application/json")
        assert response.status_code == 400, (name, response.get_data(as_text=True))
    assert contents(session) == before


@pytest.mark.engines("sqlite")
def test_a_body_of_unstated_length_is_read_up_to_the_limit(
    session: Session, entry: CatalogEntry, editor: IsolatedClient
) -> None:
    before = contents(session)
    chunked: dict[str, Any] = {
        "headers": {"Transfer-Encoding": "chunked", "Content-Type": "application/json"},
        "environ_overrides": {"wsgi.input_terminated": True},
    }
    large = b'{"notes": "' + b"x" * 3_000_000 + b'"}'
    assert_refused(editor.patch(ONE, input_stream=BytesIO(large), **chunked), 413)
    assert contents(session) == before
    small = BytesIO(b'{"notes": "n"}')
    assert body_of(editor.patch(ONE, input_stream=small, **chunked))["notes"] == "n"


@pytest.mark.engines("sqlite")
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_another_content_type_is_refused(
    session: Session, entry: CatalogEntry, editor: IsolatedClient, kind: str
) -> None:
    before = contents(session)
    assert_refused(editor.patch(ONE, data=b'{"notes": "n"}', content_type=kind), 415)
    assert contents(session) == before
    assert body_of(editor.patch(ONE, data=b"{}", content_type="application/json; charset=utf-8"))


def test_what_was_read_can_be_sent_back(entry: CatalogEntry, editor: IsolatedClient) -> None:
    shown = body_of(editor.get(ONE))
    edited = shown | {"notes": "edited", "family": "gpt-4"}
    after = body_of(editor.patch(ONE, json=edited))
    assert (after["notes"], after["family"], after["version"]) == ("edited", "gpt-4", 2)


@pytest.mark.parametrize("body", [{}, {"status": "init", "version": 99, "id": "other"}])
def test_an_empty_patch_still_marks_the_entry(
    entry: CatalogEntry, editor: IsolatedClient, body: dict[str, Any]
) -> None:
    before = body_of(editor.get(ONE))
    after = body_of(editor.patch(ONE, json=body))
    assert (after["status"], after["id"], after["manual_fields"]) == ("updated", ID, [])
    for name in KEYS - {"status", "version", "updated_at", "protection"}:
        assert after[name] == before[name]


@pytest.mark.parametrize(
    ("header", "status"),
    [
        *(("{etag}", 200), ("W/{etag}", 200), ("*", 200), ('"1"', 200), ('"9", {etag}', 200)),
        *(('"2"', 412), ('"0"', 412), ("nonsense", 412), ("", 412), ("1", 412), ('"x"', 412)),
        *(('"9", "8"', 412), ('"-1"', 412), ('"99999999999999999999"', 412)),
    ],
)
def test_if_match_guards_an_edit(
    session: Session, entry: CatalogEntry, editor: IsolatedClient, header: str, status: int
) -> None:
    before = contents(session)
    etag = editor.get(ONE).headers["ETag"]
    headers = {"If-Match": header.format(etag=etag)}
    response = editor.patch(ONE, json={"notes": "n"}, headers=headers)
    assert response.status_code == status
    if status == 412:
        assert_refused(response, 412)
        assert contents(session) == before
    else:
        assert response.headers["ETag"].startswith('"2.')
        again = editor.patch(ONE, json={"notes": "m"}, headers={"If-Match": etag})
        assert_refused(again, 412)


@pytest.mark.engines("sqlite")
def test_if_match_on_what_is_not_there_is_not_found(editor: IsolatedClient) -> None:
    for header in ("*", '"1"', '"1", "2"'):
        headers = {"If-Match": header}
        assert_refused(editor.patch(f"{LIST}/no/such", json={}, headers=headers), 404)


@pytest.mark.engines("sqlite")
@pytest.mark.parametrize(
    ("header", "kept"),
    [
        ("price is wrong", "price is wrong"),
        ("Größe".encode().decode("latin-1"), "Größe"),
        ("Größe", "Größe"),
        ("Gr%C3%B6%C3%9Fe%20stimmt", "Größe stimmt"),
        ("100% sure", "100% sure"),
        ("100%25", "100%"),
        ("%FF", "%FF"),
        ("x" * 500, "x" * 500),
    ],
)
def test_the_reason_goes_into_the_change_log(
    session: Session, entry: CatalogEntry, editor: IsolatedClient, header: str, kept: str
) -> None:
    body_of(editor.patch(ONE, json={"notes": "n"}, headers={"X-Change-Reason": header}))
    batch = session.scalars(select(Batch).where(Batch.kind == "edit")).one()
    assert (batch.reason, batch.actor_kind) == (kept, "token")
    change = session.scalars(select(Change).where(Change.batch_id == batch.id)).all()
    assert ("notes", None, "n") in [(c.field, c.old, c.new) for c in change]


@pytest.mark.engines("sqlite")
def test_a_reason_that_is_too_long_or_got_lost_on_the_way_is_refused(
    session: Session, entry: CatalogEntry, editor: IsolatedClient
) -> None:
    before = contents(session)
    for reason in ("x" * 501, "", " "):
        response = editor.patch(ONE, json={"notes": "n"}, headers={"X-Change-Reason": reason})
        assert_refused(response, 400, "X-Change-Reason")
    assert contents(session) == before


def test_an_edit_is_found_at_once(entry: CatalogEntry, editor: IsolatedClient) -> None:
    for query, total in (("q=Fast", 1), ("tag=vip", 1), ("q=slower", 0), ("tag=new", 0)):
        assert body_of(editor.get(f"{LIST}?{query}"))["total"] == total
    body_of(editor.patch(ONE, json={"description": "Much slower", "tags": ["new"]}))
    for query, total in (("q=Fast", 0), ("tag=vip", 0), ("q=SLOWER", 1), ("tag=new", 1)):
        assert body_of(editor.get(f"{LIST}?{query}"))["total"] == total


def test_viewers_read_and_nobody_else_does(
    session: Session, app: Flask, entry: CatalogEntry, viewer: IsolatedClient
) -> None:
    before = contents(session)
    assert_refused(viewer.patch(ONE, json={"notes": "n"}), 403)
    nobody = app.test_client()
    for headers in ({}, {"Authorization": "Bearer x.y.z"}, {"Authorization": "Basic eDp5"}):
        for answer in (
            nobody.get(LIST, headers=headers),
            nobody.get(ONE, headers=headers),
            nobody.patch(ONE, json={"notes": "n"}, headers=headers),
        ):
            assert_refused(answer, 401)
            assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert contents(session) == before


@pytest.mark.engines("sqlite")
def test_other_methods_are_not_there(entry: CatalogEntry, editor: IsolatedClient) -> None:
    for method in ("put", "delete", "post"):
        response = getattr(editor, method)(ONE, json={})
        assert_refused(response, 405)
        assert "PATCH" in response.headers["Allow"]
    assert editor.head(ONE).status_code == 200


def count_statements(client: IsolatedClient, path: str, body: dict[str, Any] | None = None) -> int:
    seen: list[str] = []

    def note(*args: Any) -> None:
        if not args[2].startswith(("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA")):
            seen.append(args[2])

    engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        response = client.get(path) if body is None else client.patch(path, json=body)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert response.status_code == 200
    return len(seen)


def test_calls_take_a_fixed_number_of_statements(
    session: Session, entry: CatalogEntry, editor: IsolatedClient
) -> None:
    """One of each is looking up the token."""
    few = count_statements(editor, f"{LIST}?limit=50")
    for _ in range(30):
        make_entry(session, tags=["vip"])
    session.commit()
    editor.get(f"{LIST}?limit=50")
    assert count_statements(editor, f"{LIST}?limit=50") <= min(few, 4)
    assert count_statements(editor, f"{LIST}?limit=50&q=vip&active=true") <= 8
    assert count_statements(editor, ONE) <= 2
    assert count_statements(editor, ONE, {"notes": "n", "tags": ["x"]}) <= 18
    assert count_statements(editor, ONE, {"notes": "m", "tags": ["y"]}) <= 18
