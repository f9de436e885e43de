"""A keyboard, and always to be seen where the focus is."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.support.reach import lost_focus

FIELD = 'document.activeElement.closest("td, th")?.dataset.field'
MOST = 250  # a page on which Tab never comes round is a trap


class Keys:
    """Presses keys; after each of them the focus must be somewhere, in sight and marked."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, *keys: str, shows: Locator | None = None) -> None:
        """Presses the keys; `shows` is what is to be there before the focus is looked for."""
        for key in keys:
            self.page.keyboard.press(key)
            if shows:
                expect(shows).to_be_visible()
            assert lost_focus(self.page) == "", f"after {key}"

    def leave(self, key: str, address: str) -> None:
        """Presses a key that opens another page, on which nothing has the focus yet."""
        self.page.keyboard.press(key)
        self.page.wait_for_url(re.compile(address))

    def to(self, target: Locator, key: str = "Tab") -> None:
        """Presses the key until the target has the focus."""
        expect(target).to_be_visible()
        for _ in range(MOST):
            self.press(key)
            if target.evaluate("e => e === document.activeElement"):
                return
        raise AssertionError(f"{key} never comes to {target}")

    def along(self, field: str, key: str) -> None:
        """Goes along a row to the cell of a field."""
        for _ in range(MOST):
            if self.page.evaluate(FIELD) == field:
                return
            self.press(key)
        raise AssertionError(f"{key} never comes to {field}")
