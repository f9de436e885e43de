"""A synthetic catalog of any size with the shape of the real one, inserted in bulk."""

import random
from collections.abc import Iterator
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from app.models import Batch, CatalogEntry, CatalogRevision, now
from app.services.maintenance import refresh_statistics
from app.services.search_index import index_entries, rewrite_tags, search_text
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
