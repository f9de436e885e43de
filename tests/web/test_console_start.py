"""The first steps: what is to do next, for whom, and when they are over."""

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.core.permissions import Role
from app.models import Batch, Provider, User
from app.services.records import edit_record
from tests.support.client import IsolatedClient
from tests.support.factories import make_entry, make_provider, make_provider_model
from tests.support.people import actor_of, email_of
from tests.web.html import Page, checked


@pytest.fixture(autouse=True)
def fresh(session: Session) -> None:
    """A catalog that feeds have filled: two providers, off, each with a model."""
    for name in ("Acme", "Beta"):
        provider = make_provider(session, name=name, public_id=f"prov_{name}", active=False)
        entry = make_entry(session, public_id=f"{name}/one", active=True)
        make_provider_model(session, provider, entry_id=entry.id, active=False)
    session.commit()


def current_step(page: Page) -> str:
    return page.one("li", **{"aria-current": "step"}).text


def text_of(page: Page) -> str:
    return page.one("body").text


def start_of(browser: IsolatedClient, path: str = "/start") -> Page:
    return checked(browser.get(path).text)


@pytest.mark.parametrize("path", ["/", "/start"])
def test_the_steps_are_done_one_after_the_other(
    admin: IsolatedClient, session: Session, path: str
) -> None:
    assert "Choose providers" in current_step(start_of(admin, path))

    answer = admin.post("/start/providers", data={"provider": ["prov_Acme"]})
    assert (answer.status_code, answer.location) == (303, "/start")
    page = start_of(admin, path)
    assert "1 provider is on, 1 model is switched on." in text_of(page)
    assert "See the catalog" in current_step(page)

    answer = admin.post("/start/seen")
    assert (answer.status_code, answer.location) == (303, "/catalog")
    assert "Correct a value" in current_step(start_of(admin, path))

    edit_record(session, actor_of(Role.ADMIN), "entry", "Acme/one", {"family": "ours"})
    assert "First steps" not in [h.text for h in start_of(admin, "/").all("h2")]
    assert "The first steps are done" in text_of(start_of(admin))


def test_the_batch_is_one_that_undo_takes_back(admin: IsolatedClient, session: Session) -> None:
    admin.post("/start/providers", data={"provider": ["prov_Acme", "prov_Beta"]})
    batch = session.scalars(select(Batch.public_id)).one()
    assert "2 provider models switched on, with 2 providers" in admin.get("/changes").text
    assert admin.post(f"/batches/{batch}/undo", data={"back": "/start"}).status_code == 303
    session.rollback()
    assert session.scalars(select(Provider.active)).all() == [False, False]
    assert "Choose providers" in current_step(start_of(admin))


@pytest.mark.parametrize(
    ("sent", "status", "said"),
    [
        ([], 422, "Choose a provider."),
        (["prov_Acme", "prov_gone"], 404, "there is no provider"),
        (["prov_\x00"], 404, "there is no provider"),
    ],
)
def test_what_cannot_be_done_says_why_and_changes_nothing(
    admin: IsolatedClient, session: Session, sent: list[str], status: int, said: str
) -> None:
    answer = admin.post("/start/providers", data={"provider": sent})
    assert answer.status_code == status
    assert said.lower() in answer.text.lower()
    assert session.scalar(select(func.count()).select_from(Batch)) == 0


def test_each_role_is_offered_what_it_may_do(
    admin: IsolatedClient, editor: IsolatedClient, viewer: IsolatedClient
) -> None:
    assert len(start_of(admin).all("input", name="provider")) == 2
    for browser, said in ((editor, "Correct a value"), (viewer, "Look at it")):
        page = start_of(browser)
        assert page.all("input", name="provider") == []
        assert "An admin does this." in current_step(page)
        assert said in text_of(page)
        answer = browser.post("/start/providers", data={"provider": ["prov_Acme"]})
        assert answer.status_code == 403


def test_the_panel_is_hidden_for_the_one_who_hides_it(
    admin: IsolatedClient, viewer: IsolatedClient, session: Session
) -> None:
    assert admin.post("/start/panel", data={"shown": "false"}).status_code == 303
    assert "Choose providers" not in text_of(start_of(admin, "/"))
    assert "Choose providers" in text_of(start_of(viewer, "/"))
    assert "Choose providers" in text_of(start_of(admin))
    admin.post("/start/panel", data={"shown": "true"})
    assert "Choose providers" in text_of(start_of(admin, "/"))
    assert admin.post("/start/panel", data={"shown": "perhaps"}).status_code == 400
    kept = session.scalars(select(User).where(User.email == email_of(Role.ADMIN))).one()
    assert kept.preferences == {"start": {"hidden": False}}


def test_without_models_it_begins_with_the_feeds(admin: IsolatedClient, session: Session) -> None:
    session.execute(update(Provider).values(deleted_at=1))
    session.commit()
    page = start_of(admin, "/")
    assert "There are no models yet" in current_step(page)
    assert page.all("a", href="/feeds", **{"class": "btn btn-sm btn-primary"}) != []
