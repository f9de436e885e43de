"""Forms as a browser without scripts sees them: what is there to press, and what that sends."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from tests.web.html import VOID

Typed = Mapping[str, str | list[str]]
_TICKED = ("checkbox", "radio")


@dataclass
class Control:
    """An input, a select, a text area or a button: `values` it offers, and what it has `sent`."""

    tag: str
    kind: str
    attributes: dict[str, str | None]
    visible: bool
    values: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    text: str = ""

    @property
    def name(self) -> str:
        return self.attributes.get("name") or ""

    @property
    def label(self) -> str:
        """What a button says, on one line."""
        return self.attributes.get("aria-label") or " ".join(self.text.split())


@dataclass
class Form:
    """A form with all controls that belong to it, in the order of the page."""

    attributes: dict[str, str | None]
    controls: list[Control] = field(default_factory=list)

    @property
    def action(self) -> str:
        return self.attributes.get("action") or ""

    @property
    def method(self) -> str:
        return (self.attributes.get("method") or "get").lower()

    @property
    def buttons(self) -> list[Control]:
        """What a person can press to send it."""
        return [c for c in self.controls if c.kind == "submit" and c.visible]

    def target(self, button: Control) -> tuple[str, str]:
        """Method and address that the button sends to."""
        method = (button.attributes.get("formmethod") or self.method).upper()
        return method, button.attributes.get("formaction") or self.action

    def button(self, label: str = "") -> Control:
        """The button that says so, or the only one."""
        found = [b for b in self.buttons if not label or b.label == label]
        assert found, f"no button {label!r} among {[b.label for b in self.buttons]}"
        return found[0]

    def sends(self, button: Control, typed: Typed) -> MultiDict[str, str]:
        """The pairs that a browser sends after a person has typed this and pressed the button."""
        names = {c.name for c in self.controls if c.visible}
        assert set(typed) <= names, f"{set(typed) - names} cannot be typed here: {names}"
        pairs: MultiDict[str, str] = MultiDict()
        rows: Counter[str] = Counter()
        for control in self.controls:
            if control is button and control.name:
                pairs.add(control.name, control.attributes.get("value") or "")
            for value in _values(control, typed, rows[control.name]):
                pairs.add(control.name, value)
            rows[control.name] += 1
        return pairs


def _values(control: Control, typed: Typed, row: int) -> list[str]:
    """What it sends; of several fields of one name, each gets its own of what was typed."""
    if control.kind in {"submit", "button"} or not control.name:
        return []
    chosen = typed.get(control.name, [])
    wanted = [chosen] if isinstance(chosen, str) else chosen
    if control.name not in typed or not control.visible:
        values = control.sent
    elif control.kind in _TICKED or "multiple" in control.attributes:
        values = [value for value in control.values if value in wanted]
    elif row >= len(wanted):
        values = control.sent
    else:
        values = [wanted[row]]
        known = control.tag != "select" or wanted[row] in control.values
        assert known, f"{wanted[row]} is not among {control.values}"
    must = "required" in control.attributes and control.kind not in _TICKED
    assert not must or "".join(values), f"a browser does not send {control.name!r} empty"
    return values


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self.ids: dict[str, Form] = {}
        self.owned: list[tuple[Form | str, Control]] = []
        self.openers: set[str] = set()
        self._open: list[tuple[str, dict[str, str | None]]] = []
        self._inside: list[Form] = []
        self._writing: list[Control] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag not in VOID:
            self._open.append((tag, attributes))
        if tag == "form":
            form = Form(attributes)
            self.forms.append(form)
            self._inside.append(form)
            self.ids[attributes.get("id") or ""] = form
        elif tag in {"input", "select", "textarea", "button"}:
            self._control(tag, attributes)
        elif tag == "option":
            self._option(attributes)

    def _control(self, tag: str, attributes: dict[str, str | None]) -> None:
        kind = attributes.get("type") or {"button": "submit", "input": "text"}.get(tag, tag)
        control = Control(tag, kind, attributes, kind != "hidden" and self._visible(attributes))
        if tag not in VOID:
            self._writing.append(control)
        if kind == "button" and control.visible and attributes.get("popovertarget"):
            self.openers.add(str(attributes["popovertarget"]))
        if tag == "input":
            value = attributes.get("value")
            control.values = ["on" if value is None and kind in _TICKED else value or ""]
            control.sent = [] if kind in _TICKED and "checked" not in attributes else control.values
        owner = attributes.get("form") or (self._inside[-1] if self._inside else None)
        outside = any(tag == "template" for tag, _ in self._open) or "disabled" in attributes
        if owner is not None and not outside:
            self.owned.append((owner, control))

    def _option(self, attributes: dict[str, str | None]) -> None:
        if not self._writing or self._writing[-1].tag != "select":
            return  # of a list of suggestions
        control, value = self._writing[-1], attributes.get("value") or ""
        if "disabled" not in attributes:
            control.values.append(value)
        if "selected" in attributes:
            control.sent.append(value)

    def _visible(self, own: dict[str, str | None]) -> bool:
        for tag, attributes in [*self._open, ("", own)]:
            if "hidden" in attributes or "js-only" in (attributes.get("class") or "").split():
                return False
            if "popover" in attributes and attributes.get("id") not in self.openers:
                return False
            if tag == "dialog" and "open" not in attributes:
                return False
        return True

    def handle_endtag(self, tag: str) -> None:
        self._open.pop()
        if tag == "form":
            self._inside.pop()
        elif self._writing and self._writing[-1].tag == tag:
            _finish(self._writing.pop())

    def handle_data(self, data: str) -> None:
        for control in self._writing:
            control.text += data


def _finish(control: Control) -> None:
    if control.tag == "textarea":
        control.sent = [control.text.removeprefix("\n")]
    elif control.tag == "select" and not control.sent and "multiple" not in control.attributes:
        control.sent = control.values[:1]


def forms_of(html: str) -> list[Form]:
    """The forms of a page; controls that only scripts can use count as invisible."""
    parser = _Parser()
    parser.feed(html)
    for owner, control in parser.owned:
        form = parser.ids.get(owner) if isinstance(owner, str) else owner
        assert form is not None, f"{control.attributes} belongs to a form that is not there"
        form.controls.append(control)
    return parser.forms


def posted_to(html: str) -> Iterator[tuple[Form, Control, str]]:
    """Every button of a page that sends a POST, its form, and the address it sends to."""
    for form in forms_of(html):
        for button in form.buttons:
            method, address = form.target(button)
            if method == "POST":
                yield form, button, address


def press(
    client: FlaskClient, page: str, form: Form, button: Control, typed: Typed | None = None
) -> TestResponse:
    """Fill the form in, press its button: what the plain request is answered with."""
    method, address = form.target(button)
    url, pairs = urljoin(page, address), form.sends(button, typed or {})
    if method == "GET":
        return client.get(urlsplit(url).path, query_string=pairs)
    return client.post(url, data=pairs)
