"""The console's files: nothing outside of their folder is ever served."""

from pathlib import Path

import pytest

from local.host.static import Files


@pytest.fixture
def files(tmp_path: Path) -> Files:
    (tmp_path / "secret.txt").write_text("secret")
    console = tmp_path / "console"
    (console / "sub").mkdir(parents=True)
    (console / "index.html").write_text("home")
    (console / "sub" / "index.html").write_text("sub")
    (console / ".hidden.txt").write_text("hidden")
    (console / "tool.py").write_text("print()")
    (console / "out.txt").symlink_to(tmp_path / "secret.txt")
    return Files(console)


@pytest.mark.parametrize(("path", "content"), [("/", b"home"), ("/sub/", b"sub")])
def test_a_folder_shows_its_index(files: Files, path: str, content: bytes) -> None:
    found = files.find(path)
    assert found is not None
    assert found.content == content


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt", "/sub/../../secret.txt", "//secret.txt", "/..\\secret.txt", "/out.txt",
        "/.hidden.txt", "/tool.py", "/sub", "/a\0.txt", "/missing.txt",
    ],
)  # fmt: skip
def test_what_lies_outside_or_is_no_page_is_not_found(files: Files, path: str) -> None:
    assert files.find(path) is None


def test_without_a_folder_there_are_no_files() -> None:
    assert Files(None).find("/") is None
