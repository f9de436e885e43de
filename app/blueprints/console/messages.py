"""What just happened, said to the person: a toast for htmx, else a message on the next page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import flash, make_response, redirect, render_template
from werkzeug.wrappers import Response

from app.web.permissions import may
from app.web.render import is_fragment

CHANGED = "almanac:changed"  # what tables and record pages listen for, to show themselves anew
Action = dict[str, Any]
Link = dict[str, str]


def undo_action(
    batch: str | None, back: str, *, change: int | None = None, label: str = "Undo"
) -> Action | None:
    """The form in a message that takes a batch (or one change of it) back."""
    if batch is None or not may("admin:change:undo"):
        return None
    fields = [("back", back)]
    if change is not None:
        fields.append(("change", str(change)))
    return {"url": f"/batches/{batch}/undo", "label": label, "fields": fields}


def tell(
    message: str,
    category: str = "success",
    *,
    action: Action | None = None,
    link: Link | None = None,
) -> None:
    """Keep a message for the next page."""
    flash({"message": message, "action": action, "link": link}, category)  # type: ignore[arg-type]


def answer(
    message: str,
    back: str,
    *,
    category: str = "success",
    status: int = 200,
    action: Action | None = None,
    link: Link | None = None,
    changed: bool = False,
    pieces: Sequence[str] = (),
) -> Response:
    """The message as a toast for htmx (with what else is to be swapped in); else on the way back.

    ``changed`` tells the tables and record pages that are open to show themselves anew.
    """
    if not is_fragment():
        tell(message, category, action=action, link=link)
        return redirect(back, 303)
    context = {"message": message, "category": category, "action": action, "link": link}
    html = "".join((*pieces, render_template("layouts/_toast_partial.html", **context)))
    response = make_response(html, status)
    if changed:
        response.headers["HX-Trigger"] = CHANGED
    return response
