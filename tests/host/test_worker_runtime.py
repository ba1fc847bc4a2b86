"""What Microsoft's worker answers, our host answers: the same functions, requests and bytes.

The worker indexes `function_app` and the app can be indexed once a process, so the comparison runs
in a process of its own, `tests/host/compare.py`; this file starts it and reads what it found.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(
    sys.version_info < (3, 13), reason="Microsoft's worker runtime is for Python 3.13"
)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[list[object]]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.host.compare", str(tmp_path_factory.mktemp("data"))],
        cwd=ROOT,
        env={"PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr[-3_000:]
    result: dict[str, list[list[object]]] = json.loads(done.stdout.splitlines()[-1])
    return result


def test_the_worker_indexes_the_functions_that_our_host_indexes(
    found: dict[str, list[list[object]]],
) -> None:
    assert found["worker_functions"] == found["host_functions"]
    assert len(found["host_functions"]) > 10


def test_http_functions_answer_alike(found: dict[str, list[list[object]]]) -> None:
    assert len(found["answers"]) >= 6
    assert [each for each in found["answers"] if each[1] != each[2]] == []


def test_every_other_function_runs_in_the_worker(found: dict[str, list[list[object]]]) -> None:
    assert [each for each in found["invoked"] if each[1] is not True] == []
    assert {str(each[2]) for each in found["invoked"]} >= {"cosmosDBTrigger", "timerTrigger"}
