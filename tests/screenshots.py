"""Takes the pictures in `.github/screenshots/`: every page and state, three widths, both themes.

    .venv/bin/python -m tests.screenshots [--only catalog,review] [--widths 390,768,1440]

`make screenshots` runs it. The catalog is the embedded one; where the captured feeds of other dates
are present, those are synced as well, so that there is a queue, a history and drift to see. The
pictures are WebP, which Chromium writes itself and which takes a third of a PNG.
"""

import argparse
import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import Select, func, select

from app.core.permissions import SYSTEM, Role
from app.models import CatalogEntry, Feed, ProviderModel, SyncRun, db
from app.services.feeds import add_feed
from app.services.sync import sync_feed
from tests.support.browser import launch_arguments
from tests.support.captured import captured_files
from tests.support.client import IsolatedClient
from tests.support.database import make_settings, migrated_app, scratch_folder
from tests.support.live import served
from tests.support.paths import ROOT
from tests.support.people import api_client, log_in
from tests.support.seed import seed
from tests.support.webhooks import make_webhook

FOLDER = ROOT / ".github/screenshots"
WIDTHS = (390, 768, 1440)
THEMES = ("light", "dark")
HEIGHT = 900
QUALITY = 55


class Shot(NamedTuple):
    """One picture: its file's name, where it is taken, and what is done there before."""

    name: str
    path: str
    prepare: Callable[[Page], None] = lambda _page: None
    role: Role | None = Role.ADMIN


def _press(key: str, shows: str) -> Callable[[Page], None]:
    def prepare(page: Page) -> None:
        page.locator("#results").click(position={"x": 2, "y": 2})
        page.keyboard.press(key)
        page.locator(shows).wait_for()

    return prepare


def _open(button: str, shows: str) -> Callable[[Page], None]:
    def prepare(page: Page) -> None:
        page.locator(button).first.click()
        page.locator(shows).first.wait_for()

    return prepare


def _find(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.locator("#palette-q").fill("claud sonet")
    page.locator("#palette-list [role=option]", has_text="Claude").first.wait_for()


def _edit(page: Page) -> None:
    page.locator("#results tbody [data-field=context_length] > button[name]").nth(1).click()
    page.locator("#editor").wait_for()


def _refused(page: Page) -> None:
    page.locator("input[name=email]").fill("nobody@example.org")
    page.locator("input[name=password]").fill("a wrong password")
    page.locator("input[name=password]").press("Enter")
    page.locator("[role=alert]").first.wait_for()


def _select(page: Page) -> None:
    for row in range(3):
        page.locator("#results tbody input[type=checkbox]").nth(row).check()


def shots(app: Flask) -> list[Shot]:
    """Every page and state, with the addresses that this catalog gives them."""
    with app.app_context():
        entry = db.session.scalars(_most_offered().limit(1)).one()
        model = db.session.scalars(
            select(ProviderModel.public_id).where(ProviderModel.entry_id == entry.id)
        ).first()
        run = db.session.scalars(select(SyncRun.public_id).order_by(SyncRun.id.desc())).first()
        names = db.session.scalars(_most_offered().limit(4)).all()
        feed = db.session.scalars(select(Feed.name)).first()
        slug = entry.public_id
    compared = "&".join(f"entries={name.public_id}" for name in names)
    return [
        Shot("login", "/login", role=None),
        Shot("login-refused", "/login", _refused, role=None),
        Shot("dashboard", "/"),
        Shot("start", "/start"),
        Shot("coverage", "/coverage"),
        Shot("prices", "/prices"),
        Shot("activity", "/activity"),
        Shot("catalog", "/catalog"),
        Shot("catalog-filtered", "/catalog?supports_reasoning=true&supports_tools=true"),
        Shot("catalog-nothing", "/catalog?q=no-such-model-anywhere&active=true"),
        Shot("catalog-columns", "/catalog", _open("#columns-button", "#columns-panel")),
        Shot("catalog-views", "/catalog", _open("#views-button", "#views-panel")),
        Shot("catalog-keys", "/catalog", _press("?", "#help")),
        Shot("catalog-selected", "/catalog", _select),
        Shot("catalog-editing", "/catalog", _edit),
        Shot("palette", "/catalog", _find),
        Shot("find", "/find?q=claude"),
        Shot("compare", f"/compare?{compared}"),
        Shot("entry", f"/catalog/{slug}"),
        Shot("provider-models", "/provider-models"),
        Shot("provider-model", f"/provider-models/{model}"),
        Shot("providers", "/providers"),
        Shot("provider-new", "/providers/new"),
        Shot("feeds", "/feeds"),
        Shot("feed", f"/feeds/{feed}"),
        Shot("feed-new", "/feeds/new"),
        Shot("sync-runs", "/sync-runs"),
        Shot("sync-run", f"/sync-runs/{run}"),
        Shot("review", "/review"),
        Shot("changes", "/changes"),
        Shot("webhooks", "/webhooks"),
        Shot("feature-flags", "/feature-flags"),
        Shot("users", "/users"),
        Shot("tokens", "/tokens"),
        Shot("account", "/account"),
        Shot("forbidden", "/users", role=Role.VIEWER),
        Shot("not-found", "/catalog/no/such/entry"),
    ]


def _most_offered() -> Select[CatalogEntry]:
    """Entries that many providers offer, those with the most first."""
    offers = select(ProviderModel.entry_id.label("id"), func.count().label("n"))
    counts = offers.group_by(ProviderModel.entry_id).subquery()
    joined = select(CatalogEntry).join(counts, counts.c.id == CatalogEntry.id)
    return joined.order_by(counts.c.n.desc(), CatalogEntry.id)


def fill(app: Flask) -> None:
    """The embedded catalog, the captured feeds where present, and what people did with them."""
    seed(app)
    with app.app_context():
        for captured in captured_files():
            if captured.kind in {"openrouter", "litellm"}:
                _sync(captured.feed, captured.kind, captured.path)
        make_webhook(db.session())
        db.session.commit()
        entries = [entry.public_id for entry in db.session.scalars(_most_offered().limit(6))][2:]
    editor = api_client(app, Role.EDITOR)
    for number, name in enumerate(entries):
        _patch(
            editor, name, {"supports_tools": number % 2 == 0, "description": "Corrected by hand."}
        )


def _sync(name: str, kind: str, path: Path) -> None:
    if db.session.scalars(select(Feed.id).where(Feed.name == name)).first() is None:
        # A place of its own: the pictures show the address of a feed, and not this machine's.
        add_feed(db.session, SYSTEM, name, kind, path=f"/srv/almanac/feeds/{name}.json.gz")
    sync_feed(db.session, SYSTEM, name, path=str(path))


def _patch(client: IsolatedClient, name: str, values: dict[str, object]) -> None:
    answer = client.patch(f"/v1/admin/models/catalogs/{name}", json=values)
    if answer.status_code != 200:
        raise RuntimeError(f"the edit of {name} answered {answer.status_code}: {answer.text}")


@contextmanager
def page_of(browser: Browser, base: str, shot: Shot, width: int, theme: str) -> Iterator[Page]:
    """A page of that width and theme, on which the picture's person has logged in."""
    context = browser.new_context(
        viewport={"width": width, "height": HEIGHT},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
        locale="en-GB",
        base_url=base,
    )
    try:
        page = context.new_page()
        if shot.role:
            page.goto("/login")
            log_in(page, shot.role)
        yield page
    finally:
        context.close()


def take(page: Page, shot: Shot, file: Path) -> int:
    """Take one picture; how many bytes it has."""
    page.goto(shot.path, wait_until="load")
    page.wait_for_load_state("networkidle")
    shot.prepare(page)
    session = page.context.new_cdp_session(page)
    answer = session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    data = base64.b64decode(answer["data"])
    file.write_bytes(data)
    return len(data)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="names of pictures, separated by commas")
    parser.add_argument("--widths", default=",".join(map(str, WIDTHS)), help="CSS pixels")
    options = parser.parse_args()
    wanted = set(options.only.split(",")) if options.only else None
    widths = [int(width) for width in options.widths.split(",")]
    FOLDER.mkdir(parents=True, exist_ok=True)
    with scratch_folder() as folder:
        app = migrated_app(make_settings(f"sqlite:///{folder / 'pictures.db'}", folder))
        app.test_client_class = IsolatedClient
        fill(app)
        chosen = [shot for shot in shots(app) if wanted is None or shot.name in wanted]
        with served(app) as base, sync_playwright() as playwright:
            browser = playwright.chromium.launch(**launch_arguments())  # type: ignore[arg-type]
            total = take_all(browser, base, chosen, widths)
            browser.close()
    print(f"{len(chosen) * len(widths) * len(THEMES)} pictures, {total / 1e6:.1f} MB")


def take_all(browser: Browser, base: str, chosen: list[Shot], widths: list[int]) -> int:
    """Take the chosen pictures in every width and theme; how many bytes they have in all."""
    total = 0
    for role in {shot.role for shot in chosen}:
        mine = [shot for shot in chosen if shot.role == role]
        for width in widths:
            for theme in THEMES:
                with page_of(browser, base, mine[0], width, theme) as page:
                    for shot in mine:
                        total += take(page, shot, FOLDER / f"{shot.name}-{width}-{theme}.webp")
    return total


if __name__ == "__main__":
    main()
