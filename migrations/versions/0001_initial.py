"""The first tables: users, providers, entries, feeds, claims, overrides, change log, search.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON_TYPE = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), "postgresql"
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "catalog_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=255), nullable=False),
        sa.Column("identity_key", sa.String(length=255), nullable=True),
        sa.Column("model_display_name", sa.String(length=255), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("family", sa.String(length=255), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("tags", JSON_TYPE, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("experimental", sa.Boolean(), nullable=False),
        sa.Column("is_moderated", sa.Boolean(), nullable=True),
        sa.Column("requires_feature_flag", sa.String(length=255), nullable=True),
        sa.Column("context_length", sa.BigInteger(), nullable=True),
        sa.Column("architecture", JSON_TYPE, nullable=True),
        sa.Column("supported_parameters", JSON_TYPE, nullable=True),
        sa.Column("supports_audio", sa.Boolean(), nullable=True),
        sa.Column("supports_browser", sa.Boolean(), nullable=True),
        sa.Column("supports_embeddings", sa.Boolean(), nullable=True),
        sa.Column("supports_images", sa.Boolean(), nullable=True),
        sa.Column("supports_instruct", sa.Boolean(), nullable=True),
        sa.Column("supports_reasoning", sa.Boolean(), nullable=True),
        sa.Column("supports_tools", sa.Boolean(), nullable=True),
        sa.Column("supports_video", sa.Boolean(), nullable=True),
        sa.Column("extras", JSON_TYPE, nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("protection", sa.String(length=8), nullable=False),
        sa.Column("protection_choice", sa.String(length=8), nullable=True),
        sa.Column("manual_fields", JSON_TYPE, nullable=False),
        sa.Column("sources", JSON_TYPE, nullable=False),
        sa.Column("drift", JSON_TYPE, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.Column("last_synced_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalog_entries")),
        sa.UniqueConstraint("public_id", name=op.f("uq_catalog_entries_public_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_catalog_entries_active", "catalog_entries", ["active", "id"], unique=False)
    op.create_index(
        "ix_catalog_entries_context_length",
        "catalog_entries",
        ["context_length", "id"],
        unique=False,
        postgresql_ops={"context_length": "NULLS FIRST"},
    )
    op.create_index(
        "ix_catalog_entries_created_at", "catalog_entries", ["created_at", "id"], unique=False
    )
    op.create_index(
        "ix_catalog_entries_drifted",
        "catalog_entries",
        ["id"],
        unique=False,
        sqlite_where=sa.text("drift IS NOT NULL"),
        postgresql_where=sa.text("drift IS NOT NULL"),
    )
    op.create_index(
        "ix_catalog_entries_experimental", "catalog_entries", ["experimental", "id"], unique=False
    )
    op.create_index(
        "ix_catalog_entries_family",
        "catalog_entries",
        ["family", "id"],
        unique=False,
        postgresql_ops={"family": "NULLS FIRST"},
    )
    op.create_index(
        op.f("ix_catalog_entries_identity_key"), "catalog_entries", ["identity_key"], unique=False
    )
    op.create_index(
        "ix_catalog_entries_is_moderated",
        "catalog_entries",
        ["is_moderated", "id"],
        unique=False,
        postgresql_ops={"is_moderated": "NULLS FIRST"},
    )
    op.create_index(
        "ix_catalog_entries_last_synced_at",
        "catalog_entries",
        ["last_synced_at", "id"],
        unique=False,
        postgresql_ops={"last_synced_at": "NULLS FIRST"},
    )
    op.create_index(
        "ix_catalog_entries_model_display_name",
        "catalog_entries",
        ["model_display_name", "id"],
        unique=False,
        postgresql_ops={"model_display_name": "NULLS FIRST"},
    )
    op.create_index(
        "ix_catalog_entries_requires_feature_flag",
        "catalog_entries",
        ["requires_feature_flag", "id"],
        unique=False,
        postgresql_ops={"requires_feature_flag": "NULLS FIRST"},
    )
    op.create_index(
        "ix_catalog_entries_retired",
        "catalog_entries",
        ["id"],
        unique=False,
        sqlite_where=sa.text("retired_at IS NOT NULL"),
        postgresql_where=sa.text("retired_at IS NOT NULL"),
    )
    op.create_index("ix_catalog_entries_status", "catalog_entries", ["status", "id"], unique=False)
    op.create_index(
        "ix_catalog_entries_supports_audio",
        "catalog_entries",
        ["supports_audio", "id"],
        unique=False,
        postgresql_ops={"supports_audio": "NULLS FIRST"},
    )
    op.create_index(
        "ix_catalog_entries_supports_browser",
        "catalog_entries",
        ["supports_browser", "id"],
        unique=False,
        postgresql_ops={"supports_browser": "NULLS FIRST"},
    )
    op.create_index(
        "ix_catalog_entries_supports_embeddings",
        "catalog_entries",
        ["supports_embeddings", "id"],
        unique=False,
        postgresql_ops={"supports_embeddings": "NULLS FIRST"},
    )
    op.create_index(
        "ix_catalog_entries_supports_images",
        "catalog_entries",
        ["supports_images", "id"],
        unique=False,
        postgresql_ops={"supports_images": "NULLS FIRST"},
    )
    op.create_index(
        "ix_catalog_entries_supports_instruct",
        "catalog_entries",
        ["supports_instruct", "id"],
        unique=False,
        postgresql_ops={"supports_instruct": "NULLS FIRST"},
    )
    op.create_index(
        "ix_catalog_entries_supports_reasoning",
        "catalog_entries",
        ["supports_reasoning", "id"],
        unique=False,
        postgresql_ops={"supports_reasoning": "NULLS FIRST"},
    )
    op.create_index(
        "ix_catalog_entries_supports_tools",
        "catalog_entries",
        ["supports_tools", "id"],
        unique=False,
        postgresql_ops={"supports_tools": "NULLS FIRST"},
    )
    op.create_index(
        "ix_catalog_entries_supports_video",
        "catalog_entries",
        ["supports_video", "id"],
        unique=False,
        postgresql_ops={"supports_video": "NULLS FIRST"},
    )
    op.create_index(
        "ix_catalog_entries_updated_at", "catalog_entries", ["updated_at", "id"], unique=False
    )

    op.create_table(
        "catalog_revision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalog_revision")),
    )
    op.create_table(
        "providers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("vendor", sa.String(length=255), nullable=False),
        sa.Column("feed_key", sa.String(length=255), nullable=True),
        sa.Column("base_url", sa.Text(), nullable=True),
        sa.Column("endpoints", JSON_TYPE, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("category", sa.String(length=16), nullable=False),
        sa.Column("default_provider_image_generate", sa.Boolean(), nullable=False),
        sa.Column("default_provider_image_edit", sa.Boolean(), nullable=False),
        sa.Column("metadata", JSON_TYPE, nullable=False),
        sa.Column("api_key_encrypted", sa.Text(), nullable=True),
        sa.Column("api_key_hint", sa.String(length=8), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("last_synced_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_providers")),
        sa.UniqueConstraint("feed_key", name=op.f("uq_providers_feed_key")),
        sa.UniqueConstraint("public_id", name=op.f("uq_providers_public_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_providers_active"), "providers", ["active"], unique=False)
    op.create_index(op.f("ix_providers_vendor"), "providers", ["vendor"], unique=False)

    op.create_table(
        "tokens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("jti", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.Column("created_by", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("jti", name=op.f("uq_tokens_jti")),
        sa.UniqueConstraint("name", name=op.f("uq_tokens_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("preferences", JSON_TYPE, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_login_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "entry_aliases",
        sa.Column("alias", sa.String(length=255), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("manual", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["catalog_entries.id"],
            name=op.f("fk_entry_aliases_entry_id_catalog_entries"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("alias", name=op.f("pk_entry_aliases")),
    )
    op.create_index(op.f("ix_entry_aliases_entry_id"), "entry_aliases", ["entry_id"], unique=False)

    op.create_table(
        "entry_tags",
        sa.Column("tag", sa.String(length=255), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["catalog_entries.id"],
            name=op.f("fk_entry_tags_entry_id_catalog_entries"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tag", "entry_id", name=op.f("pk_entry_tags")),
    )
    op.create_index(op.f("ix_entry_tags_entry_id"), "entry_tags", ["entry_id"], unique=False)

    op.create_table(
        "feeds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("provider_id", sa.Integer(), nullable=True),
        sa.Column("mode", sa.String(length=8), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("trusted_fields", JSON_TYPE, nullable=True),
        sa.Column("miss_limit", sa.Integer(), nullable=False),
        sa.Column("minimum_share", sa.Integer(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("answer_hash", sa.String(length=32), nullable=True),
        sa.Column("read_by", sa.String(length=32), nullable=True),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("last_success_at", sa.BigInteger(), nullable=True),
        sa.Column("last_error_at", sa.BigInteger(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("last_counts", JSON_TYPE, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.id"], name=op.f("fk_feeds_provider_id_providers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feeds")),
        sa.UniqueConstraint("name", name=op.f("uq_feeds_name")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_feeds_provider_id"), "feeds", ["provider_id"], unique=False)

    op.create_table(
        "provider_models",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("provider_id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("raw_id", sa.String(length=255), nullable=False),
        sa.Column("instruct_model_id", sa.Integer(), nullable=True),
        sa.Column("model_display_name", sa.String(length=255), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("category", sa.String(length=255), nullable=True),
        sa.Column("category_order_number", sa.BigInteger(), nullable=True),
        sa.Column("model_order_number", sa.BigInteger(), nullable=True),
        sa.Column("pricing", JSON_TYPE, nullable=True),
        sa.Column("token_limits", JSON_TYPE, nullable=True),
        sa.Column("prompt_price", sa.Float(), nullable=True),
        sa.Column("completion_price", sa.Float(), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("protection", sa.String(length=8), nullable=False),
        sa.Column("protection_choice", sa.String(length=8), nullable=True),
        sa.Column("manual_fields", JSON_TYPE, nullable=False),
        sa.Column("sources", JSON_TYPE, nullable=False),
        sa.Column("drift", JSON_TYPE, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.Column("last_synced_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["catalog_entries.id"],
            name=op.f("fk_provider_models_entry_id_catalog_entries"),
        ),
        sa.ForeignKeyConstraint(
            ["instruct_model_id"],
            ["provider_models.id"],
            name=op.f("fk_provider_models_instruct_model_id_provider_models"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"],
            ["providers.id"],
            name=op.f("fk_provider_models_provider_id_providers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_models")),
        sa.UniqueConstraint(
            "provider_id", "raw_id", name=op.f("uq_provider_models_provider_id_raw_id")
        ),
        sa.UniqueConstraint("public_id", name=op.f("uq_provider_models_public_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_provider_models_created_at_id", "provider_models", ["created_at", "id"], unique=False
    )
    op.create_index(
        op.f("ix_provider_models_entry_id"), "provider_models", ["entry_id"], unique=False
    )
    op.create_index(
        "ix_provider_models_provider_id_active",
        "provider_models",
        ["provider_id", "active"],
        unique=False,
    )

    op.create_table(
        "user_sessions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_user_sessions_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_sessions")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_user_sessions_secret_hash")),
    )
    op.create_index(
        op.f("ix_user_sessions_expires_at"), "user_sessions", ["expires_at"], unique=False
    )
    op.create_index(op.f("ix_user_sessions_user_id"), "user_sessions", ["user_id"], unique=False)

    op.create_table(
        "batches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("actor_kind", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=255), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("request_id", sa.String(length=128), nullable=True),
        sa.Column("feed_id", sa.Integer(), nullable=True),
        sa.Column("summary", JSON_TYPE, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["feed_id"], ["feeds.id"], name=op.f("fk_batches_feed_id_feeds"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
        sa.UniqueConstraint("public_id", name=op.f("uq_batches_public_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_batches_actor"), "batches", ["actor"], unique=False)
    op.create_index(op.f("ix_batches_created_at"), "batches", ["created_at"], unique=False)
    op.create_index(op.f("ix_batches_kind"), "batches", ["kind"], unique=False)

    op.create_table(
        "claims",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("feed_id", sa.Integer(), nullable=False),
        sa.Column("record_type", sa.String(length=16), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("fields", JSON_TYPE, nullable=False),
        sa.Column("about", JSON_TYPE, nullable=True),
        sa.Column("content_hash", sa.String(length=32), nullable=False),
        sa.Column("first_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["feed_id"], ["feeds.id"], name=op.f("fk_claims_feed_id_feeds"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claims")),
        sa.UniqueConstraint(
            "feed_id",
            "record_type",
            "record_id",
            name=op.f("uq_claims_feed_id_record_type_record_id"),
        ),
    )
    op.create_index("ix_claims_record", "claims", ["record_type", "record_id"], unique=False)

    op.create_table(
        "changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("record_type", sa.String(length=16), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(length=64), nullable=False),
        sa.Column("old", JSON_TYPE, nullable=True),
        sa.Column("new", JSON_TYPE, nullable=True),
        sa.Column("old_manual", sa.Boolean(), nullable=False),
        sa.Column("new_manual", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batches.id"], name=op.f("fk_changes_batch_id_batches")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_changes")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_changes_batch_id"), "changes", ["batch_id"], unique=False)
    op.create_index(
        "ix_changes_record", "changes", ["record_type", "record_id", "id"], unique=False
    )

    op.create_table(
        "overrides",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("record_type", sa.String(length=16), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
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
        sa.PrimaryKeyConstraint("id", name=op.f("pk_overrides")),
        sa.UniqueConstraint(
            "record_type",
            "record_id",
            "field",
            name=op.f("uq_overrides_record_type_record_id_field"),
        ),
    )

    op.bulk_insert(
        sa.table("catalog_revision", sa.column("id"), sa.column("revision")),
        [{"id": 1, "revision": 1}],
    )
    _create_search()


def _create_search() -> None:
    """Substring search: FTS5 trigrams on SQLite; on PostgreSQL their numbers in an array under GIN,

    which needs no extension (pg_trgm is not everywhere). Kept apart from the
    entries so that a switch of a flag does not rewrite it.
    """
    if op.get_bind().dialect.name == "sqlite":
        op.execute("CREATE VIRTUAL TABLE entry_search USING fts5(text, tokenize='trigram')")
        return
    op.create_table(
        "entry_search",
        sa.Column(
            "entry_id",
            sa.Integer(),
            sa.ForeignKey("catalog_entries.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("grams", postgresql.ARRAY(sa.Integer()), nullable=False),
    )
    op.create_index("ix_entry_search_grams", "entry_search", ["grams"], postgresql_using="gin")


def downgrade() -> None:
    op.drop_table("entry_search")
    op.drop_table("overrides")

    op.drop_table("changes")

    op.drop_table("claims")

    op.drop_table("batches")

    op.drop_table("user_sessions")

    op.drop_table("provider_models")

    op.drop_table("feeds")

    op.drop_table("entry_tags")

    op.drop_table("entry_aliases")
    op.drop_table("users")
    op.drop_table("tokens")

    op.drop_table("providers")
    op.drop_table("catalog_revision")

    op.drop_table("catalog_entries")
