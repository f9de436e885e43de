"""Row ids in what people send: numbers that every database can look for."""

from __future__ import annotations

import re

# PostgreSQL's integer; no table of ours counts further.
MAX_ROW_ID = 2**31 - 1
DIGITS = "[0-9]{1,10}"


def read_row_id(text: str) -> int | None:
    """The row id that the text is, or None where it is none."""
    number = int(text) if re.fullmatch(DIGITS, text) else MAX_ROW_ID + 1
    return number if number <= MAX_ROW_ID else None
