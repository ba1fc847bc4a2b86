"""`python -m local`: what a person sees, and what the processes survive."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {"PATH": os.defpath, "ORDERLOOM_LOG_LEVEL": "ERROR"}
HEALTH = "/api/v1/health"


def run(*arguments: str, timeout: float = 30, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "local", *arguments],
        cwd=ROOT, env=ENVIRONMENT | settings, capture_output=True, text=True, check=False,
        timeout=timeout,
    )  # fmt: skip


@contextmanager
def served(data: Path, *arguments: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Run `serve` on a free port until the end of the block; yields the process and its URL."""
    process = subprocess.Popen(
        [sys.executable, "-m", "local", "serve", "--port", "0", "--data", str(data), *arguments],
        cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.startswith("Orderloom answers on http://127.0.0.1:"):
            pytest.fail(f"{line}{process.communicate(timeout=30)[1]}")
        yield process, line.split()[3]
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_without_a_command_the_commands_are_listed() -> None:
    done = run()
    assert (done.returncode, done.stderr) == (0, "")
    assert "  serve " in done.stdout


def test_help_of_a_command_names_its_arguments() -> None:
    done = run("serve", "--help")
    assert done.returncode == 0
    assert all(name in done.stdout for name in ("--port", "--data", "--durability", "--processes"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nope"], "there is no command 'nope'"),
        (["serve", "extra"], "unrecognized arguments: extra"),
        (["serve", "--port", "70000"], "'70000' is no port"),
        (["serve", "--durability", "maybe"], "invalid choice: 'maybe'"),
        (["serve", "--processes", "0"], "'0' is no number from 1 to 64"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(arguments: list[str], said: str) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert said in done.stderr


def test_data_that_cannot_be_used_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    (tmp_path / "orderloom.db").write_bytes(b"not a database, but long enough to be taken for one")
    for data, said in ((tmp_path / "file", "cannot be made"), (tmp_path, "orderloom.db: ")):
        done = run("serve", "--port", "0", "--data", str(data))
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert said in done.stderr


def test_an_unknown_setting_is_said_with_the_nearest_known_one(tmp_path: Path) -> None:
    done = run("serve", "--port", "0", "--data", str(tmp_path), ORDERLOOM_PEPER="x")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "ORDERLOOM_PEPER is no setting; the nearest is ORDERLOOM_PEPPER" in done.stderr


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_port_that_is_taken_is_said_in_one_line(tmp_path: Path, processes: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        data = str(tmp_path)
        done = run("serve", "--port", port, "--data", data, "--processes", processes)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"port {port} on 127.0.0.1 is taken" in done.stderr


def test_the_host_answers_and_ends_cleanly_when_asked(tmp_path: Path) -> None:
    with served(tmp_path) as (process, url):
        answer = httpx.get(url + HEALTH)
        assert (answer.status_code, answer.json()["ready"]) == (200, True)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0
    assert not list(tmp_path.glob("*.db-wal"))


def test_a_killed_host_starts_again_on_what_it_left(tmp_path: Path) -> None:
    for _ in range(2):
        with served(tmp_path) as (process, url):
            assert httpx.get(url + HEALTH).status_code == 200
            process.kill()
            assert process.wait(timeout=20) == -signal.SIGKILL
    with served(tmp_path) as (_, url):
        assert httpx.get(url + HEALTH).json()["ready"] is True


def test_two_hosts_share_one_folder(tmp_path: Path) -> None:
    with served(tmp_path) as (_, one), served(tmp_path) as (_, other):
        for url in (one, other):
            assert httpx.get(url + HEALTH).json()["ready"] is True


def test_of_several_processes_one_may_crash_and_all_end_together(tmp_path: Path) -> None:
    with served(tmp_path, "--processes", "2") as (process, url):
        children = children_of(process.pid)
        assert len(children) == 2
        os.kill(children[0], signal.SIGKILL)
        transport = httpx.HTTPTransport(retries=3)
        with httpx.Client(base_url=url, transport=transport) as client:
            for _ in range(5):
                assert client.get(HEALTH, headers={"Connection": "close"}).status_code == 200
        process.terminate()
        assert process.wait(timeout=30) == 0
        assert [child for child in children if is_alive(child)] == []


def children_of(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in found.split()]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
