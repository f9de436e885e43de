"""The dashboard's list of what needs a person: a number, what it is, and where to decide it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlencode

from app.models import db
from app.queries.needs import SEARCHED, Needs, list_needs
from app.queries.review import COUNTED
from app.web.permissions import may


class Line(NamedTuple):
    """One thing to look at; ``detail`` says more, ``style`` how grave it is."""

    number: str
    text: str
    address: str
    detail: str = ""
    style: str = ""


def need_lines(drifting: int) -> list[Line]:
    """What needs whoever makes this request; ``drifting`` entries are known already."""
    needs = list_needs(db.session())
    lines = [*_failed(needs), *_held(needs), *_waiting(needs)]
    if needs.vanished:
        said = "model vanished" if needs.vanished == 1 else "models vanished"
        text = f"{said} from the feeds in the last 7 days"
        lines.append(Line(f"{needs.vanished:,}", text, "/catalog?retired=true"))
    if drifting:
        said = "entry drifts" if drifting == 1 else "entries drift"
        text = f"{said}: the feeds say something else than what is in force"
        lines.append(Line(f"{drifting:,}", text, "/catalog?drift=true"))
    return [*lines, *(_undelivered(needs) if may("admin:webhook:manage") else ())]


def _failed(needs: Needs) -> Iterator[Line]:
    held = {(run.feed, run.error) for run in needs.held}
    for feed in needs.failed:
        if (feed.name, feed.error) in held:
            continue  # said below
        times = max(feed.failures, 1)
        text = f"failed {'sync' if times == 1 else 'syncs in a row'} of {feed.name}"
        address = f"/sync-runs?{urlencode({'feed': feed.name, 'status': 'failed'})}"
        yield Line(f"{times:,}", text, address, feed.error, "is-bad")


def _held(needs: Needs) -> Iterator[Line]:
    for run in needs.held:
        text = f"whole answer of {run.feed} is held back"
        yield Line("1", text, f"/sync-runs/{run.public_id}", run.error or "", "is-held")


def _waiting(needs: Needs) -> Iterator[Line]:
    for feed, count in needs.waiting.items():
        number = f"{count:,}{'+' if count >= COUNTED else ''}"
        text = f"{'value' if count == 1 else 'values'} of {feed} wait{'s' if count == 1 else ''}"
        address = f"/review?{urlencode({'feed': feed})}"
        yield Line(number, f"{text} for a person", address, style="is-held")


def _undelivered(needs: Needs) -> Iterator[Line]:
    for hook in needs.undelivered:
        number = f"{hook.failed:,}{'+' if hook.failed >= SEARCHED else ''}"
        said = "message" if hook.failed == 1 else "messages"
        text = f"{said} to {hook.name} could not be delivered in the last 7 days"
        yield Line(number, text, f"/webhooks/{hook.public_id}?state=failed", style="is-bad")
