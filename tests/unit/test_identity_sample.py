import pytest

from app.core.identity import group_spellings
from tests.bench.bench_identity import SAMPLE, b_cubed, packaged_catalog, score_links

needs_sample = pytest.mark.skipif(
    not SAMPLE.exists(), reason="the sample of hand-drawn links lies outside the repository"
)


@needs_sample
@pytest.mark.parametrize("with_catalog", [False, True], ids=["alone", "within the catalog"])
def test_hand_drawn_links_are_found(with_catalog: bool) -> None:
    score = score_links(group_spellings, packaged_catalog() if with_catalog else [])
    assert score.f1 >= 0.97
    assert score.precision >= 0.99


def test_the_packaged_catalog_keeps_a_plausible_number_of_entries() -> None:
    catalog = packaged_catalog()
    entries = len(set(group_spellings(catalog)))
    assert 0.15 < entries / len(catalog) < 0.5


def test_b_cubed_of_a_known_case() -> None:
    score = b_cubed(["x", "x", "y", "z"], ["1", "1", "1", "2"])
    assert score.precision == 1
    assert score.recall == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1) / 4)
    assert b_cubed(["x"] * 2, ["1", "2"]).precision == pytest.approx(0.5)
