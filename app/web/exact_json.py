"""JSON text in which decimals stand digit by digit."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

# A decimal number on its way through the encoder: no text of ours holds a NUL.
_EXACT = re.compile(r'"\\u0000([0-9.]+)"')


def exact_json(value: Any, separators: tuple[str, str] = (",", ":")) -> str:
    """JSON with the keys in the order they were put, compact unless ``separators`` say otherwise.

    Raises `TypeError` for what is no JSON.
    """
    text = json.dumps(
        value, ensure_ascii=False, separators=separators, allow_nan=False, default=_marked
    )
    return _EXACT.sub(r"\1", text) if "\\u0000" in text else text


def _marked(value: object) -> str:
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} is no JSON")
    return f"\0{value:f}"
