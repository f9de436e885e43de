"""The part of a large style sheet that some words can need.

Tabler's is 635 KB, of which the console uses a sixth; a browser reads all of it before it paints,
and looks through all of it for every element. Rules for classes that no template, script or module
names are left out, then custom properties that nothing reads. The vendored file stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_BETWEEN = re.compile(r",(?![^(]*\))")
_CLASS = re.compile(r"\.(-?[A-Za-z_][\w-]*)")
_BRACE = re.compile(r"[{};]")
_PROPERTY = re.compile(r"(?<=[;{])(--[\w-]+):[^;{}]*;?")
_READ = re.compile(r"var\((--[\w-]+)")
_NESTING = ("@media", "@supports", "@layer", "@container")


def subset(sheet: str, words: set[str]) -> str:
    """The rules of `sheet` whose classes are all among `words`, in their order.

    A word that ends in a hyphen stands for every class that begins with it: it is the fixed half of
    a name that is put together. Selectors without a class, and rules that are none (`@font-face`,
    `@keyframes`), are kept.
    """
    beginnings = tuple(word for word in words if word.endswith("-") and len(word) > 2)
    return "".join(_kept(_COMMENT.sub("", sheet), words, beginnings))


def without_unread_properties(sheet: str, readers: str) -> str:
    """`sheet` without the custom properties that neither it nor `readers` reads."""
    while True:
        less = _without_unread(sheet, {*_READ.findall(sheet), *_READ.findall(readers)})
        if less == sheet:
            return less
        sheet = less


def _without_unread(sheet: str, read: set[str]) -> str:
    return _PROPERTY.sub(lambda found: found[0] if found[1] in read else "", sheet)


def _kept(sheet: str, words: set[str], beginnings: tuple[str, ...]) -> Iterator[str]:
    def is_used(selector: str) -> bool:
        names = _CLASS.findall(selector)
        return all(name in words or name.startswith(beginnings) for name in names)

    for head, body in _rules(sheet):
        if body is None:
            yield head
        elif head.lstrip().startswith(_NESTING):
            if inner := "".join(_kept(body, words, beginnings)):
                yield f"{head}{{{inner}}}"
        elif head.lstrip().startswith("@"):
            yield f"{head}{{{body}}}"
        elif used := [one for one in _BETWEEN.split(head) if is_used(one)]:
            yield f"{','.join(used)}{{{body}}}"


def _rules(sheet: str) -> Iterator[tuple[str, str | None]]:
    """Each rule's head and what stands in its braces; None for a statement without any."""
    start = 0
    while start < len(sheet):
        found = _BRACE.search(sheet, start)
        if found is None:
            return
        if found[0] == ";":
            yield sheet[start : found.end()], None
            start = found.end()
            continue
        end = _closing(sheet, found.end())
        yield sheet[start : found.start()], sheet[found.end() : end]
        start = end + 1


def _closing(sheet: str, start: int) -> int:
    depth = 1
    for brace in re.compile(r"[{}]").finditer(sheet, start):
        depth += 1 if brace[0] == "{" else -1
        if not depth:
            return brace.start()
    raise ValueError("a brace of the style sheet is never closed")
