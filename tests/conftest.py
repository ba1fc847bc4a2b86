"""What every test may ask for; the only place of the tests that reads the environment."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def fixtures() -> Path:
    """Return the folder of third-party payloads, which are not part of the repository."""
    folder = os.environ.get("ORDERLOOM_FIXTURES")
    if not folder:
        pytest.skip("ORDERLOOM_FIXTURES is not set: third-party payloads are not tested")
    return Path(folder)
