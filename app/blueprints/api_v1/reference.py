"""The OpenAPI document in the order and the words in which a person reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from shlex import quote
from typing import Any
from urllib.parse import urlencode

Node = Mapping[str, Any]

_JSON = "application/json"
_PLACES = {"path": 0, "query": 1, "header": 2}
# What stands for a record in the examples, by the name of the parameter in a path.
EXAMPLE_IDS = {
    "model_public_id": "openai/gpt-4o",
    "provider_model_id": "pmdl_0123456789abcdef0123",
    "provider_id": "prov_0123456789abcdef0123",
    "batch_id": "batch_0123456789abcdef0123",
    "webhook_id": "hook_0123456789abcdef0123",
    "delivery_id": "msg_0123456789abcdef01234567",
    "feed_name": "openrouter",
    "run_id": "run_0123456789abcdef0123",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A parameter, or a key of an object; `depth` counts the objects it lies in."""

    name: str
    type: str
    ref: str | None
    facts: tuple[str, ...]
    choices: tuple[str, ...]
    description: str
    place: str = ""
    required: bool = False
    read_only: bool = False
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What may come back; `ref` names the object, None where there is no body."""

    status: str
    meaning: str
    ref: str | None


@dataclass(frozen=True, slots=True)
class Operation:
    """One call."""

    id: str
    method: str
    path: str
    tag: str
    summary: str
    description: str
    parameters: tuple[Line, ...]
    body: str | None
    fields: tuple[Line, ...]
    answers: tuple[Answer, ...]
    example: str


def operations_of(spec: Node, address: str) -> list[Operation]:
    """Every call of the document; the examples go to `address`."""
    return [
        _operation(spec, path, method, node, address)
        for path, methods in spec["paths"].items()
        for method, node in methods.items()
    ]


def objects_of(spec: Node) -> dict[str, tuple[str, tuple[Line, ...]]]:
    """Description and keys of every object by its name."""
    return {
        name: (schema.get("description", ""), tuple(_keys(schema)))
        for name, schema in sorted(spec["components"]["schemas"].items())
    }


def _operation(spec: Node, path: str, method: str, node: Node, address: str) -> Operation:
    parameters = tuple(_parameter(p) for p in node.get("parameters", ()))
    body = _ref(_content(node.get("requestBody", {})))
    schema = spec["components"]["schemas"][body] if body else {}
    return Operation(
        id=re.sub(r"\W+", "-", method + path).strip("-"),
        method=method.upper(),
        path=path,
        tag=node["tags"][0],
        summary=node["summary"].rstrip("."),
        description=node.get("description", ""),
        parameters=tuple(sorted(parameters, key=lambda line: _PLACES[line.place])),
        body=body,
        fields=tuple(line for line in _keys(schema) if not line.read_only),
        answers=tuple(
            Answer(status, answer["description"], _ref(_content(answer)))
            for status, answer in sorted(node["responses"].items())
        ),
        example=_example(node, path, method.upper(), schema, address),
    )


def _content(node: Node) -> Node:
    schema: Node = node.get("content", {}).get(_JSON, {}).get("schema", {})
    return schema


def _ref(schema: Node) -> str | None:
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    return _ref(schema["items"]) if "items" in schema else None


def _parameter(node: Node) -> Line:
    described = node["schema"] | {"description": node.get("description", "")}
    return _line(node["name"], described, place=node["in"], required=node.get("required", False))


def _keys(schema: Node, depth: int = 0) -> Iterator[Line]:
    for name, node in schema.get("properties", {}).items():
        yield _line(name, node, depth=depth)
        yield from _keys(node, depth + 1)


def _line(name: str, schema: Node, **more: Any) -> Line:
    return Line(
        name=name,
        type=_type(schema),
        ref=_ref(schema),
        facts=tuple(_facts(schema)),
        choices=tuple(str(choice) for choice in schema.get("enum", ())),
        description=schema.get("description", ""),
        read_only=schema.get("readOnly", False),
        **more,
    )


def _type(schema: Node) -> str:
    """`string or null`, `array of string`; the name of an object is left to its link."""
    if "$ref" in schema:
        return ""
    given = schema.get("type", "any")
    text = given if isinstance(given, str) else " or ".join(given)
    return f"{text} of {_type(schema['items'])}".rstrip() if "items" in schema else text


def _facts(schema: Node) -> Iterator[str]:
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and most is not None:
        yield f"{least:,} to {most:,}"
    elif least is not None:
        yield f"at least {least:,}"
    if "maxLength" in schema:
        yield f"at most {schema['maxLength']:,} characters"
    if "maxItems" in schema:
        yield f"at most {schema['maxItems']:,} items"
    if "default" in schema:
        yield f"default {json.dumps(schema['default']).strip(chr(34))}"


def _example(node: Node, path: str, method: str, body: Node, address: str) -> str:
    """The call for a shell, with `$TOKEN` in place of a token."""
    asked = {}
    for parameter in node.get("parameters", ()):
        if parameter["in"] == "path":
            name = parameter["name"]
            path = path.replace(f"{{{name}}}", EXAMPLE_IDS[name])
        elif "examples" in parameter["schema"] and parameter["in"] == "query":
            asked[parameter["name"]] = parameter["schema"]["examples"][0]
    url = address + path + (f"?{urlencode(asked)}" if asked else "")
    lines = ["curl" if method == "GET" else f"curl -X {method}", quote(url)]
    lines.append('-H "Authorization: Bearer $TOKEN"')
    if body.get("examples"):
        lines += [
            f"-H 'Content-Type: {_JSON}'",
            f"-d {quote(json.dumps(body['examples'][0], ensure_ascii=False))}",
        ]
    return " \\\n  ".join((f"{lines[0]} {lines[1]}", *lines[2:]))
