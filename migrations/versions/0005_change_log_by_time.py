"""The change log in the order of time, by actor, kind, feed and field.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_FORMER = ("actor", "created_at", "kind")
_BATCHES: dict[str, tuple[str, ...]] = {
    "ix_batches_created_at": (),
    "ix_batches_actor": ("actor",),
    "ix_batches_kind": ("kind",),
    "ix_batches_feed_id": ("feed_id",),
    "ix_batches_actor_kind": ("actor", "kind"),
}
_BY_PEOPLE = sa.text("actor_kind IN ('user', 'token')")


def upgrade() -> None:
    for name in _FORMER:
        op.drop_index(f"ix_batches_{name}", "batches")
    op.drop_index("ix_changes_batch_id", "changes")
    for name, first in _BATCHES.items():
        op.create_index(name, "batches", [*first, "created_at", "id"])
    op.create_index(
        "ix_batches_by_people",
        "batches",
        ["created_at", "id"],
        sqlite_where=_BY_PEOPLE,
        postgresql_where=_BY_PEOPLE,
    )
    op.create_index("ix_changes_batch_id", "changes", ["batch_id", "id"])
    op.create_table(
        "batch_fields",
        sa.Column("field", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batches.id"], name=op.f("fk_batch_fields_batch_id_batches")
        ),
        sa.PrimaryKeyConstraint("field", "created_at", "batch_id", name=op.f("pk_batch_fields")),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO batch_fields (field, created_at, batch_id)"
        " SELECT DISTINCT c.field, b.created_at, b.id"
        " FROM changes c JOIN batches b ON b.id = c.batch_id"
    )


def downgrade() -> None:
    op.drop_table("batch_fields")
    op.drop_index("ix_changes_batch_id", "changes")
    op.drop_index("ix_batches_by_people", "batches")
    for name in _BATCHES:
        op.drop_index(name, "batches")
    for name in _FORMER:
        op.create_index(f"ix_batches_{name}", "batches", [name])
    op.create_index("ix_changes_batch_id", "changes", ["batch_id"])
