"""What can be found besides records: pages, things to do, providers and feeds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

from sqlalchemy.orm import Session

from app.blueprints.console.display import provider_path
from app.blueprints.console.navigation import ITEMS, may_see
from app.core.finding import Candidate, Span, Wanted, fold, marked, score_of
from app.queries.find_names import ProviderName, feed_names, provider_names

FIRST_PROVIDERS, MANY_PROVIDERS = 12, 60
PAGE, ACTION, PROVIDER, FEED = "page", "action", "provider", "feed"


@dataclass(frozen=True, slots=True)
class Thing:
    """Something to go to or to do.

    ``path`` with ``fields`` is a form to be sent, else an address; ``run`` names what
    only a script can do. ``also`` are other words for it, ``detail`` is shown.
    """

    kind: str
    label: str
    path: str = ""
    icon: str = ""
    detail: str = ""
    also: str = ""
    fields: tuple[tuple[str, str], ...] | None = None
    run: str = ""
    active: bool = True
    worth: float = 0.0
    score: float = 0.0
    spans: Sequence[Span] = ()
    detail_spans: Sequence[Span] = ()

    @property
    def is_link(self) -> bool:
        """Whether it is only looked at, not done."""
        return self.fields is None and not self.run

    @property
    def fields_json(self) -> str:
        """The form's fields for a script."""
        return json.dumps(self.fields or ())


class Names(NamedTuple):
    """Providers, and the names and kinds of feeds."""

    providers: list[ProviderName]
    feeds: list[tuple[str, str]]


class _Action(NamedTuple):
    label: str
    path: str
    icon: str
    endpoint: str
    also: str = ""


_VIEWS = (
    ("Catalog: drift", "/catalog?drift=true", "git-compare", "differs upstream"),
    ("Catalog: edited by hand", "/catalog?manual=true", "pencil", "manual overrides"),
    ("Catalog: retired", "/catalog?retired=true", "archive", "gone vanished"),
    ("Catalog: switched off", "/catalog?active=false", "toggle-left", "inactive disabled"),
)
_ACTIONS = (
    _Action("Compare entries", "/compare", "git-compare", "compare.compare", "side by side"),
    _Action("Add a provider", "/providers/new", "plus", "providers.new_provider", "new create"),
    _Action("Add a feed", "/feeds/new", "plus", "feeds.new_feed", "new create source"),
    _Action("Add a webhook", "/webhooks/new", "plus", "webhooks.new_webhook", "new create"),
    _Action("Add a feature flag", "/feature-flags", "plus", "flags.flags", "new create"),
    _Action("Add a user", "/users", "plus", "accounts.users", "new create person"),
    _Action("Create an API token", "/tokens", "key", "accounts.tokens", "new add jwt"),
    _Action("Change your password", "/account", "lock", "own_account.account", "profile"),
    _Action("API reference", "/v1/docs", "api", "pages.dashboard", "docs openapi help"),
)
_SCRIPTED = (
    Thing(ACTION, "Switch theme", icon="moon", run="theme", also="dark light mode colours"),
    Thing(ACTION, "Keyboard help", icon="keyboard", run="help", also="shortcuts keys"),
)
_OF_PROVIDER = ("Enable all models of", "Disable all models of", "Edit", "Sync", "now")
_LOG_OUT = Thing(
    ACTION, "Log out", "/logout", "logout", also="sign off exit leave", fields=(), worth=-4
)


def list_things(names: Names, wanted: Wanted) -> list[Thing]:
    """Everything but records that answers, with its score; unsorted."""
    things = [*general(), *_of_feeds(names.feeds), *_of_providers(names.providers, wanted)]
    return [scored for thing in things if (scored := judged(thing, wanted)) is not None]


def read_names(session: Session) -> Names:
    """The names of what there are few of, as far as the role may see them."""
    return Names(
        provider_names(session) if may_see("providers.providers") else [],
        feed_names(session) if may_see("feeds.feeds") else [],
    )


def general() -> list[Thing]:
    """Pages, and what can be done from everywhere; as far as the role may."""
    pages = [Thing(PAGE, i.label, i.path, i.icon, worth=8) for i in ITEMS if may_see(i.endpoint)]
    views = [Thing(PAGE, label, path, icon, also=also) for label, path, icon, also in _VIEWS]
    actions = [
        Thing(ACTION, one.label, one.path, one.icon, also=one.also)
        for one in _ACTIONS
        if may_see(one.endpoint)
    ]
    return [*pages, *views, *actions, *_SCRIPTED, _LOG_OUT]


def words_besides(names: Names) -> frozenset[str]:
    """The words of all this, for the vocabulary."""
    return _words((*(row.name for row in names.providers), *(name for name, _ in names.feeds)))


@lru_cache(maxsize=8)
def _words(names: tuple[str, ...]) -> frozenset[str]:
    labels = [item.label for item in ITEMS]
    views = [f"{label} {also}" for label, _, _, also in _VIEWS]
    actions = [f"{one.label} {one.also}" for one in (*_ACTIONS, *_SCRIPTED, _LOG_OUT)]
    return frozenset(map(fold, (*names, *labels, *views, *actions, *_OF_PROVIDER)))


def judged(thing: Thing, wanted: Wanted) -> Thing | None:
    """The thing with its score and its letters marked, or None where it does not answer."""
    more = f"{thing.detail} {thing.also}"
    score = score_of(wanted, Candidate(thing.label, "", more, active=thing.active))
    if score is None:
        return None
    spans, detail = marked(wanted, thing.label), marked(wanted, thing.detail)
    return replace(thing, score=score + thing.worth, spans=spans, detail_spans=detail)


def _of_feeds(feeds: Iterable[tuple[str, str]]) -> Iterator[Thing]:
    syncs = may_see("feeds.sync_feed")
    for name, kind in feeds:
        path = f"/feeds/{quote(name, safe='')}"
        yield Thing(FEED, name, path, "rss", kind, "feed", worth=4)
        if syncs:
            yield Thing(
                ACTION, f"Sync feed {name} now", f"{path}/sync", "refresh", fields=(), worth=-6
            )


def _of_providers(providers: Sequence[ProviderName], wanted: Wanted) -> Iterator[Thing]:
    """The providers that may be meant, and what can be done with those that are named."""
    words = [one.word for meant in wanted.words for one in meant]
    named = []
    for row in providers:
        own = fold(row.name)
        if any(word in own for word in words if len(word) > 1):
            named.append(row)
        about = f"provider {row.public_id}"
        if any(word in own or word in fold(row.vendor) or word in about for word in words):
            path, icon = provider_path(row.public_id), "server"
            yield Thing(
                PROVIDER,
                row.name,
                path,
                icon,
                row.vendor,
                about,
                active=row.active,
                worth=4,
            )
    if not named:
        named = sorted(providers, key=lambda row: (not row.active, row.name))[:FIRST_PROVIDERS]
    for row in named[:MANY_PROVIDERS]:
        yield from _to_do_with(row)


def _to_do_with(row: ProviderName) -> Iterator[Thing]:
    path = provider_path(row.public_id)
    if may_see("providers.sync"):
        yield Thing(ACTION, f"Sync {row.name} now", f"{path}/sync", "refresh", fields=(), worth=-8)
    if may_see("providers.open_provider"):
        yield Thing(ACTION, f"Edit {row.name}", f"{path}/edit", "pencil", "provider", worth=-8)
    if may_see("provider_models.order"):
        for verb, quick, icon in (
            ("Disable", "disable", "toggle-left"),
            ("Enable", "enable", "toggle-right"),
        ):
            fields = (
                ("record_type", "provider_model"),
                ("where", f"provider_id={quote(row.public_id)}"),
                ("back", path),
                ("quick", quick),
            )
            label = f"{verb} all models of {row.name}"
            yield Thing(ACTION, label, "/bulk/preview", icon, fields=fields, worth=-8)
