"""A progress bar on stderr when a person watches it, nothing otherwise."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[str, int, int], None] | None]:
    """Give a function to be told (stage, done, total); None where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    with click.progressbar(length=1, label=label, file=sys.stderr, show_eta=False) as bar:

        def report(stage: str, done: int, total: int) -> None:
            bar.label = f"{label}: {stage}"
            bar.length = total
            bar.update(done - bar.pos)

        yield report
