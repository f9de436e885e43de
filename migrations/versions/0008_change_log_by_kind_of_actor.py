"""The change log in the order of time, by kind of actor.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_NAME = "ix_batches_actor_kind_created_at"


def upgrade() -> None:
    op.create_index(_NAME, "batches", ["actor_kind", "created_at", "id"])


def downgrade() -> None:
    op.drop_index(_NAME, "batches")
