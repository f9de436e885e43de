"""The list parameters of provider models: read from a query string, refused by name, written."""

from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from app.core.errors import ValidationError
from app.queries.provider_model_filter import (
    ProviderModelFilter,
    parse_provider_model_filter,
    parse_provider_model_list,
)

ARGS = {
    "search": "x y",
    "status": "filled",
    "active": "true",
    "available": "false",
    "provider_id": "prov_0a-B_c",
    "model_key": "openai/gpt-4o",
    "category": "Größe",
    "family": "Llama",
    "supports_tools": "true",
    "supports_audio": "false",
    "manual": "true",
    "drift": "false",
    "retired": "true",
    "sort": "prompt_price",
    "order": "asc",
}


def test_a_query_string_becomes_a_filter_and_back() -> None:
    wanted = parse_provider_model_filter(ARGS)
    assert wanted.to_args() == ARGS
    assert wanted.flags == {"supports_tools": True, "supports_audio": False}
    assert wanted.words == "x y"
    assert parse_provider_model_filter({"search": "  "}) == ProviderModelFilter()
    assert ProviderModelFilter().to_args() == {}
    assert parse_provider_model_list({"limit": "9", "offset": "7"}) == (
        ProviderModelFilter(),
        9,
        7,
    )
    assert parse_provider_model_filter({"page": "2"}, also=("page",)) == ProviderModelFilter()


@pytest.mark.parametrize(
    ("args", "field"),
    [
        *(
            ({name: value}, name)
            for name in ("active", "available", "supports_tools", "retired")
            for value in ("", "1", "yes")
        ),
        *(({"limit": value}, "limit") for value in ("0", "1001", "x")),
        *(({"sort": value}, "sort") for value in ("pricing", "tags", "raw_id", "")),
        *(({"provider_id": value}, "provider_id") for value in ("", "openai", "prov_", "prov_ä")),
        *(({"provider_id": value}, "provider_id") for value in ("prov_" + "x" * 28, "prov_a b")),
        *(({name: " "}, name) for name in ("category", "family", "model_key")),
        *(({name: "\x00"}, name) for name in ("category", "model_key", "search")),
        *(({"status": "Filled"}, "status"), ({"order": "up"}, "order")),
        *(({"search": "x" * 256}, "search"), ({"q": "x"}, "q"), ({"tag": "x"}, "tag")),
        (MultiDict([("category", "a"), ("category", "b")]), "category"),
    ],
)
def test_what_cannot_be_understood_is_refused_by_name(args: Any, field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        parse_provider_model_list(args)
    assert [problem.field for problem in caught.value.details] == [field]


def test_all_problems_are_named_at_once_with_the_nearest_name() -> None:
    with pytest.raises(ValidationError) as caught:
        parse_provider_model_list({"provider": "x", "limit": "0", "sort": "prompt"})
    told = {problem.field: problem.message for problem in caught.value.details}
    assert set(told) == {"provider", "limit", "sort"}
    assert "'provider_id'" in told["provider"]
    assert "'prompt_price'" in told["sort"]
