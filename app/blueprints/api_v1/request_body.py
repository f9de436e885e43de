"""Reads what a program sent, strictly: what two readers could understand differently is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn, TypeVar
from urllib.parse import unquote

import pydantic
from flask import request
from pydantic import BaseModel
from werkzeug.exceptions import RequestEntityTooLarge

from app.core.errors import FieldProblem, NotFoundError, ValidationError
from app.core.values import MAX_TEXT
from app.queries.list_args import nearest

Model = TypeVar("Model", bound=BaseModel)
MAX_REASON = 500
_TOO_DEEP = "the body is nested too deeply"
_LONGEST_NUMBER = 300  # digits; far above any limit, far below what arithmetic minds


def read_body(model: type[Model], *, exact: bool = False) -> Model:
    """The JSON object of the request, checked by a model.

    ``exact`` reads numbers with a fraction as decimals instead of floats. Raises
    `ValidationError`: broken JSON, no object, a key twice, NaN; or with `details`
    for every field at fault.
    """
    try:
        return model.model_validate(_json_object(_bytes(), _decimal if exact else float))
    except pydantic.ValidationError as exc:
        problems = [_problem(error, model) for error in exc.errors(include_url=False)]
        message = "; ".join(f"{problem.field} {problem.message}" for problem in problems[:5])
        raise ValidationError(message, problems) from None
    except RecursionError as exc:  # what could just be decoded may be too deep to be looked at
        raise ValidationError(_TOO_DEEP) from exc


def read_reason() -> str | None:
    """`X-Change-Reason`, whatever way its letters came through a header.

    Beyond ASCII that is percent-encoding; or UTF-8 or Latin-1, where the server lets
    them through. Raises `ValidationError` where it is longer than 500 characters, or
    there but empty: that is what granian makes of letters beyond ASCII, and a reason
    must not get lost without a word.
    """
    given = request.headers.get("X-Change-Reason")
    if given is not None and not given.strip():
        _refuse_reason("is empty; percent-encode letters beyond ASCII")
    text = given or ""
    with suppress(UnicodeError):  # else it really is Latin-1
        text = text.encode("latin-1").decode("utf-8")
    if "%" in text and not any(c.isspace() for c in text):
        with suppress(UnicodeDecodeError):  # else the percent sign means itself
            text = unquote(text, errors="strict")
    text = "".join(c if c.isprintable() else " " for c in text).strip()
    if len(text) > MAX_REASON:
        _refuse_reason(f"must have at most {MAX_REASON} characters (it has {len(text)})")
    return text or None


def _refuse_reason(problem: str) -> NoReturn:
    field = FieldProblem("X-Change-Reason", problem)
    raise ValidationError(f"{field.field} {problem}", [field])


def checked_name(name: str) -> str:
    """A public id from the path; raises `NotFoundError` for what no id can be."""
    if len(name) > MAX_TEXT or "\x00" in name:
        raise NotFoundError("there is no such record: an id has at most 255 characters")
    return name


def _bytes() -> bytes:
    """The body; one of no stated length is cut off at the limit, so reaching it is too much."""
    body = request.get_data()
    limit = request.max_content_length
    if request.content_length is None and limit is not None and len(body) >= limit:
        raise RequestEntityTooLarge
    return body


def _json_object(body: bytes, fraction: Callable[[str], Any]) -> dict[str, Any]:
    try:
        loaded = json.loads(
            body.decode("utf-8-sig"),
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_int=_int,
            parse_float=fraction,
        )
    except ValueError as exc:
        raise ValidationError(f"the body is not valid JSON: {exc}") from exc
    if not isinstance(loaded, dict):
        raise ValidationError("the body must be a JSON object")
    return loaded


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice[:MAX_TEXT]!r} is there twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _int(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise ValueError("a number has too many digits")
    return int(digits)


def _decimal(digits: str) -> Decimal:
    if len(digits) > _LONGEST_NUMBER:
        raise ValueError("a number has too many digits")
    try:
        return Decimal(digits)
    except InvalidOperation as exc:  # an exponent beyond all bounds
        raise ValueError("a number is too large or too small") from exc


def _problem(error: Any, model: type[BaseModel]) -> FieldProblem:
    name = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        name = str(error["loc"][0])
        hint = nearest(name, model.model_fields)
        return FieldProblem(name[:MAX_TEXT], f"is not a field here{hint}")
    cause = error.get("ctx", {}).get("error")
    return FieldProblem(name, str(cause) if cause else str(error["msg"]))
