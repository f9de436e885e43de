"""The console as a browser asks for it, in multiples of the yardstick of the same run.

    .venv/bin/python -m tests.bench.bench_console [--engine sqlite|postgresql] [--of models]

The bar: a page of 50 entries (or provider models) of 5,000 at most 25 times a bare
"hello" page (see `yardstick`), of 100,000 at most 1.3 times that, also
searched, filtered and on the last page; one inline edit, logged and on disk, at
most 6 times.
"""

import argparse
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from app.core.permissions import SYSTEM, Role
from app.models import db
from app.services.users import create_user
from tests.bench.seed_catalog import seed_catalog, seed_provider_models
from tests.bench.yardstick import Browser, almanac_server, hello_server, milliseconds
from tests.support.database import make_settings, migrated_app
from tests.support.postgres import running_postgres

SIZES = (5_000, 100_000)
EMAIL, PASSWORD = "bench@example.test", "a password for measuring"


class Table(NamedTuple):
    """A table of the console: how it is filled, asked for and flipped in."""

    seed: Callable[[Session, int], None]
    pages: dict[str, str]
    flip: str
    field: str


TABLES = {
    "entries": Table(
        seed_catalog,
        {
            "first page": "/catalog",
            "searched": "/catalog?q=reasoning-1",
            "filtered": "/catalog?supports_tools=true&active=true",
            "sorted": "/catalog?sort=context_length&order=desc",
            "last page": "/catalog?page={last}",
        },
        "/entries/flip",
        "supports_tools",
    ),
    "models": Table(
        seed_provider_models,
        {
            "first page": "/provider-models",
            "searched": "/provider-models?search=reasoning-1",
            "filtered": "/provider-models?supports_tools=true&active=true",
            "sorted": "/provider-models?sort=prompt_price&order=desc",
            "last page": "/provider-models?page={last}",
            "providers": "/providers",
        },
        "/provider-models/flip",
        "active",
    ),
}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@contextmanager
def almanac(table: Table, url: str, folder: Path, size: int) -> Iterator[int]:
    """A server on a catalog of that size; gives its port."""
    settings = make_settings(url, folder)
    app = migrated_app(settings)
    with app.app_context():
        table.seed(db.session(), size)
        create_user(db.session(), SYSTEM, EMAIL, PASSWORD, Role.EDITOR)
        db.session.remove()
        db.engine.dispose()
    env = {
        "ALMANAC_DATABASE_URL": url,
        "ALMANAC_DATA_DIR": str(folder),
        "ALMANAC_SECRET_KEY": settings.secret_key,
    }
    with almanac_server(env) as port:
        yield port


def logged_in(port: int) -> tuple[Browser, str]:
    """A browser with an editor's session, and the token its forms carry."""
    browser = Browser(port, {"Accept-Encoding": "gzip"})
    plain = {"Accept-Encoding": "identity"}
    _, page, _ = browser.ask("GET", "/login", **plain)
    form = {"email": EMAIL, "password": PASSWORD, "csrf_token": _csrf(page)}
    status, _, _ = browser.ask("POST", "/login", urlencode(form), **FORM)
    if status != 303:
        raise RuntimeError(f"the login answered {status}")
    _, page, _ = browser.ask("GET", "/catalog", **plain)
    return browser, _csrf(page)


def _csrf(page: bytes) -> str:
    found = re.search(rb'name="csrf[-_]token"[^>]*(?:value|content)="([^"]+)"', page)
    if found is None:
        raise RuntimeError("the page carries no CSRF token")
    return found.group(1).decode()


def edit_milliseconds(table: Table, browser: Browser, csrf: str, count: int = 60) -> float:
    """The median time of one flip of a flag as htmx sends it."""
    times = []
    for number in range(count + 10):
        seen = "on" if number % 2 else "off"
        form = urlencode({"flip": f"7:{table.field}:{seen}", "csrf_token": csrf})
        start = time.perf_counter()
        status, _, _ = browser.ask("POST", table.flip, form, **FORM, **{"HX-Request": "true"})
        if number >= 10:
            times.append((time.perf_counter() - start) * 1000)
        if status not in (200, 409) or (status == 409 and number):
            raise RuntimeError(f"the edit answered {status}")
    return statistics.median(times)


def measure(table: Table, engine: str, urls: list[str], folder: Path) -> None:
    with ExitStack() as stack:
        hello = stack.enter_context(hello_server(str(folder)))
        ports = []
        for size, url in zip(SIZES, urls, strict=True):
            place = folder / f"{engine}-{size}"
            place.mkdir()
            ports.append(
                stack.enter_context(almanac(table, url or f"sqlite:///{place / 'db'}", place, size))
            )
        yardstick = milliseconds(Browser(hello), "/", 200)
        servers = [logged_in(port) for port in ports]
        print(f"{engine}: yardstick {yardstick:.2f} ms")
        for what, path in table.pages.items():
            times = [
                milliseconds(browser, path.format(last=(size + 49) // 50))
                for (browser, _), size in zip(servers, SIZES, strict=True)
            ]
            _print(what, times, yardstick)
        _print("inline edit", [edit_milliseconds(table, *server) for server in servers], yardstick)
        print(f"  yardstick at the end {milliseconds(Browser(hello), '/', 200):.2f} ms")


def _print(what: str, times: list[float], yardstick: float) -> None:
    shown = "   ".join(
        f"{size:>7,} {ms:6.2f} ms = {ms / yardstick:5.1f} x"
        for size, ms in zip(SIZES, times, strict=True)
    )
    print(f"  {what:12} {shown}   large/small {times[1] / times[0]:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"))
    parser.add_argument("--of", choices=tuple(TABLES), default="entries")
    options = parser.parse_args()
    chosen, table = options.engine, TABLES[options.of]
    with tempfile.TemporaryDirectory() as name:
        if chosen in (None, "sqlite"):
            measure(table, "sqlite", ["", ""], Path(name))
        if chosen in (None, "postgresql"):
            with running_postgres() as server:
                measure(table, "postgresql", [server.create(), server.create()], Path(name))


if __name__ == "__main__":
    main()
