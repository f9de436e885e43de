"""Icons of the sprite: made once for each name, a page shows dozens of them."""

from __future__ import annotations

from functools import lru_cache

from markupsafe import Markup

from app.web.static_files import static_url

SPRITE = "vendor/tabler-icons/sprite.svg"
_SVG = Markup('<svg class="{}" {}><use href="{}#tabler-{}"></use></svg>')
_LABEL = Markup('role="img" aria-label="{}"')
_HIDDEN = Markup('aria-hidden="true"')


@lru_cache(maxsize=1024)
def icon_html(name: str, label: str | None = None, style: str = "") -> Markup:
    """The icon; `label` where no text beside it says the same."""
    told = _LABEL.format(label) if label else _HIDDEN
    return _SVG.format(f"icon {style}".rstrip(), told, static_url(SPRITE), name)
