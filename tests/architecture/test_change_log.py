"""Changes reach the log through the write path only, which notes what finds them again."""

import re

from tests.support.sources import own_files, relative

WRITERS = {"app/services/write.py", "app/services/write_many.py"}
INSERT = re.compile(r"insert\((_table\()?Change\b|\bChange\(\s*(batch_id|record_type)=")


def test_only_the_write_path_inserts_changes() -> None:
    found = {
        relative(path)
        for path in own_files(".py", "app/")
        if INSERT.search(path.read_text(encoding="utf-8"))
    }
    assert found <= WRITERS
