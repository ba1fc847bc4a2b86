"""Functions fit a screen and files a sitting."""

from tests.architecture.tree import CODE, functions_of, modules

FUNCTION_LINES_MAX = 40
FILE_LINES_MAX = 300


def test_no_function_is_longer_than_a_screen() -> None:
    too_long = [
        f"{path}:{node.lineno} {node.name} has {length} lines"
        for path, source in modules(*CODE)
        for node in functions_of(source)
        if (length := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES_MAX
    ]
    assert too_long == []


def test_no_file_is_longer_than_a_sitting() -> None:
    too_long = [
        f"{path} has {length} lines"
        for path, source in modules(*CODE)
        if (length := len(source.splitlines())) > FILE_LINES_MAX
    ]
    assert too_long == []
