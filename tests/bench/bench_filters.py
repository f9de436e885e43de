"""How long a filter change takes in Chromium: from the choice to the new rows on the screen.

    .venv/bin/python -m tests.bench.bench_filters [--of entries|models] [--size 100000]

Prints the median and the worst of a round of choices that nobody has made before, then of the
same choices again, and the first choice after somebody edited a value.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.bench.bench_console import TABLES, almanac
from tests.bench.in_browser import PATHS, logged_in
from tests.support.browser import launch_arguments

CHOICES = {
    "entries": [
        ("active", "true"),
        ("supports_tools", "true"),
        ("family", "openai-mini"),
        ("family", ""),
        ("manual", "true"),
        ("manual", ""),
        ("supports_reasoning", "false"),
        ("supports_tools", ""),
        ("tag", "vip"),
        ("tag", ""),
        ("active", ""),
        ("drift", "true"),
    ],
    "models": [
        ("available", "true"),
        ("supports_tools", "true"),
        ("category", "Code"),
        ("family", "openai-mini"),
        ("family", ""),
        ("category", ""),
        ("provider_id", f"prov_{1:020x}"),
        ("provider_id", ""),
        ("supports_tools", ""),
        ("status", "updated"),
        ("status", ""),
        ("active", "true"),
    ],
}
# From the event to the second frame after the swap: what was swapped in has been painted by then.
CHOOSE = """([name, value]) => new Promise((done) => {
  const select = document.querySelector(`#filters select[name="${name}"]`);
  document.addEventListener("htmx:after:swap", () => requestAnimationFrame(() =>
    requestAnimationFrame(() => done(performance.now() - start))), { once: true });
  select.value = value;
  const start = performance.now();
  select.dispatchEvent(new Event("change", { bubbles: true }));
})"""
FLIP = """() => new Promise((done) => {
  document.addEventListener("htmx:after:swap", () => done(), { once: true });
  document.querySelector('[data-field="active"] > button').click();
})"""


def measure(page: Page, of: str) -> None:
    for what in ("for the first time", "again"):
        page.goto(PATHS[of])
        times = [page.evaluate(CHOOSE, list(choice)) for choice in CHOICES[of]]
        _print(what, times)
    times = []
    for number in range(6):
        page.goto(PATHS[of])
        page.wait_for_timeout(500)  # somebody looks for the cell: the page is at rest again
        page.evaluate(FLIP)
        times.append(page.evaluate(CHOOSE, ["active", ("true", "false")[number % 2]]))
    _print("right after an edit", times)


def _print(what: str, times: list[float]) -> None:
    print(f"  {what:<22} median {statistics.median(times):6.1f} ms   worst {max(times):6.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--of", choices=tuple(TABLES), default="entries")
    parser.add_argument("--size", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        table, url = TABLES[options.of], f"sqlite:///{folder / 'bench.db'}"
        with almanac(table, url, folder, options.size) as port:
            browser = playwright.chromium.launch(**launch_arguments())  # type: ignore[arg-type]
            print(f"{options.of}, {options.size:,}:")
            measure(logged_in(browser, port), options.of)
            browser.close()


if __name__ == "__main__":
    main()
