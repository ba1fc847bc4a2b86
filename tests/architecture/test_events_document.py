"""The published schemas are those of the contracts."""

import subprocess
import sys

from tests.architecture.tree import ROOT


def test_the_schemas_under_docs_are_those_of_the_contracts() -> None:
    checked = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "events"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.stdout == ""
    assert checked.returncode == 0
