"""A list in which nothing has all that was asked for names each filter, to be taken off alone."""

import pytest
from sqlalchemy.orm import Session

from tests.support.client import IsolatedClient
from tests.support.factories import make_provider_model
from tests.support.feeds import make_feed
from tests.web.html import checked

LISTS = {
    "/catalog?q=zz&active=true": ["/catalog?active=true", "/catalog?q=zz"],
    "/provider-models?search=zz&active=true": [
        "/provider-models?active=true",
        "/provider-models?search=zz",
    ],
    "/providers?search=zz&active=true": ["/providers?active=true", "/providers?search=zz"],
    "/changes?record=zz&kind=edit&actor_kind=user": [
        "/changes?kind=edit&actor_kind=user",
        "/changes?record=zz&kind=edit",
        "/changes?record=zz&actor_kind=user",
    ],
    "/review?q=zz&feed=nobody": ["/review?feed=nobody", "/review?q=zz"],
    "/sync-runs?feed=nobody&status=held": ["/sync-runs?status=held", "/sync-runs?feed=nobody"],
}


@pytest.fixture(autouse=True)
def catalog(session: Session) -> None:
    make_feed(session)
    make_provider_model(session)
    session.commit()


@pytest.mark.parametrize("path", LISTS)
def test_each_filter_of_an_empty_list_can_be_taken_off_alone(
    editor: IsolatedClient, path: str
) -> None:
    page = checked(editor.get(path).text)
    ways = [link["href"] for link in page.all("a") if link.text.startswith("without ")]
    assert sorted(ways) == sorted(LISTS[path])
    clear = [link["href"] for link in page.all("a") if link.text == "Clear all filters"]
    assert path.partition("?")[0] in clear


@pytest.mark.parametrize("path", ["/changes?record=zz", "/review?q=zz", "/providers?search=zz"])
def test_a_single_filter_is_named_and_cleared(editor: IsolatedClient, path: str) -> None:
    page = checked(editor.get(path).text)
    assert not [link for link in page.all("a") if link.text.startswith("without ")]
    said = [line.text for line in page.all("p") if "has this" in line.text]
    assert len(said) == 1
    assert said[0].endswith("zz")
