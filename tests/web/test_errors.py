"""One table of errors: JSON for programs, pages and toasts for people."""

import pytest
from flask.testing import FlaskClient
from structlog.testing import capture_logs

from tests.support.client import IsolatedClient
from tests.web.html import checked

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}

CASES = [
    ("validation", 400, "validation_error"),
    ("conflict", 409, "conflict"),
    ("precondition", 412, "precondition_failed"),
    ("missing", 404, "not_found"),
    ("forbidden", 403, "forbidden"),
    ("busy", 503, "busy"),
    ("unforeseen", 500, "internal_error"),
]


@pytest.mark.parametrize(("name", "status", "code"), CASES)
def test_programs_get_json_of_one_shape(
    prober: FlaskClient, name: str, status: int, code: str
) -> None:
    answer = prober.get(f"/v1/{name}", headers={"X-Request-ID": "abc-1"})
    assert answer.status_code == status
    body = answer.get_json()
    assert set(body) - {"details"} == {"code", "error", "message", "request_id"}
    assert body["code"] == code
    assert body["request_id"] == answer.headers["X-Request-ID"] == "abc-1"
    assert body["error"]
    assert body["message"]


def test_fields_at_fault_are_named(prober: FlaskClient) -> None:
    assert prober.get("/v1/validation").get_json()["details"] == [
        {"field": "family", "message": "must be a string"}
    ]
    assert "details" not in prober.get("/v1/conflict").get_json()


@pytest.mark.parametrize("name", ["unforeseen", "configuration"])
@pytest.mark.parametrize("prefix", ["/v1", "/console"])
def test_internals_are_logged_and_not_told(prober: FlaskClient, prefix: str, name: str) -> None:
    with capture_logs() as lines:
        answer = prober.get(f"{prefix}/{name}")
    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert "secret" not in answer.text
    assert [line for line in lines if line["log_level"] == "error" and line["exc_info"]]


@pytest.mark.parametrize(
    ("path", "headers"),
    [("/v1/busy", {}), ("/console/busy", {}), ("/console/busy", HTMX)],
    ids=["program", "page", "htmx"],
)
def test_who_meets_a_busy_database_is_told_when_to_come_back(
    prober: FlaskClient, path: str, headers: dict[str, str]
) -> None:
    answer = prober.get(path, headers=headers)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "nother write takes long" in answer.text
    assert (answer.headers.get("HX-Retarget") == "#toasts") is bool(headers)


def test_people_get_a_page(prober: FlaskClient) -> None:
    answer = prober.get("/console/missing")
    assert answer.status_code == 404
    assert answer.mimetype == "text/html"
    assert "There is no model x" in answer.text
    assert "<!doctype html>" in answer.text


def test_htmx_gets_a_toast_and_the_page_stays(prober: FlaskClient) -> None:
    answer = prober.get("/console/conflict", headers=HTMX)
    assert answer.status_code == 409
    assert answer.headers["HX-Retarget"] == "#toasts"
    assert answer.headers["HX-Reswap"] == "beforeend"
    assert "Somebody was faster." in answer.text
    assert "<html" not in answer.text


def test_a_page_survives_a_template_that_does_not(
    prober: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object, **_context: object) -> str:
        raise LookupError("template")

    monkeypatch.setattr("app.web.errors.render_template", broken)
    answer = prober.get("/console/missing")
    assert answer.status_code == 404
    assert "Not found" in answer.text


@pytest.mark.parametrize("path", ["/v1/no-such-thing", "/v1", "/feeds/openai/v1/nothing"])
def test_unknown_addresses_of_programs_are_json(prober: FlaskClient, path: str) -> None:
    answer = prober.get(path)
    assert answer.status_code == 404
    assert answer.get_json()["code"] == "not_found"


def test_a_wrong_method_names_the_right_ones(prober: FlaskClient) -> None:
    answer = prober.put("/v1/echo", json={})
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_bad_json_is_400(prober: FlaskClient) -> None:
    answer = prober.post("/v1/echo", data="{", content_type="application/json")
    assert answer.status_code == 400
    assert answer.get_json()["code"] == "bad_request"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_what_is_not_json_is_415(prober: FlaskClient, kind: str) -> None:
    answer = prober.post("/v1/echo", data="a=1", content_type=kind)
    assert answer.status_code == 415
    assert answer.get_json()["code"] == "unsupported_media_type"


def test_merge_patch_is_json_too(prober: FlaskClient) -> None:
    answer = prober.post("/v1/echo", data="{}", content_type="application/merge-patch+json")
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/v1/echo", "/write"])
def test_too_large_a_body_is_413(prober: FlaskClient, path: str) -> None:
    answer = prober.post(path, data=b"x" * (2 * 1024 * 1024 + 1), content_type="application/json")
    assert answer.status_code == 413


def test_a_view_without_permission_answers_nobody(prober: FlaskClient) -> None:
    answer = prober.get("/undeclared")
    assert answer.status_code == 500
    assert "never seen" not in answer.text


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a" * 128, True),
        ("A-b.c_9", True),
        ("a" * 129, False),
        ("a b", False),
        ("ä", False),
        ("", False),
    ],
)
def test_a_sane_request_id_is_kept(prober: FlaskClient, given: str, kept: bool) -> None:
    answer = prober.get("/healthz", headers={"X-Request-ID": given})
    assert (answer.headers["X-Request-ID"] == given) is kept
    assert answer.headers["X-Request-ID"]


@pytest.mark.parametrize(
    ("path", "status", "said", "sought"),
    [
        ("/catalog/no/such", 404, "There is no catalog entry &#39;no/such&#39;.", "no/such"),
        ("/nothing", 404, "There is nothing at this address.", ""),
        ("/catalog?context_min=x", 400, "context_min must be", None),
    ],
)
def test_who_is_logged_in_finds_the_way_on(
    viewer: IsolatedClient, path: str, status: int, said: str, sought: str | None
) -> None:
    answer = viewer.get(path)
    assert answer.status_code == status
    assert said in answer.text
    page = checked(answer.text)
    assert len(page.all("nav", id="navigation")) == 1
    found = [one["value"] for one in page.all("input", name="q", **{"class": "form-control"})]
    assert found == ([] if sought is None else [sought])
