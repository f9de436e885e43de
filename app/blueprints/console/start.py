"""The first steps with a new installation: choose providers, see the catalog, correct a value."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from app.blueprints.console.messages import answer, tell, undo_action
from app.core.errors import FieldProblem, ValidationError
from app.models import db
from app.queries.first_steps import (
    Progress,
    Suggestion,
    count_offered,
    list_choices,
    read_progress,
    suggest_correction,
)
from app.services.offer import offer_providers
from app.services.preferences import change_preferences
from app.web.login import own_preferences
from app.web.permissions import current_actor, may, requires
from app.web.render import render_page

blueprint = Blueprint("start", __name__)
PATH = "/start"
AREA = "start"


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """What the panel shows: how far everybody is, and what this person has looked at."""

    progress: Progress
    seen: bool
    hidden: bool
    suggestion: Suggestion | None
    models: int
    providers: int

    @property
    def current(self) -> int:
        """The step to do next, 1 to 3; 4 after the last."""
        taken = (self.progress.offered, self.seen, self.progress.corrected)
        return next((number for number, one in enumerate(taken, 1) if not one), 4)


def first_steps(*, always: bool = False) -> FirstSteps | None:
    """The panel for whoever makes this request; None where it is done or hidden, and not asked for.

    The dashboard of an installation in use pays one read for it.
    """
    session, own = db.session(), own_preferences(AREA)
    hidden = bool(own.get("hidden"))
    if hidden and not always:
        return None
    progress = read_progress(session)
    if progress.is_done and not always:
        return None
    suggestion = None if progress.corrected else suggest_correction(session)
    models, providers = count_offered(session) if progress.offered else (0, 0)
    return FirstSteps(progress, bool(own.get("seen")), hidden, suggestion, models, providers)


@blueprint.get(PATH)
@requires("admin:catalog:read")
def show_start() -> Response:
    return _page()


@blueprint.post(f"{PATH}/providers")
@requires("admin:provider:manage")
def offer() -> Response:
    chosen = request.form.getlist("provider")
    try:
        done = offer_providers(db.session(), current_actor(), chosen)
    except ValidationError as error:
        return _page(error.message)
    if done.batch is None:
        tell("Nothing was different: nothing changed.", "info")
    else:
        link = {"url": f"/changes/{done.batch}", "label": "See the changes"}
        tell(_said(done.providers, done.models), action=undo_action(done.batch, PATH), link=link)
    return redirect(PATH, 303)


@blueprint.post(f"{PATH}/seen")
@requires("own:preferences:edit")
def see() -> Response:
    _keep("seen", True)
    return redirect("/catalog", 303)


@blueprint.post(f"{PATH}/panel")
@requires("own:preferences:edit")
def show_panel() -> Response:
    wanted = request.form.get("shown", "")
    if wanted not in ("true", "false"):
        problem = "must be true or false"
        raise ValidationError(f"shown {problem}", [FieldProblem("shown", problem)])
    _keep("hidden", wanted == "false")
    if wanted == "true":
        return answer("The dashboard shows the first steps.", "/")
    link = {"url": PATH, "label": "Show them"}
    return answer("The first steps are hidden. The menu of your account has them.", "/", link=link)


def _page(problem: str | None = None) -> Response:
    session = db.session()
    return render_page(
        "console/start/page.html",
        status=422 if problem else 200,
        steps=first_steps(always=True),
        choices=list_choices(session) if may("admin:provider:manage") else [],
        problem=problem,
        chosen=set(request.form.getlist("provider")),
        here=PATH,
    )


def _keep(name: str, value: bool) -> None:
    change_preferences(db.session(), current_actor(), AREA, lambda area: {**area, name: value})


def _said(providers: int, models: int) -> str:
    on = "1 provider is on" if providers == 1 else f"{providers:,} providers are on"
    offered = "1 model is" if models == 1 else f"{models:,} models are"
    return f"{on}, {offered} switched on." if providers else f"{offered} switched on."
