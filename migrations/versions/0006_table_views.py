"""Views of tables kept under a name; the context limit of provider models in a column of its own.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_INDEX = "ix_provider_models_context_length"
_FILL = {
    "sqlite": "json_extract(token_limits, '$.context_length')",
    "postgresql": "CAST(token_limits ->> 'context_length' AS BIGINT)",
}


def upgrade() -> None:
    op.create_table(
        "saved_views",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("table", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_saved_views_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
        sa.UniqueConstraint("public_id", name=op.f("uq_saved_views_public_id")),
        sa.UniqueConstraint("user_id", "table", "name", name="uq_saved_views_user_id_table_name"),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_saved_views_table"), "saved_views", ["table"])
    op.add_column("provider_models", sa.Column("context_length", sa.BigInteger(), nullable=True))
    source = _FILL[op.get_bind().dialect.name]
    op.execute(
        f"UPDATE provider_models SET context_length = {source}"  # noqa: S608 - one of two constants
        " WHERE token_limits IS NOT NULL"
    )
    op.create_index(
        _INDEX,
        "provider_models",
        ["context_length", "id"],
        postgresql_ops={"context_length": "NULLS FIRST"},
    )


def downgrade() -> None:
    op.drop_index(_INDEX, "provider_models")
    op.drop_column("provider_models", "context_length")
    op.drop_table("saved_views")
