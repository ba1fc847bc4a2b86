"""What every test may ask for; the only place of the tests that reads the environment."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

CRASHES = 3
# How fast a property is checked says nothing about it: a busy machine is no counterexample.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def crashes() -> int:
    """Return how often the host is to be killed; `make crash` asks for more than `make test`."""
    return int(os.environ.get("ORDERLOOM_CRASHES", CRASHES))


@pytest.fixture(scope="session")
def fixtures() -> Path:
    """Return the folder of third-party payloads, which are not part of the repository."""
    folder = os.environ.get("ORDERLOOM_FIXTURES")
    if not folder:
        pytest.skip("ORDERLOOM_FIXTURES is not set: third-party payloads are not tested")
    return Path(folder)
