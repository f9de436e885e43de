"""What bulk actions, undo, deleted providers, merged entries and feature flags need.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON_TYPE = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), "postgresql"
)
revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# SQLite adds and drops plain columns in place; only a foreign key makes it copy the table.
_ADDED = (
    ("changes", "old_batch_id", sa.Integer()),
    ("changes", "new_batch_id", sa.Integer()),
    ("changes", "old_protection", sa.String(length=8)),
    ("changes", "new_protection", sa.String(length=8)),
    ("batches", "undoes_id", sa.Integer()),
    ("providers", "deleted_at", sa.BigInteger()),
    ("catalog_entries", "merged_into_id", sa.Integer()),
)
_MERGED = "ix_catalog_entries_merged_into_id"
_UNDOES = "ix_batches_undoes_id"
_INSTRUCT_KEY = "fk_provider_models_instruct_model_id_provider_models"


def upgrade() -> None:
    for table, name, kind in _ADDED:
        op.add_column(table, sa.Column(name, kind, nullable=True))
    op.create_index(_UNDOES, "batches", ["undoes_id"])
    only = sa.text("merged_into_id IS NOT NULL")
    op.create_index(
        _MERGED, "catalog_entries", ["merged_into_id"], sqlite_where=only, postgresql_where=only
    )
    op.create_table(
        "feature_flags",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feature_flags")),
        sa.UniqueConstraint("key", name=op.f("uq_feature_flags_key")),
        sqlite_autoincrement=True,
    )
    _collect_flags()
    _key_overrides(with_id=False)
    # Nothing ever wrote the old column.
    with op.batch_alter_table(
        "provider_models", table_kwargs={"sqlite_autoincrement": True}
    ) as models:
        models.drop_constraint(_INSTRUCT_KEY, type_="foreignkey")
        models.drop_column("instruct_model_id")
        models.add_column(sa.Column("instruct_model_public_id", sa.String(length=32)))


def _key_overrides(*, with_id: bool) -> None:
    """Make the table anew with another key: its rows wait in a copy meanwhile."""
    op.execute("CREATE TABLE overrides_copy AS SELECT * FROM overrides")
    op.drop_table("overrides")
    key = ("record_type", "record_id", "field")
    columns: list[sa.Column[object] | sa.Constraint] = [
        sa.Column("record_type", sa.String(length=16), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("field", sa.String(length=64), nullable=False),
        sa.Column("value", JSON_TYPE, nullable=True),
        sa.Column("base", JSON_TYPE, nullable=True),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.Column("actor", sa.String(length=255), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batches.id"], name=op.f("fk_overrides_batch_id_batches")
        ),
    ]
    names = ", ".join(column.name for column in columns if isinstance(column, sa.Column))
    if with_id:
        columns.insert(0, sa.Column("id", sa.Integer(), nullable=False))
        columns.append(sa.PrimaryKeyConstraint("id", name=op.f("pk_overrides")))
        unique = op.f("uq_overrides_record_type_record_id_field")
        columns.append(sa.UniqueConstraint(*key, name=unique))
    else:
        columns.append(sa.PrimaryKeyConstraint(*key, name=op.f("pk_overrides")))
    op.create_table("overrides", *columns, sqlite_with_rowid=with_id)
    op.execute(f"INSERT INTO overrides ({names}) SELECT {names} FROM overrides_copy")  # noqa: S608 - constants
    op.drop_table("overrides_copy")


def _collect_flags() -> None:
    """The keys that entries require already become feature flags."""
    moment = "CAST(strftime('%s', 'now') AS INTEGER)"
    if op.get_bind().dialect.name == "postgresql":
        moment = "CAST(extract(epoch FROM now()) AS BIGINT)"
    found = (
        f"SELECT DISTINCT requires_feature_flag, 1, {moment}, {moment} FROM catalog_entries"  # noqa: S608 - constants
        " WHERE requires_feature_flag IS NOT NULL"
    )
    op.execute(f"INSERT INTO feature_flags (key, version, created_at, updated_at) {found}")


def downgrade() -> None:
    with op.batch_alter_table(
        "provider_models", table_kwargs={"sqlite_autoincrement": True}
    ) as models:
        models.drop_column("instruct_model_public_id")
        models.add_column(sa.Column("instruct_model_id", sa.Integer()))
        models.create_foreign_key(
            _INSTRUCT_KEY, "provider_models", ["instruct_model_id"], ["id"], ondelete="SET NULL"
        )
    _key_overrides(with_id=True)
    op.drop_table("feature_flags")
    op.drop_index(_MERGED, "catalog_entries")
    op.drop_index(_UNDOES, "batches")
    for table, name, _ in reversed(_ADDED):
        op.drop_column(table, name)
