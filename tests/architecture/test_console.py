"""The board's files: what they show is text, and the content policy has nothing to let through."""

import re
from pathlib import Path
from typing import Final

import pytest

from local.host.static import SAFETY, TYPES
from tests.architecture.tree import ROOT

CONSOLE: Final = ROOT / "console"
FILES: Final = sorted(CONSOLE.iterdir())
SCRIPTS: Final = [path for path in FILES if path.suffix == ".js"]
# Each of them makes markup or code of a text.
MARKUP: Final = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|srcdoc"
    r"|\beval\b|new Function|setHTML"
)
INLINE: Final = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_nothing_that_is_shown_can_become_markup(script: Path) -> None:
    assert MARKUP.findall(script.read_text()) == []


def test_the_page_brings_no_code_or_style_of_its_own() -> None:
    assert INLINE.findall((CONSOLE / "index.html").read_text()) == []
    assert b"unsafe" not in dict(SAFETY)[b"content-security-policy"]


def test_every_file_that_is_named_is_there_and_every_one_there_is_served() -> None:
    page = (CONSOLE / "index.html").read_text()
    named = set(re.findall(r'(?:href|src)="([^"#:]+)"', page))
    for script in SCRIPTS:
        named |= set(re.findall(r'from "\./([^"]+)"', script.read_text()))
    assert named | {"index.html"} == {path.name for path in FILES}
    assert {path.suffix for path in FILES} <= set(TYPES)
