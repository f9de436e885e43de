"""Row ids in addresses: what no row can have is not found, on every database."""

import pytest
from flask import Flask
from werkzeug.routing import IntegerConverter

from app.web.addresses import MAX_ROW_ID, RowIdConverter, read_row_id
from tests.support.client import IsolatedClient

TOO_LARGE = (MAX_ROW_ID + 1, 3_000_000_000, 10**19, "9" * 5000)
NONE_THERE = (MAX_ROW_ID, *TOO_LARGE, "-1", "٣", "x")


@pytest.mark.parametrize("number", NONE_THERE, ids=lambda n: str(n)[:20])
def test_a_row_that_cannot_be_is_not_found(admin: IsolatedClient, number: object) -> None:
    fetched = (
        f"/entries/{number}/row",
        f"/entries/{number}/fields/family/origin",
        f"/entries/edit?cell={number}:family",
    )
    for path in fetched:
        assert admin.get(path).status_code == 404, path
    posted = {
        f"/users/{number}/role": {"role": "viewer"},
        f"/users/{number}/active": {"active": "true"},
        f"/users/{number}/password": {"password": "long enough"},
        f"/tokens/{number}/revoke": {},
        f"/entries/{number}/fields/family": {"value": "x"},
        f"/entries/{number}/reset": {},
        f"/entries/{number}/protection": {"protection": "entry"},
        "/entries/flip": {"flip": f"{number}:supports_tools:on"},
    }
    for path, form in posted.items():
        assert admin.post(path, data=form).status_code == 404, path


@pytest.mark.parametrize(
    ("text", "number"),
    [("1", 1), ("2147483647", MAX_ROW_ID), ("2147483648", None), ("", None), ("²", None)],
)
def test_the_largest_row_id_is_the_databases(text: str, number: int | None) -> None:
    assert read_row_id(text) == number


@pytest.mark.engines("sqlite")
def test_every_number_in_an_address_is_bounded(app: Flask) -> None:
    numbers = [
        (rule.rule, converter)
        for rule in app.url_map.iter_rules()
        for converter in rule._converters.values()
        if isinstance(converter, IntegerConverter)
    ]
    assert numbers
    assert [rule for rule, c in numbers if not isinstance(c, RowIdConverter)] == []
