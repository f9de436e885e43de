"""Views of tables: who may keep, see and change them, and what they may hold."""

import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.core.errors import ConflictError, ForbiddenError, NotFoundError, ValidationError
from app.core.permissions import SYSTEM, Role
from app.models import SavedView, User
from app.queries.view_query import opened_query
from app.queries.views import get_view, list_views
from app.services.preferences import change_preferences
from app.services.views import change_view, delete_view, save_view
from tests.support.people import actor_of, ensure_user

VIEWER, EDITOR, ADMIN = (actor_of(role) for role in Role)


@pytest.fixture
def people(session: Session) -> dict[Role, int]:
    return {role: ensure_user(role) for role in Role}


def _names(session: Session, user: int, table: str = "entry") -> list[str]:
    return [view.name for view in list_views(session, user, table)]


def test_a_view_is_private_until_it_is_shared(session: Session, people: dict[Role, int]) -> None:
    mine = save_view(session, VIEWER, "entry", "  My   view ", "family=llama", shared=False)
    save_view(session, EDITOR, "entry", "Theirs", "active=true&page=3&view=x", shared=True)
    save_view(session, VIEWER, "provider_model", "Cheap", "prompt_price_max=1", shared=False)
    assert _names(session, people[Role.VIEWER]) == ["My view", "Theirs"]
    assert _names(session, people[Role.EDITOR]) == ["Theirs"]
    assert list_views(session, people[Role.EDITOR], "entry")[0].query == "active=true"
    with pytest.raises(NotFoundError):
        get_view(session, people[Role.EDITOR], mine)
    change_view(session, VIEWER, mine, shared=True)
    assert get_view(session, people[Role.EDITOR], mine).name == "My view"


def test_only_the_owner_changes_and_an_admin_what_is_shared(
    session: Session, people: dict[Role, int]
) -> None:
    private = save_view(session, VIEWER, "entry", "Private", "", shared=False)
    shared = save_view(session, VIEWER, "entry", "Shared", "", shared=True)
    for actor, view in ((EDITOR, private), (EDITOR, shared), (ADMIN, private)):
        with pytest.raises(NotFoundError):
            delete_view(session, actor, view)
        with pytest.raises(NotFoundError):
            change_view(session, actor, view, name="Mine now")
    assert delete_view(session, ADMIN, shared) == "Shared"
    assert _names(session, people[Role.VIEWER]) == ["Private"]


@pytest.mark.usefixtures("people")
def test_a_name_is_used_once_by_a_person_and_table(session: Session) -> None:
    save_view(session, VIEWER, "entry", "Drift", "drift=true", shared=False)
    other = save_view(session, VIEWER, "entry", "Other", "", shared=False)
    save_view(session, EDITOR, "entry", "Drift", "drift=true", shared=False)
    save_view(session, VIEWER, "provider_model", "Drift", "drift=true", shared=False)
    for taken in ("Drift", "drift", " DRIFT "):
        with pytest.raises(ConflictError, match="already"):
            save_view(session, VIEWER, "entry", taken, "", shared=False)
        with pytest.raises(ConflictError):
            change_view(session, VIEWER, other, name=taken)
    change_view(session, VIEWER, other, name="other")


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("", ""),
        ("   ", ""),
        ("x" * 81, ""),
        ("a\x00b", ""),
        ("fine", "colour=red"),
        ("fine", "active=perhaps"),
        ("fine", "context_min=9&context_max=1"),
        ("fine", "columns=<script>"),
        ("fine", "density=tight"),
        ("fine", "q=" + "x" * 5_000),
    ],
)
def test_what_cannot_be_a_view_is_refused(session: Session, name: str, query: str) -> None:
    view = save_view(session, VIEWER, "entry", "There", "family=a", shared=False)
    with pytest.raises(ValidationError):
        save_view(session, VIEWER, "entry", name, query, shared=False)
    with pytest.raises(ValidationError):
        change_view(session, VIEWER, view, name=name, query=query)
    assert session.execute(select(SavedView.name, SavedView.query)).all() == [("There", "family=a")]


def test_nobody_but_a_person_keeps_views(session: Session) -> None:
    with pytest.raises(ForbiddenError):
        save_view(session, SYSTEM, "entry", "Mine", "", shared=False)
    with pytest.raises(ForbiddenError):
        change_preferences(session, SYSTEM, "tables", lambda area: area)


def test_views_go_with_their_owner(session: Session, people: dict[Role, int]) -> None:
    save_view(session, VIEWER, "entry", "Mine", "", shared=True)
    session.execute(delete(User).where(User.id == people[Role.VIEWER]))
    session.commit()
    assert session.scalar(select(func.count()).select_from(SavedView)) == 0


@pytest.mark.parametrize(
    ("query", "args", "gone"),
    [
        ("family=a&sort=family", {"family": "a", "sort": "family"}, []),
        ("family=a&colour=red&active=so", {"family": "a"}, ["colour", "active"]),
        ("columns=family,gone&page=2", {"columns": "family,gone"}, []),
        ("columns=<b>&density=tight", {}, ["columns", "density"]),
        ("context_min=5&context_max=1", {"context_min": "5"}, ["context_max"]),
        ("%%%", {}, []),
    ],
)
def test_an_old_view_opens_with_what_still_means_something(
    query: str, args: dict[str, str], gone: list[str]
) -> None:
    found, left = opened_query("entry", query)
    assert (found, sorted(left)) == (args, sorted(gone))
