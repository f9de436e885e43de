"""Every mutation of the console as a browser without scripts sends it: a form on a page."""

from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests.support.client import IsolatedClient
from tests.support.forms import Control, Form, Typed, posted_to, press
from tests.support.furnished import furnish, names
from tests.support.proofs import PROOFS, Press, Proof

READING = {"GET", "HEAD", "OPTIONS"}
API = ("/v1/", "/feeds/openai/")
# What changes nothing by itself: the preview of a step that has its own proof, or a look.
CHANGES_NOTHING = {"bulk.preview", "compare.compare_picked", "providers.test", "review.preview"}


def mutations(app: Flask) -> list[Rule]:
    """The routes of the console that are not for reading."""
    return [
        rule
        for rule in app.url_map.iter_rules()
        if (rule.methods or set()) - READING and not rule.rule.startswith(API)
    ]


@pytest.mark.engines("sqlite")
def test_every_mutation_has_a_proof(app: Flask) -> None:
    assert {rule.endpoint for rule in mutations(app)} == set(PROOFS), "tests/support/proofs.py"
    assert {name for name, one in PROOFS.items() if one.look is None} == CHANGES_NOTHING
    others = {
        rule.endpoint
        for rule in mutations(app)
        if set(rule.methods or ()) & {"PUT", "PATCH", "DELETE"}
    }
    assert others == set(), "no form can send these"


@pytest.mark.parametrize("endpoint", sorted(PROOFS))
def test_a_form_does_it_without_scripts(
    endpoint: str,
    app: Flask,
    session: Session,
    client: IsolatedClient,
    admin: IsolatedClient,
    tmp_path: Path,
) -> None:
    furnish(session, tmp_path)
    one, known = PROOFS[endpoint], names(session)
    browser = client if endpoint == "auth.log_in_with_password" else admin
    browser.environ_base.pop("HTTP_X_CSRFTOKEN", None)  # the form's own field has to do
    before = one.look(session) if one.look else None

    page, path = one.page.format(**known), ""
    answer = browser.get(page)
    assert answer.status_code == 200
    for step in one.presses:
        form, button, address = find(answer.text, step, one, known)
        path = urlsplit(urljoin(page, address)).path
        page, answer = walk(browser, page, form, button, filled(step.typed, known))
    matched, _ = app.url_map.bind("localhost").match(path, method="POST")

    assert matched == endpoint
    assert answer.status_code == 200
    assert one.says in answer.text
    session.expire_all()
    after = one.look(session) if one.look else None
    assert (after != before) is (one.look is not None)
    assert one.then in (None, after)


@pytest.mark.engines("postgresql")
def test_no_form_breaks_on_a_character_that_the_database_cannot_store(
    app: Flask, session: Session, admin: IsolatedClient, tmp_path: Path
) -> None:
    furnish(session, tmp_path)
    known = names(session)
    tried: set[str] = set()
    for page in sorted({one.page.format(**known) for one in PROOFS.values()}):
        for form, button, address in posted_to(admin.get(page).text):
            if address in tried | {"/logout"}:
                continue
            tried.add(address)
            usual = {c.name: c.attributes.get("value") or "x" for c in form.controls if c.name}
            usual |= {button.name: button.attributes.get("value") or ""} if button.name else {}
            for name in usual.keys() - {"csrf_token"}:
                answer = admin.post(address, data=usual | {name: "a\x00b"})
                assert answer.status_code < 500, (page, address, name)
    assert len(tried) >= 30


def find(html: str, step: Press, one: Proof, known: dict[str, str]) -> tuple[Form, Control, str]:
    """The form, the button and the address; a person must be able to see the button."""
    sends, to = step.sends.format(**known), one.to.format(**known)
    for form, button, address in posted_to(html):
        pair = f"{button.name}={button.attributes.get('value')}"
        if button.label == step.button and to in address and sends in ("", pair):
            return form, button, address
    labels = sorted({button.label for _, button, _ in posted_to(html)})
    raise AssertionError(f"no button {step.button!r} that sends {sends!r} to {to!r}: {labels}")


def walk(
    browser: IsolatedClient,
    page: str,
    form: Form,
    button: Control,
    typed: Typed,
) -> tuple[str, TestResponse]:
    """Where the press leads, and what is there."""
    target = urljoin(page, form.target(button)[1])
    answer = press(browser, page, form, button, typed)
    while answer.status_code in {302, 303}:
        target = urljoin(target, answer.location)
        parts = urlsplit(target)
        answer = browser.get(parts.path, query_string=parts.query)
    return target, answer


def filled(typed: Typed, known: dict[str, str]) -> Typed:
    return {
        name: value.format(**known)
        if isinstance(value, str)
        else [v.format(**known) for v in value]
        for name, value in typed.items()
    }
