"""A synthetic catalog of any size with the shape of the real one, inserted in bulk."""

import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from app.core.values import money
from app.models import (
    Batch,
    CatalogEntry,
    CatalogRevision,
    Claim,
    Feed,
    Override,
    Provider,
    ProviderModel,
    now,
)
from app.services.maintenance import refresh_statistics
from app.services.search_index import (
    index_entries,
    index_provider_models,
    rewrite_tags,
    search_text,
)
from tests.support.factories import entry_values

VENDORS = (
    "openai",
    "anthropic",
    "google",
    "meta",
    "mistral",
    "qwen",
    "deepseek",
    "cohere",
    "x-ai",
    "nvidia",
    "microsoft",
)
FAMILIES = [f"{vendor}-{size}" for vendor in VENDORS for size in ("mini", "base", "pro", "max")]
WORDS = tuple(
    (  # noqa: SIM905 - a list of words reads better as a sentence
        "model for reasoning coding chat vision multilingual long context fast cheap instruct tuned"
        " open weights agents tools images audio text embedding preview large small mixture of"
        " experts trained with reinforcement learning released under a permissive licence by its"
        " makers"
    ).split()
)
FLAGS = {
    "supports_audio": 0.05,
    "supports_browser": 0.02,
    "supports_embeddings": 0.04,
    "supports_images": 0.4,
    "supports_instruct": 0.5,
    "supports_reasoning": 0.35,
    "supports_tools": 0.7,
    "supports_video": 0.03,
}
ARCHITECTURE = {
    "modality": "text+image->text",
    "input_modalities": ["text", "image"],
    "output_modalities": ["text"],
    "tokenizer": "GPT",
    "instruct_type": None,
}
PARAMETERS = {
    "names": ["max_tokens", "seed", "stop", "temperature", "tools", "top_p"],
    "default": {"temperature": 0.7, "top_p": None},
}
CHUNK = 5_000
PROVIDERS = 130
MODELS_PER_ENTRY = 4
CATEGORIES = ("Chat", "Code", "Images", "Small and fast")


def synthetic_entries(count: int, seed: int = 1) -> Iterator[dict[str, Any]]:
    """Values of ``count`` entries; the same ones for the same seed."""
    chance = random.Random(seed)
    for number in range(1, count + 1):
        vendor = chance.choice(VENDORS)
        name = f"{chance.choice(WORDS)}-{number}"
        flags = {
            flag: None if chance.random() < 0.2 else chance.random() < share
            for flag, share in FLAGS.items()
        }
        manual = chance.random() < 0.02
        moment = now() - chance.randrange(10**7)
        yield entry_values(
            id=number,
            public_id=f"{vendor}/{name}",
            model_display_name=f"{vendor.title()}: {name.title()}",
            description=" ".join(chance.choices(WORDS, k=chance.randrange(20, 60))),
            family=chance.choice(FAMILIES) if chance.random() < 0.8 else None,
            tags=chance.sample(("vip", "cheap", "beta"), 2) if chance.random() < 0.05 else [],
            active=chance.random() < 0.6,
            context_length=chance.choice((8192, 32768, 128000, 200000, 1000000, None)),
            architecture=ARCHITECTURE,
            supported_parameters=PARAMETERS,
            extras={"release_date": "2026-01-01", "open_weights": chance.random() < 0.4},
            status="updated" if manual else "filled",
            protection="entry" if manual else "none",
            manual_fields=["family"] if manual else [],
            sources={flag: "models.dev" for flag, known in flags.items() if known is not None},
            drift={"family": "other"} if manual and chance.random() < 0.5 else None,
            retired_at=moment if chance.random() < 0.01 else None,
            created_at=moment,
            updated_at=moment,
            last_synced_at=now(),
            **flags,
        )


def seed_catalog(session: Session, count: int) -> None:
    """Fill an empty, migrated database with ``count`` entries, searchable, and commit."""
    rows: list[dict[str, Any]] = []
    for row in synthetic_entries(count):
        rows.append(row)
        if len(rows) == CHUNK:
            _insert(session, rows)
            rows = []
    _insert(session, rows)
    session.execute(update(CatalogRevision).values(revision=2))
    batch = {"public_id": f"batch_{random.getrandbits(64):x}", "kind": "sync"}
    session.execute(
        insert(Batch).values(**batch, actor_kind="system", actor="bench", summary={}, created_at=0)
    )
    session.commit()
    refresh_statistics(session)
    session.commit()


def _insert(session: Session, rows: list[dict[str, Any]]) -> None:
    if rows:
        session.execute(insert(CatalogEntry), rows)
        index_entries(session, [(row["id"], search_text(row, row["public_id"])) for row in rows])
        rewrite_tags(session, [(row["id"], row["tags"]) for row in rows])


def synthetic_providers(seed: int = 2) -> Iterator[dict[str, Any]]:
    """Values of `PROVIDERS` providers, half of them switched on; one has a name beyond ASCII."""
    chance = random.Random(seed)
    for number in range(1, PROVIDERS + 1):
        key = f"{chance.choice(WORDS)}-{number}"
        yield {
            "id": number,
            "public_id": f"prov_{number:020x}",
            "name": f"{key.title()} Inc." if number != 7 else "Größe & Söhne",
            "vendor": key,
            "feed_key": key,
            "base_url": f"https://{key}.example/v1",
            "endpoints": [],
            "metadata": {},
            "active": number % 2 == 1,
            "created_at": now(),
            "updated_at": now(),
        }


def synthetic_models(count: int, entries: int, seed: int = 3) -> Iterator[dict[str, Any]]:
    """Values of ``count`` provider models over entries 1 to ``entries``, some providers larger.

    Two in a hundred are manual: their `manual_fields` have overrides of the same values.
    """
    chance = random.Random(seed)
    weights = [1 / (1 + number % 20) for number in range(PROVIDERS)]
    for number in range(1, count + 1):
        entry_id = (number - 1) % entries + 1
        vendor, word = chance.choice(VENDORS), chance.choice(WORDS)
        manual = chance.random() < 0.02
        price = chance.randrange(0, 20_000) if chance.random() < 0.9 else None
        context = chance.choice((8_192, 32_768, 128_000, 200_000, 1_000_000, None))
        moment = now() - chance.randrange(10**7)
        yield {
            "id": number,
            "public_id": f"pmdl_{number:020x}",
            "provider_id": chance.choices(range(1, PROVIDERS + 1), weights)[0],
            "entry_id": entry_id,
            "raw_id": f"{vendor}.{word}-{entry_id}:{number}",
            "model_display_name": f"{vendor.title()} {word.title()} {entry_id}",
            "active": chance.random() < 0.5,
            "category": chance.choice(CATEGORIES) if chance.random() < 0.3 else None,
            "category_order_number": None,
            "model_order_number": chance.randrange(100) if chance.random() < 0.1 else None,
            "pricing": _pricing(price),
            "token_limits": context and LIMITS | {"context_length": context},
            "context_length": context,
            "instruct_model_public_id": None,
            "prompt_price": None if price is None else price / 10,
            "completion_price": None if price is None else price / 5,
            "status": "updated" if manual else "filled",
            "protection": chance.choice(("entry", "fields")) if manual else "none",
            "protection_choice": None,
            "manual_fields": MANUAL_FIELDS if manual else [],
            "sources": dict.fromkeys(MANUAL_FIELDS, "manual") | {"pricing": "models.dev"}
            if manual
            else {"pricing": "models.dev", "model_display_name": "models.dev"},
            "drift": {"model_display_name": "other"} if manual and number % 2 else None,
            "version": 2 if manual else 1,
            "retired_at": moment if chance.random() < 0.01 else None,
            "last_synced_at": now(),
            "created_at": moment,
            "updated_at": moment,
        }


MANUAL_FIELDS = ["category", "model_display_name"]
LIMITS = {"context_length": 128_000, "max_completion_tokens": 16_384}


def _pricing(price: int | None) -> dict[str, Any] | None:
    """Tenths of a micro-dollar as two exact lines."""
    if price is None:
        return None
    units = {"per_1k_prompt_tokens": price, "per_1k_completion_tokens": 2 * price}
    return {
        "lines": [
            {"unit": unit, "amount_micro_usd": money(Decimal(n) / 10), "currency": "USD"}
            for unit, n in units.items()
        ]
    }


def seed_provider_models(session: Session, count: int) -> None:
    """Fill an empty, migrated database with ``count`` provider models, and commit.

    A quarter as many entries, `PROVIDERS` providers, one feed that claims every
    model; a batch of a person's that the overrides name.
    """
    entries = max(1, count // MODELS_PER_ENTRY)
    seed_catalog(session, entries)
    session.execute(insert(Provider), list(synthetic_providers()))
    feed = Feed(name="models.dev", kind="models_dev", created_at=now())
    batch = Batch(public_id=f"batch_{random.getrandbits(64):x}", kind="edit", actor="a@b.c")
    batch.actor_kind, batch.summary, batch.created_at = "user", {}, now()
    session.add_all([feed, batch])
    session.flush()
    rows: list[dict[str, Any]] = []
    for row in synthetic_models(count, entries):
        rows.append(row)
        if len(rows) == CHUNK:
            _insert_models(session, rows, feed.id, batch)
            rows = []
    _insert_models(session, rows, feed.id, batch)
    session.execute(update(CatalogRevision).values(revision=CatalogRevision.revision + 1))
    session.commit()
    refresh_statistics(session)
    session.commit()


def _insert_models(
    session: Session, rows: list[dict[str, Any]], feed_id: int, batch: Batch
) -> None:
    if not rows:
        return
    session.execute(insert(ProviderModel), rows)
    index_provider_models(session, [row["id"] for row in rows])
    overrides = [
        {
            "record_type": "provider_model",
            "record_id": row["id"],
            "field": name,
            "value": row[name],
            "base": None,
            "batch_id": batch.id,
            "actor": "a@b.c",
            "reason": None,
            "created_at": batch.created_at,
        }
        for row in rows
        for name in row["manual_fields"]
    ]
    if overrides:
        session.execute(insert(Override), overrides)
    session.execute(insert(Claim), [_claim(row, feed_id) for row in rows])


def _claim(row: dict[str, Any], feed_id: int) -> dict[str, Any]:
    """What the feed says of a model: what is in force, but for its drift."""
    names = ("model_display_name", "pricing", "token_limits")
    fields = {name: row[name] for name in names if row[name] is not None} | (row["drift"] or {})
    return {
        "feed_id": feed_id,
        "record_type": "provider_model",
        "record_id": row["id"],
        "fields": fields,
        "about": None,
        "content_hash": f"{row['id']:x}",
        "first_seen_at": row["created_at"],
        "changed_at": row["created_at"],
        "last_seen_at": row["created_at"],
        "misses": 0,
    }
