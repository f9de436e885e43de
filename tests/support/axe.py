"""Accessibility of a page, judged by axe-core."""

from typing import Any

from playwright.sync_api import Page

from tests.support.paths import ROOT

SOURCE = ROOT / "tests/browser/vendor/axe-core/axe.min.js"
# Level AA of WCAG 2.2 and what it includes.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# axe leaves this rule of WCAG 2.2 out unless it is asked for.
RUN = """([within, tags]) => axe.run(
  within || document,
  {runOnly: tags, rules: {"target-size": {enabled: true}}, resultTypes: ["violations"]},
)"""


def violations(page: Page, *, within: str | None = None) -> list[str]:
    """One line for each violation: rule, what is wrong, and the first elements concerned."""
    page.evaluate(SOURCE.read_text(encoding="utf-8"))
    result: dict[str, Any] = page.evaluate(RUN, [within, TAGS])
    return [
        f"{found['id']}: {found['help']}: "
        + " | ".join(str(node["html"])[:160] for node in found["nodes"][:3])
        for found in result["violations"]
    ]
