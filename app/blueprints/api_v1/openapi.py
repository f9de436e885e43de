"""The description of `/v1`: OpenAPI 3.1 from the views themselves, as JSON and as a page.

SpecTree describes the views; it does not answer for them. Its own request parsing
takes broken JSON for an empty object, which here would mark an entry; and its own
pages need inline scripts. So it neither validates nor serves.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar, cast

from flask import Blueprint, Response, current_app, render_template, request
from pydantic import BaseModel
from spectree import Response as Responses
from spectree import SecurityScheme, SpecTree
from spectree.models import SecureType, SecuritySchemeData

from app.blueprints.api_v1.answers import json_response
from app.blueprints.api_v1.models import Problem
from app.blueprints.api_v1.reference import objects_of, operations_of
from app.web.permissions import public

View = TypeVar("View", bound=Callable[..., Any])
PATH_SCHEMA = {"type": "string", "minLength": 1, "maxLength": 255}
_ALWAYS = (401, 403, 429, 500)

blueprint = Blueprint("api_v1_description", __name__)
_tree = SpecTree(
    "flask",
    mode="strict",
    annotations=False,
    validation_error_status=HTTPStatus.BAD_REQUEST,
    validation_error_model=Problem,
    title="Almanac",
    version="1",
    description="The model catalog: what is in force, who says so, and how to change it.",
    naming_strategy=lambda model: model.__name__,
    nested_naming_strategy=lambda _parent, child: child,
    security_schemes=[
        SecurityScheme(
            name="token",
            data=SecuritySchemeData(type=SecureType.HTTP, scheme="bearer", bearer_format="JWT"),
        )
    ],
    security={"token": []},
)


def describe(
    answer: type[BaseModel] | None,
    *,
    status: int = 200,
    tag: str,
    body: type[BaseModel] | None = None,
    query: type[BaseModel] | None = None,
    headers: type[BaseModel] | None = None,
    errors: tuple[int, ...] = (),
    also: tuple[int, ...] = (),
) -> Callable[[View], View]:
    """Describe a view: its docstring, what it takes and gives. `also` are answers without a body.

    Success has ``status``, and no body where ``answer`` is None. Goes between the
    route and the permission.
    """
    responses = Responses(
        *(f"HTTP_{code}" for code in also),
        **{f"HTTP_{status}": answer},
        **{f"HTTP_{code}": Problem for code in (*errors, *_ALWAYS)},
    )
    decorate = _tree.validate(
        query=query,
        json=body,
        headers=headers,
        resp=responses,
        tags=[tag],
        skip_validation=True,
    )
    return cast("Callable[[View], View]", decorate)


def specification() -> dict[str, Any]:
    """The OpenAPI document of the running application; made once."""
    made: dict[str, Any] | None = current_app.extensions.get("almanac.openapi")
    if made is None:
        made = current_app.extensions["almanac.openapi"] = _polished(_tree.spec)
    return made


@blueprint.get("/openapi.json")
@public
def document() -> Response:
    return json_response(specification())


@blueprint.get("/docs")
@public
def docs() -> str:
    spec = specification()
    operations = operations_of(spec, request.host_url.rstrip("/"))
    return render_template(
        "api/docs.html", spec=spec, operations=operations, objects=objects_of(spec)
    )


def _polished(spec: dict[str, Any]) -> dict[str, Any]:
    """What SpecTree cannot know: limits of ids in paths, and that no field defaults to null."""
    described: dict[str, Any] = copy.deepcopy(spec)
    schemas = described["components"]["schemas"]
    for path in described["paths"].values():
        for operation in path.values():
            for parameter in operation["parameters"]:
                if parameter["in"] == "path":
                    parameter["schema"] = dict(PATH_SCHEMA)
    used = json.dumps(described)
    for name in [name for name in schemas if f'#/components/schemas/{name}"' not in used]:
        del schemas[name]
    _drop_null_defaults(described)
    return described


def _drop_null_defaults(node: Any) -> None:
    if isinstance(node, dict):
        if node.get("default", "") is None:
            del node["default"]
        for child in node.values():
            _drop_null_defaults(child)
    elif isinstance(node, list):
        for child in node:
            _drop_null_defaults(child)
