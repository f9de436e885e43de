"""What a person waits for in Chromium: opening a table, and flipping a flag in it.

    .venv/bin/python -m tests.bench.bench_browser [--of entries|models] [--size 100000]

The bars at 100,000 rows: interactive in 400 ms with an empty cache and in 150 ms with a full one, a
flip shown in 100 ms, 150 KB transferred for the first page in all, no layout shift. A change of
filter is measured by `bench_filters`.
"""

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.bench.bench_console import EMAIL, PASSWORD, TABLES, almanac
from tests.bench.bench_filters import PATHS
from tests.support.browser import launch_arguments

ROUNDS = 7
# Scripts are deferred modules: when the load event is over, every key and button does its work.
FIGURES = """() => new Promise((done) => {
  let shift = 0, largest = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((e) => {
    if (!e.hadRecentInput) shift += e.value;
  })).observe({ type: "layout-shift", buffered: true });
  new PerformanceObserver((list) => list.getEntries().forEach((e) => {
    largest = Math.max(largest, e.startTime);
  })).observe({ type: "largest-contentful-paint", buffered: true });
  setTimeout(() => {
    const page = performance.getEntriesByType("navigation")[0];
    const parts = performance.getEntriesByType("resource");
    const paint = performance.getEntriesByName("first-contentful-paint")[0];
    done({
      interactive: page.loadEventEnd, answer: page.responseEnd, html: page.transferSize,
      painted: paint ? paint.startTime : 0, largest, shift,
      kilobytes: [page, ...parts].reduce((sum, one) => sum + one.transferSize, 0) / 1000,
      requests: parts.length + 1, nodes: document.querySelectorAll("*").length,
    });
  }, 300);
})"""
# From the click to the second frame after the row was swapped: it has been painted by then.
FLIP = """() => new Promise((done) => {
  const start = performance.now();
  document.addEventListener("htmx:after:swap", () => requestAnimationFrame(() =>
    requestAnimationFrame(() => done(performance.now() - start))), { once: true });
  document.querySelector('[data-field="active"] > button').click();
})"""


def logged_in(browser: Browser, base: str) -> Page:
    """A page whose person has logged in; its cache holds what the login page uses."""
    page = browser.new_page(base_url=base)
    page.goto("/login")
    page.locator("input[name=email]").fill(EMAIL)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url(lambda address: "/login" not in address)
    return page


def opened(page: Page, path: str, *, cold: bool) -> dict[str, Any]:
    """The figures of one opening of the page, with the cache emptied before where ``cold``."""
    if cold:
        page.context.new_cdp_session(page).send("Network.clearBrowserCache")
    page.goto(path, wait_until="load")
    figures: dict[str, Any] = page.evaluate(FIGURES)
    return figures


def measure(page: Page, path: str) -> None:
    for what, cold in (("empty cache", True), ("full cache", False)):
        rounds = [opened(page, path, cold=cold) for _ in range(ROUNDS)]
        middle = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
        worst = max(one["interactive"] for one in rounds)
        print(
            f"  {what:<12} interactive {middle['interactive']:6.1f} ms (worst {worst:.1f})"
            f"   answer {middle['answer']:6.1f}   first paint {middle['painted']:6.1f}"
            f"   largest paint {middle['largest']:6.1f}   shift {middle['shift']:.4f}\n"
            f"  {'':<12} {middle['kilobytes']:6.1f} KB in {middle['requests']:.0f} requests,"
            f" {middle['nodes']:.0f} elements"
        )
    times = [page.evaluate(FLIP) for _ in range(20)]
    print(f"  a flip       median {statistics.median(times):6.1f} ms   worst {max(times):6.1f} ms")


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
            measure(logged_in(browser, f"http://127.0.0.1:{port}"), PATHS[options.of])
            browser.close()


if __name__ == "__main__":
    main()
