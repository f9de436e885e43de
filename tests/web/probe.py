"""An application with views that only tests call."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask, Response, request

from app.core import errors
from app.factory import create_app
from app.web.permissions import public, requires
from app.web.render import render_page
from tests.support.database import make_settings, scratch_folder

LONG = "<p>" + "long text " * 1000 + "</p>"


def raising(error: Exception) -> Any:
    @public
    def view() -> str:
        raise error

    return view


def add_views(app: Flask) -> None:
    domain = {
        "validation": errors.ValidationError(
            "two fields are wrong", [errors.FieldProblem("family", "must be a string")]
        ),
        "conflict": errors.ConflictError("somebody was faster"),
        "precondition": errors.PreconditionError("it is version 3 now"),
        "missing": errors.NotFoundError("there is no model x"),
        "busy": errors.BusyError("another write takes long"),
        "forbidden": errors.ForbiddenError("this needs the role editor"),
        "unforeseen": RuntimeError("password=hunter2"),
        "configuration": errors.ConfigurationError("KEY=secret is not accepted"),
    }
    for name, error in domain.items():
        for prefix in ("/v1", "/console"):
            app.add_url_rule(f"{prefix}/{name}", f"{prefix}{name}", raising(error))
    add_other_views(app)


def add_other_views(app: Flask) -> None:
    @app.get("/undeclared")
    def undeclared() -> str:
        return "never seen"

    @app.get("/long")
    @public
    def long() -> str:
        return LONG

    @app.get("/v1/tagged")
    @public
    def tagged() -> Response:
        response = Response("x" * 2000, mimetype="application/json")
        response.set_etag("7")
        return response

    @app.get("/piece")
    @public
    def piece() -> Response:
        return render_page("errors/error.html", "errors/_error.html", problem=None)

    @app.post("/v1/echo")
    @public
    def echo() -> Any:
        return {"got": request.get_json()}

    @app.post("/write")
    @public
    def write() -> str:
        return "written"

    @app.get("/feeds/openai/v1/probe")
    @requires("admin:catalog:read", opened_by=lambda settings: settings.public_feeds)
    def feed() -> dict[str, bool]:
        return {"open": True}


@contextmanager
def probe_app(**changes: Any) -> Iterator[Flask]:
    """The application with those views added, on a database without tables."""
    with scratch_folder() as folder:
        app = create_app(make_settings(f"sqlite:///{folder / 'probe.db'}", folder, **changes))
        add_views(app)
        yield app
