"""What a person waits for in Chromium: a table, a flip of a flag, other pages, the palette.

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

from playwright.sync_api import Page, sync_playwright

from tests.bench.bench_console import TABLES, almanac
from tests.bench.in_browser import PATHS, logged_in
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
OTHERS = ("/", "/coverage", "/prices", "/activity", "/review", "/changes")
WORDS = ("reasoning", "gtp", "openai mini", "provider", "feed", "zzzz")
# With the 80 ms in which one may still be typing (`_palette.html`).
TYPE = """(word) => new Promise((done) => {
  const input = document.getElementById("palette-q");
  const list = document.getElementById("palette-list");
  const start = performance.now();
  const seen = new MutationObserver(() => {
    if (list.querySelector("[data-find-answer]")?.dataset.typed !== word) return;
    seen.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => {
      const took = performance.now() - start;
      input.value = "";
      setTimeout(() => done(took), 50);
    }));
  });
  seen.observe(list, { childList: true, subtree: true });
  input.value = word;
  input.dispatchEvent(new Event("input", { bubbles: true }));
})"""


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


def measure_others(page: Page) -> None:
    """The pages around the tables, with a full cache; the first answer counts the catalog anew."""
    for path in OTHERS:
        rounds = [opened(page, path, cold=False) for _ in range(ROUNDS + 1)]
        times = [one["interactive"] for one in rounds[1:]]
        print(
            f"  {path:<12} interactive {statistics.median(times):6.1f} ms (worst {max(times):.1f},"
            f" first {rounds[0]['interactive']:.1f})   shift {max(r['shift'] for r in rounds):.4f}"
        )


def measure_palette(page: Page) -> None:
    """From the last letter of a word to what was found for it on the screen."""
    page.goto("/")
    page.keyboard.press("Control+k")
    times = [page.evaluate(TYPE, word) for word in WORDS for _ in range(3)]
    print(f"  the palette  median {statistics.median(times):6.1f} ms   worst {max(times):6.1f} ms")


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
            page = logged_in(browser, port)
            measure(page, PATHS[options.of])
            measure_others(page)
            measure_palette(page)
            browser.close()


if __name__ == "__main__":
    main()
