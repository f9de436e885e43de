"""Strict looks at pages: what a browser forgives, these do not."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset(
    "area base br col embed hr img input link meta source track wbr".split()  # noqa: SIM905
)
SHAPES = frozenset({"path", "rect", "circle", "use"})


@dataclass
class Element:
    tag: str
    attributes: dict[str, str | None]
    text: str = ""
    inside: list[str] = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        return self.attributes.get(name) or ""


class Page(HTMLParser):
    """The elements of a page in order; tags must match, no attribute may stand twice."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)
        self.close()
        assert [e.tag for e in self._open] == [], "tags left open"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        inside = [e.tag for e in self._open]
        element = Element(tag, dict(attrs), inside=inside)
        self.elements.append(element)
        if tag == "form":
            assert "form" not in inside, "a form within a form"
        if tag == "button":
            assert "button" not in inside, "a button within a button"
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open[-1].tag == tag, f"</{tag}> closes <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, tag: str, **attributes: str) -> list[Element]:
        wanted = {name.replace("_", "-"): value for name, value in attributes.items()}
        return [
            e
            for e in self.elements
            if e.tag == tag and all(e.attributes.get(n) == v for n, v in wanted.items())
        ]

    def one(self, tag: str, **attributes: str) -> Element:
        found = self.all(tag, **attributes)
        assert len(found) == 1, f"{len(found)} of <{tag} {attributes}>"
        return found[0]


def checked(html: str) -> Page:
    """The page, if it is sound: ids once, everything named, nothing that the policy blocks."""
    page = Page(html)
    ids = [e["id"] for e in page.elements if e["id"]]
    assert sorted(ids) == sorted(set(ids)), (
        f"ids twice: {sorted({i for i in ids if ids.count(i) > 1})}"
    )
    labelled = {e["for"] for e in page.all("label")}
    for element in page.elements:
        assert not any(name == "style" or name.startswith("on") for name in element.attributes)
        assert element.tag != "style"
        if element.tag == "script":
            assert element["src"]
            assert element.text.strip() == ""
        for name in ("aria-describedby", "aria-labelledby"):
            for target in element[name].split():
                assert target in ids, f"{name} names {target}, which is not there"
        if element["form"]:
            assert element["form"] in ids
        if element.tag in {"input", "select", "textarea"} and element["type"] != "hidden":
            named = element["aria-label"] or element["id"] in labelled or "label" in element.inside
            assert named, f"{element.attributes} has no name"
        if element.tag in {"a", "button"}:
            assert element["aria-label"] or re.search(r"\S", element.text), element.attributes
    return page
