"""Small parts: a reader should see a whole one at once."""

from tests.support.sources import functions, line_count, own_files, relative

MODULE_LINES = 400
TEMPLATE_LINES = 120
FUNCTION_LINES = 40

# A longer function is listed as "path:name" with the reason why it is not cut.
LONG_FUNCTIONS: dict[str, str] = {}


def test_modules_stay_short() -> None:
    long = {relative(p): n for p in own_files(".py") if (n := line_count(p)) >= MODULE_LINES}
    assert {p: n for p, n in long.items() if not p.startswith("migrations/")} == {}


def test_templates_stay_short() -> None:
    pages = own_files(".html", "templates/")
    assert {relative(p): n for p in pages if (n := line_count(p)) >= TEMPLATE_LINES} == {}


def test_functions_stay_short() -> None:
    long = {
        f"{relative(path)}:{name}": length
        for path in own_files(".py", "app/", "tests/", ".ci/")
        for name, length in functions(path)
        if length > FUNCTION_LINES
    }
    assert {name: n for name, n in long.items() if name not in LONG_FUNCTIONS} == {}


def test_no_exception_outlives_its_function() -> None:
    long = {
        f"{relative(path)}:{name}"
        for path in own_files(".py", "app/", "tests/", ".ci/")
        for name, length in functions(path)
        if length > FUNCTION_LINES
    }
    assert set(LONG_FUNCTIONS) <= long
