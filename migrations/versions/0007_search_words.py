"""The words that names consist of, so that a search finds what was mistyped.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

CHUNK = 5_000
_LETTERS = re.compile(r"[^\W\d_]+")
_NAMES = (
    ("catalog_entries", "public_id", "model_display_name"),
    ("provider_models", "raw_id", "model_display_name"),
    ("providers", "vendor", "name"),
)


def upgrade() -> None:
    op.create_table(
        "search_words",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("word", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_words")),
        sa.UniqueConstraint("word", name=op.f("uq_search_words_word")),
        sqlite_autoincrement=True,
    )
    words = {
        word
        for text in _names()
        for word in _LETTERS.findall(text.casefold())
        if 3 <= len(word) <= 32
    }
    if words:
        table = sa.table("search_words", sa.column("word", sa.String))
        op.bulk_insert(table, [{"word": word} for word in sorted(words)])


def _names() -> Iterator[str]:
    connection = op.get_bind()
    for table, *columns in _NAMES:
        names = ", ".join(columns)
        statement = sa.text(
            f"SELECT id, {names} FROM {table} WHERE id > :last ORDER BY id LIMIT {CHUNK}"  # noqa: S608 - names of our own
        )
        last = 0
        while rows := connection.execute(statement, {"last": last}).all():
            for _, *found in rows:
                yield from (name for name in found if name)
            last = rows[-1][0]


def downgrade() -> None:
    op.drop_table("search_words")
