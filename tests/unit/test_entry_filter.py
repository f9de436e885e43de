"""The list parameters: read from a query string, refused by name, written back."""

from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from app.core.errors import ValidationError
from app.queries.entry_filter import EntryFilter, parse_entry_filter, parse_list

ARGS = {
    "q": "x y",
    "status": "filled",
    "active": "true",
    "is_moderated": "false",
    "experimental": "true",
    "requires_feature_flag": "f",
    "family": "Llama",
    "tag": "a b",
    "supports_tools": "true",
    "supports_audio": "false",
    "manual": "true",
    "drift": "false",
    "retired": "true",
    "sort": "family",
    "order": "asc",
}


def test_a_query_string_becomes_a_filter_and_back() -> None:
    wanted = parse_entry_filter(ARGS)
    assert wanted.to_args() == ARGS
    assert wanted.flags == {"supports_tools": True, "supports_audio": False}
    assert parse_entry_filter({"q": "  "}) == EntryFilter()
    assert EntryFilter().to_args() == {}
    assert parse_list({"limit": "1000", "offset": "7"}) == (EntryFilter(), 1000, 7)


@pytest.mark.parametrize(
    ("args", "field"),
    [
        *(
            ({name: value}, name)
            for name in ("active", "supports_tools")
            for value in ("", "1", "yes")
        ),
        *(({"limit": value}, "limit") for value in ("0", "1001", "-1", "1.0", "x", "", "９")),
        *(({"offset": value}, "offset") for value in ("-1", "x", "10000000000")),
        ({"sort": "tags"}, "sort"),
        ({"sort": "public_id; DROP"}, "sort"),
        ({"order": "up"}, "order"),
        ({"status": "Filled"}, "status"),
        ({"family": " "}, "family"),
        ({"tag": "\x00"}, "tag"),
        ({"q": "a\x00"}, "q"),
        ({"q": "x" * 256}, "q"),
        ({"page": "2"}, "page"),
        ({"supports_vision": "true"}, "supports_vision"),
        (MultiDict([("active", "true"), ("active", "false")]), "active"),
    ],
)
def test_what_cannot_be_understood_is_refused_by_name(args: Any, field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        parse_list(args)
    assert [problem.field for problem in caught.value.details] == [field]


def test_all_problems_are_named_at_once_with_the_nearest_name() -> None:
    with pytest.raises(ValidationError) as caught:
        parse_list({"suports_tools": "true", "limit": "0", "sort": "familly"})
    told = {problem.field: problem.message for problem in caught.value.details}
    assert set(told) == {"suports_tools", "limit", "sort"}
    assert "'supports_tools'" in told["suports_tools"]
    assert "'family'" in told["sort"]
