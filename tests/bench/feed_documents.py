"""Answers in the models.dev dialect, as large as wanted, that change from turn to turn."""

import json
from typing import Any

PROVIDERS = 100


def document(count: int, turn: int = 0, share: float = 1.0) -> bytes:
    """An answer with ``count`` provider models; in a later turn ``share`` of them say other things.

    What they say changes so little that no guard holds it back. A quarter of the models is
    offered by two providers, the others by one.
    """
    providers: dict[str, dict[str, Any]] = {}
    for number in range(count):
        key = f"provider-{number % PROVIDERS}"
        provider = providers.setdefault(
            key, {"id": key, "name": key.title(), "env": [], "npm": "x", "models": {}}
        )
        changed = turn if number % 1000 < share * 1000 else 0
        raw_id = f"acme-{_model(number)}-chat"
        provider["models"][raw_id] = record(raw_id, number, changed)
    return json.dumps(providers, separators=(",", ":")).encode()


def _model(number: int) -> int:
    """The same model comes up again at the next providers."""
    return number - number % 5 if number % 5 < 2 else number


def record(raw_id: str, number: int, turn: int) -> dict[str, Any]:
    """What one provider says of one model."""
    return {
        "id": raw_id,
        "name": f"Acme {number} Chat",
        "family": f"acme-{number % 40}",
        "attachment": False,
        "reasoning": number % 3 == 0,
        "tool_call": number % 2 == 0,
        "temperature": True,
        "knowledge": "2025-03",
        "release_date": "2025-10-16",
        "last_updated": "2025-10-16",
        "modalities": {"input": ["text", "image"], "output": ["text"]},
        "open_weights": False,
        "cost": {"input": 1 + number % 7 + turn / 8, "output": 5 + number % 7},
        "limit": {"context": 128_000 + 1_000 * turn, "output": 16_384},
    }


def reordered(body: bytes) -> bytes:
    """The same answer with the keys of all objects in another order."""
    return json.dumps(_backwards(json.loads(body)), separators=(",", ":")).encode()


def _backwards(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _backwards(value[key]) for key in reversed(value)}
    return [_backwards(one) for one in value] if isinstance(value, list) else value
