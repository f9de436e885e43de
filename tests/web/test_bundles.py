"""The one style sheet and the one script that are put together from the files in `static/`."""

import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.web.bundles import bundle
from app.web.static_files import FOREVER, static_url

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "static"
CLASSES = re.compile(r'class="([^"{}]*)"')


def script(folder: Path, **modules: str) -> str:
    (folder / "js").mkdir()
    for name, source in modules.items():
        (folder / "js" / f"{name}.js").write_text(source)
    return bundle("js/console.js", folder).decode()


def test_a_module_comes_once_and_after_what_it_imports(tmp_path: Path) -> None:
    made = script(
        tmp_path,
        almanac='import "./b.js";\nimport { one } from "./a.js";\none();\n',
        b='import { one } from "./a.js";\none();\n',
        a="export const one = () => 1;\n",
    )
    assert re.findall(r"^const (module_\w+)", made, re.MULTILINE) == [
        "module_a",
        "module_b",
        "module_almanac",
    ]
    assert made.count("const one = () => 1;") == 1
    assert "return { one };" in made
    assert made.count("const { one } = module_a;") == 2
    assert "import" not in made
    assert "export" not in made


@pytest.mark.parametrize(
    "source",
    ['import all from "./a.js";\n', 'import * as a from "./a.js";\n', "export default 1;\n"],
    ids=["default import", "namespace", "default export"],
)
def test_a_form_that_the_bundle_does_not_know_is_told(tmp_path: Path, source: str) -> None:
    with pytest.raises(ValueError, match="the bundle does not know"):
        script(tmp_path, almanac=source, a="export const one = 1;\n")


def test_lines_that_only_explain_are_left_out(tmp_path: Path) -> None:
    source = '// Why.\nconst one = () => {\n  // How.\n  return "// said";\n};\none(); // at once\n'
    made = script(tmp_path, almanac=source)
    assert "Why" not in made
    assert "How" not in made
    assert '  return "// said";\n};\none(); // at once\n' in made


def test_modules_that_import_each_other_are_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="imports itself"):
        script(tmp_path, almanac='import "./a.js";\n', a='import "./almanac.js";\n')


def test_every_module_that_the_console_uses_is_in_the_script() -> None:
    made = bundle("js/console.js", STATIC).decode()
    named = {*re.findall(r"^const module_(\w+)", made, re.MULTILINE)}
    alone = {"theme", "address", "history_plot"}  # two of the head; one of one page
    assert named == {file.stem.replace("-", "_") for file in (STATIC / "js").glob("*.js")} - alone


def test_every_class_of_tabler_in_a_template_is_in_the_style_sheet() -> None:
    def classes_in(sheet: str) -> set[str]:
        return set(re.findall(r"\.(-?[A-Za-z_][\w-]*)", sheet))

    tabler = classes_in((STATIC / "vendor/tabler/tabler.min.css").read_text())
    used = {
        name
        for file in (ROOT / "templates").rglob("*.html")
        for words in CLASSES.findall(file.read_text())
        for name in words.split()
    }
    made = bundle("css/console.css", STATIC).decode()
    ours = {"range-end"}  # Tabler's belongs to a date picker
    assert len(used & tabler) > 50
    assert (used & tabler) - ours <= classes_in(made)
    assert len(made) < 200_000


def test_a_bundle_is_kept_forever_under_its_hash_only(probe: Flask, prober: FlaskClient) -> None:
    with probe.test_request_context("/"):
        address = static_url("css/console.css")
    answer = prober.get(address)
    assert answer.mimetype == "text/css"
    assert answer.headers["Cache-Control"] == FOREVER
    plain = prober.get("/static/v-000000000000/css/console.css")
    assert plain.headers["Cache-Control"] == "no-cache"
    etag = {"If-None-Match": plain.headers["ETag"]}
    assert prober.get("/static/css/console.css", headers=etag).status_code == 304


def test_what_a_style_sheet_names_lies_beside_it(probe: Flask, prober: FlaskClient) -> None:
    with probe.test_request_context("/"):
        sheet = static_url("css/console.css")
    named = re.findall(r"url\(['\"]?(\.\./[^'\")]+)", prober.get(sheet).text)
    assert named, "the font is named relatively"
    for path in named:
        response = prober.get(sheet.rsplit("/", 1)[0] + "/" + path)
        assert response.status_code == 200, path
        assert response.headers["Cache-Control"] == FOREVER
