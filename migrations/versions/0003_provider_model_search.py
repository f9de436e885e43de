"""What finds and sorts provider models: a search table, and one index per sorted column.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import zlib
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLE = "provider_model_search"
CHUNK = 1_000
_NULLABLE = ("model_display_name", "category", "prompt_price", "completion_price")
_KNOWN = ("raw_id",)


def upgrade() -> None:
    op.create_index("ix_provider_models_provider_id", "provider_models", ["provider_id", "id"])
    for name in _KNOWN:
        op.create_index(f"ix_provider_models_{name}", "provider_models", [name, "id"])
    for name in _NULLABLE:
        op.create_index(
            f"ix_provider_models_{name}",
            "provider_models",
            [name, "id"],
            postgresql_ops={name: "NULLS FIRST"},
        )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"CREATE VIRTUAL TABLE {TABLE} USING fts5(text, tokenize='trigram')")
        _fill()
        return
    op.create_table(
        TABLE,
        sa.Column(
            "provider_model_id",
            sa.Integer(),
            sa.ForeignKey("provider_models.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("grams", postgresql.ARRAY(sa.Integer()), nullable=False),
    )
    _fill()
    op.create_index(f"ix_{TABLE}_grams", TABLE, ["grams"], postgresql_using="gin")


def _fill() -> None:
    """The texts of the provider models there are, as the application writes them."""
    connection = op.get_bind()
    statement = sa.text(
        "SELECT m.id, m.model_display_name, m.raw_id, e.public_id, p.name FROM provider_models m"
        " JOIN catalog_entries e ON e.id = m.entry_id JOIN providers p ON p.id = m.provider_id"
        " WHERE m.id > :last ORDER BY m.id LIMIT :chunk"
    )
    write = sa.text(f"INSERT INTO {TABLE} (rowid, text) VALUES (:id, :text)")  # noqa: S608 - a constant
    if connection.dialect.name == "postgresql":
        write = sa.text(f"INSERT INTO {TABLE} VALUES (:id, :text, :grams)").bindparams(  # noqa: S608 - a constant
            sa.bindparam("grams", type_=postgresql.ARRAY(sa.Integer()))
        )
    last = 0
    while rows := connection.execute(statement, {"last": last, "chunk": CHUNK}).all():
        connection.execute(write, [_row(connection.dialect.name, *row) for row in rows])
        last = rows[-1][0]


def _row(dialect: str, pk: int, *parts: str | None) -> dict[str, Any]:
    text = "\n".join(part for part in parts if part).casefold()
    if dialect == "sqlite":
        return {"id": pk, "text": text}
    grams = {zlib.crc32(text[i : i + 3].encode()) & 0x7FFFFFFF for i in range(len(text) - 2)}
    return {"id": pk, "text": text, "grams": sorted(grams)}


def downgrade() -> None:
    op.drop_table(TABLE)
    for name in (*_NULLABLE, *_KNOWN):
        op.drop_index(f"ix_provider_models_{name}", "provider_models")
    op.drop_index("ix_provider_models_provider_id", "provider_models")
