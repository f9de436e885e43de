"""Small parts: a reader should see a whole one at once."""

from tests.support.sources import functions, line_count, own_files, relative

MODULE_LINES = 400
FUNCTION_LINES = 40
TEMPLATE_LINES = 120
# A test may spell out a whole record or a long table of cases.
TEST_MODULE_LINES = 600
TEST_FUNCTION_LINES = 60

# A longer function is listed as "path:name" with the reason why it is not cut.
LONG_FUNCTIONS: dict[str, str] = {}


def long_functions() -> dict[str, int]:
    return {
        f"{relative(path)}:{name}": length
        for path in own_files(".py", "app/", "tests/", ".ci/")
        for name, length in functions(path)
        if length > (TEST_FUNCTION_LINES if relative(path).startswith("tests/") else FUNCTION_LINES)
    }


def test_modules_stay_short() -> None:
    modules = {path: line_count(path) for path in own_files(".py", "app/", "tests/", ".ci/")}
    assert {
        relative(path): lines
        for path, lines in modules.items()
        if lines >= (TEST_MODULE_LINES if relative(path).startswith("tests/") else MODULE_LINES)
    } == {}


def test_templates_stay_short() -> None:
    pages = own_files(".html", "templates/")
    assert {relative(p): n for p in pages if (n := line_count(p)) >= TEMPLATE_LINES} == {}


def test_functions_stay_short() -> None:
    assert {name: n for name, n in long_functions().items() if name not in LONG_FUNCTIONS} == {}


def test_no_exception_outlives_its_function() -> None:
    assert set(LONG_FUNCTIONS) <= set(long_functions())
