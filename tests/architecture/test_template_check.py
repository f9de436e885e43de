"""The template check finds what the Content-Security-Policy would silently disable."""

import pytest

from tests.support.sources import own_files, relative
from tests.support.templates import problems

BLOCKED = [
    '<button hx-on:click="alert(1)">',
    '<button hx-on--after-request="x()">',
    """<div hx-vals='js:{"a": 1}'>""",
    '<div hx-confirm="javascript:ask()">',
    """<input hx-trigger="keyup[key=='Enter']">""",
    '<p style="color: red">',
    '<p {% if red %}style="color: red"{% endif %}>',
    '<p style="width: {{ share }}%">',
    """<div hx-vals='js:{{ values }}'>""",
    "<p STYLE='x'>",
    "<style>p {}</style>",
    "<script>go()</script>",
    '<script type="module">go()</script>',
    '<a class="b"\n   onclick="go()">',
    '<a href="javascript:go()">',
    '<script src="https://elsewhere.example/x.js"></script>',
]
ALLOWED = [
    '<script src="/static/js/app.js" defer></script>',
    '<script type="application/json" id="data">{}</script>',
    '<input hx-get="/catalog" hx-trigger="input changed delay:300ms">',
    "<button hx-vals='{\"enable\": true}'>",
    '<p class="style=1">',
    "{# style= and onclick= are forbidden #}",
    "<p>An option = one of several</p>",
    '<input type="text" name="q" autocomplete="off">',
    "{% if a.on == b %}<p>x</p>{% endif %}",
    '{% set style = "v" %}<p class="{{ style }}">',
]


@pytest.mark.parametrize("source", BLOCKED)
def test_blocked(source: str) -> None:
    assert list(problems(source))


@pytest.mark.parametrize("source", ALLOWED)
def test_allowed(source: str) -> None:
    assert list(problems(source)) == []


def test_the_line_is_named() -> None:
    assert [line for line, _ in problems("<p>\n{# a\nb #}\n<p style='x'>")] == [4]


def test_no_template_has_any() -> None:
    found = [
        f"{relative(path)}:{line}: {advice}"
        for path in own_files(".html", "templates/")
        for line, advice in problems(path.read_text(encoding="utf-8"))
    ]
    assert found == []
