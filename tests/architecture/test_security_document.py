"""What the security page names exists."""

import re

from tests.architecture.tree import ROOT


def test_every_test_that_the_security_page_names_exists() -> None:
    named = set(
        re.findall(r"`(test_\w+)`", (ROOT / "docs" / "security.md").read_text(encoding="utf-8"))
    )
    written = {
        name
        for path in (ROOT / "tests").rglob("*.py")
        for name in re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8"))
    }
    assert len(named) > 20
    assert sorted(named - written) == []
