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


def test_each_feed_says_how_it_does_and_what_its_newest_runs_came_to(
    viewer: IsolatedClient, session: Session
) -> None:
    moment = now()
    well = make_feed(session, name="well", last_success_at=moment)
    for number in range(16):
        make_run(session, well, public_id=f"run_{number:02}")
    broken = make_feed(session, name="broken", last_error_at=moment, last_error="no answer")
    make_run(session, broken, public_id="run_bad", status="failed", error_code="feed_unreachable")
    make_item(session, make_run(session, broken, public_id="run_held", status="held"))
    make_feed(session, name="asleep", enabled=False)
    make_feed(session, name="new")
    session.commit()
    page = checked(viewer.get("/").text)
    marks = [(a["href"], a["title"]) for a in page.all("a") if a["class"].startswith("run-mark")]
    assert [address for address, _ in marks] == [
        *("/sync-runs/run_bad", "/sync-runs/run_held"),
        *(f"/sync-runs/run_{number:02}" for number in range(2, 16)),
    ]
    assert dict(marks)["/sync-runs/run_bad"] == "just now: failed, feed unreachable"
    assert viewer.get(marks[0][0]).status_code == 200
    (table,) = [e for e in page.all("table") if "feed-health" in e["class"]]
    assert table is not None
    pills = [
        e.text for e in page.elements if e["class"].startswith("pill") and e.inside[-2] == "td"
    ]
    assert pills == ["off", "failing", "1 waiting", "never synced", "well"]
