"""The dashboard's list of what needs a person."""

from sqlalchemy.orm import Session

from app.models import now
from tests.support.client import IsolatedClient
from tests.support.factories import make_entry
from tests.support.syncs import make_feed, make_item, make_run
from tests.support.webhooks import make_delivery, make_webhook
from tests.web.html import checked


def lines(client: IsolatedClient) -> dict[str, str]:
    """The addresses of the lines with what they say."""
    page = checked(client.get("/").text)
    found = [a for a in page.all("a") if a["class"] == "needs-line"]
    return {a["href"]: " ".join(a.text.split()) for a in found}


def test_nothing_needs_anybody(viewer: IsolatedClient) -> None:
    assert "Nothing needs you" in viewer.get("/").text
    assert lines(viewer) == {}


def test_all_that_needs_a_person_leads_to_where_it_is_decided(
    admin: IsolatedClient, viewer: IsolatedClient, session: Session
) -> None:
    one = make_feed(session, name="one")
    for _ in range(2):
        make_item(session, make_run(session, one))
    session.flush()
    one.last_error, one.last_error_at = "too few models", now()  # the held answer says so itself
    refused = make_run(session, one, status="held", error="too few models")
    moment = now()
    broken = {"last_error": "the server said 503", "last_error_at": moment, "failures": 3}
    make_feed(session, name="two", **broken, last_success_at=moment - 60)
    make_feed(session, name="well", **broken | {"failures": 0}, last_success_at=moment + 60)
    make_entry(session, retired_at=moment - 86_400)
    make_entry(session, retired_at=moment - 30 * 86_400)
    make_entry(session, drift={"family": "x"})
    hook = make_webhook(session, public_id="hook_1", description="The gateway")
    make_delivery(session, hook, state="failed")
    make_delivery(session, hook, state="failed", created_at=moment - 30 * 86_400)
    make_delivery(session, hook, state="delivered")
    found = lines(admin)
    assert found.pop("/webhooks/hook_1?state=failed").startswith("1 message to The gate")
    assert found == lines(viewer)
    assert found == {
        "/sync-runs?feed=two&status=failed": "3 failed syncs in a row of two The server said 503",
        f"/sync-runs/{refused.public_id}": "1 whole answer of one is held back Too few models",
        "/review?feed=one": "2 values of one wait for a person",
        "/catalog?retired=true": "1 model vanished from the feeds in the last 7 days",
        "/catalog?drift=true": (
            "1 entry drifts: the feeds say something else than what is in force"
        ),
    }
    for address in found:
        assert admin.get(address).status_code == 200
