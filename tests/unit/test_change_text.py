"""One side of a change as a person reads it, and the name that a mistyped parameter is like."""

from typing import Any

import pytest

from app.blueprints.console.display import change_text
from app.core.fields import ENTRY_FIELDS, PROVIDER_MODEL_FIELDS, Field
from app.queries.list_args import nearest

FIELDS: dict[str, Field] = {field.name: field for field in (*ENTRY_FIELDS, *PROVIDER_MODEL_FIELDS)}


def prices(**amounts: str) -> dict[str, Any]:
    """Pricing with these amounts by kind of token, in micro-dollars per thousand."""
    units = [(f"per_1k_{kind}_tokens", amount) for kind, amount in amounts.items()]
    return {"lines": [{"unit": unit, "amount_micro_usd": amount} for unit, amount in units]}


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        (
            "pricing",
            prices(prompt="0", completion="2000"),
            prices(prompt="3000", completion="2000"),
            ("Prompt tokens: free", "Prompt tokens: $3 per million"),
        ),
        (
            "pricing",
            prices(prompt="1000"),
            prices(prompt="1000", completion="2000"),
            ("", "Completion tokens: $2 per million"),
        ),
        ("pricing", None, prices(prompt="1000"), ("", "Prompt tokens: $1 per million")),
        (
            "token_limits",
            {"context_length": 8000, "max_completion_tokens": 4096},
            {"context_length": 16000, "max_completion_tokens": 4096},
            ("context length 8,000", "context length 16,000"),
        ),
        ("tags", ["a", "b"], ["b"], ("a, b", "b")),
        ("tags", [*"abcdef"], [*"abcdefg"], ("6 others", "g, 6 others")),
        ("active", False, True, ("no", "yes")),
    ],
)
def test_a_change_names_only_what_differs(
    name: str, old: Any, new: Any, said: tuple[str, str]
) -> None:
    field = FIELDS[name]
    assert (change_text(field, name, old, new), change_text(field, name, new, old)) == said


@pytest.mark.parametrize(
    ("typed", "hint"),
    [("providr", "provider"), ("search_text", "search"), ("q", None), ("zzz", None)],
)
def test_a_name_is_only_suggested_where_one_is_like_what_was_typed(
    typed: str, hint: str | None
) -> None:
    said = nearest(typed, ["provider", "search", "supports_video"])
    assert said == (f" (did you mean {hint!r}?)" if hint else "")
