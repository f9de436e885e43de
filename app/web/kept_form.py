"""What a person sent when the session had ended: kept on the login page, to be sent again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import request

from app.web.addresses import local_path
from app.web.render import is_api, is_fragment

MAX_KEPT = 64 * 1024
# Never written into a page again, and of no use there.
SECRETS = frozenset({"password", "current", "again", "api_key", "secret", "csrf_token"})
_OWN = ("/login", "/logout")
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class KeptForm:
    """An ordinary form: where it goes and what is in it, without its secrets."""

    path: str
    fields: tuple[tuple[str, str], ...]

    def to_text(self) -> str:
        """As the login form carries it."""
        return json.dumps([self.path, self.fields])

    def shown(self) -> list[tuple[str, str]]:
        """What a person should see of it before it is sent."""
        plain = (pair for pair in self.fields if pair[0] not in {"view", "back", "opened"})
        return [(name, value) for name, value in plain if value][:_SHOWN]


def form_to_keep() -> KeptForm | None:
    """The form of this request, if it may be kept: it comes from one of our own pages."""
    if request.method != "POST" or is_api() or is_fragment() or not _is_ours():
        return None
    if request.path in _OWN or not request.form or request.files:
        return None
    kept = KeptForm(request.full_path.rstrip("?"), _plain(request.form.items(multi=True)))
    return kept if len(kept.to_text()) <= MAX_KEPT else None


def read_kept(text: str | None) -> KeptForm | None:
    """What the login form carried; None where it carried nothing that we wrote."""
    try:
        path, fields = json.loads(text or "null")
        pairs = _plain((str(name), str(value)) for name, value in fields)
    except (ValueError, TypeError, RecursionError):
        return None
    if not isinstance(path, str) or local_path(path, "") != path or urlsplit(path).path in _OWN:
        return None
    return KeptForm(path, pairs)


def _plain(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in pairs if name not in SECRETS)


def _is_ours() -> bool:
    """Whether the browser says so: what another site made it send is not sent again."""
    origin = request.headers.get("Origin") or request.headers.get("Referer", "")
    return bool(origin) and urlsplit(origin).netloc == request.host
