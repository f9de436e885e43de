"""Where things lie."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEST_DATA = ROOT / "tests/data"

# Captured catalog files of several dates: too large for the repository, they lie beside it on the
# machines where Almanac is developed. Tests that use them add to the suite, none relies on them.
SHARED_DATA = ROOT.parent / "shared/data"

requires_shared_data = pytest.mark.skipif(
    not SHARED_DATA.is_dir(), reason="the captured catalog files are not on this machine"
)
