"""Importing the app loads no Azure SDK but azure.functions, and no adapter: cold starts are paid
for by every buyer, and in Azure a fault at import shows only as "No job functions found"."""

import json
import subprocess
import sys

import pytest

from tests.architecture.tree import ROOT

LIST_MODULES = "import json, sys, function_app; print(json.dumps(sorted(sys.modules)))"
HEAVY = (
    "azure.core", "azure.cosmos", "azure.identity", "azure.servicebus", "aiohttp", "sqlite3",
    "shared.adapters", "uvicorn",
)  # fmt: skip


@pytest.mark.skipif(not (ROOT / "function_app.py").exists(), reason="function_app.py is not there")
def test_importing_the_app_loads_no_sdk_and_no_adapter() -> None:
    # The environment is empty: no setting of this machine may be needed.
    done = subprocess.run(
        [sys.executable, "-c", LIST_MODULES],
        cwd=ROOT, env={}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    loaded: list[str] = json.loads(done.stdout)
    assert "azure.functions" in loaded
    assert [name for name in loaded if name.startswith(HEAVY)] == []
