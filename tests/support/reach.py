"""What a person can reach on a page: without scripts, by keyboard, with a finger."""

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page

from tests.support.paths import ROOT
from tests.support.processes import wait_until

SOURCE = (ROOT / "tests/support/reach.js").read_text(encoding="utf-8")


def _ask(page: Page, call: str) -> Any:
    return page.evaluate(f"() => {{ {SOURCE}\nreturn {call}; }}")


def dead_controls(page: Page) -> list[str]:
    """What is seen and enabled but does nothing without scripts."""
    found: list[str] = _ask(page, "deadControls()")
    return found


def lost_focus(page: Page) -> str:
    """Why one cannot see where the focus is: gone, unseen, covered, unmarked; empty if not."""
    found: str = _ask(page, "lostFocus()")
    return found


@dataclass(frozen=True)
class Targets:
    """What a finger can press: how many there are, and which are too small where they stand."""

    judged: int
    small: list[str]


def targets(page: Page) -> Targets:
    """The page's targets, with those of each menu, panel and dialog; it looks into all of them."""
    return Targets(**_ask(page, "smallTargets()"))


def moving(page: Page) -> list[str]:
    """What moves by itself, or would when it changes."""
    found: list[str] = _ask(page, "moving()")
    return found


class Listener:
    """Hears what is said in the places for messages that were on the page from the start."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._places = page.evaluate_handle(f"() => {{ {SOURCE}\nreturn [...listening()]; }}")

    def hears(self, text: str) -> None:
        """Waits until one of the places says the text."""
        said = "(places) => places.filter((e) => e.isConnected).map((e) => e.textContent)"
        wait_until(
            lambda: any(text in one for one in self._page.evaluate(said, self._places)),
            seconds=15,
            what=f"nobody hears: {text}",
        )
