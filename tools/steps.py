"""Every check of the repository, a line each; tools/check calls it with the right interpreter.

The static checks run two at a time, then the tests. Coverage costs about three times the CPU, so
only the folders that state rules (unit, contracts, stateful), and the flows between them, run
under it.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
CODE = ("function_app.py", "functions", "shared", "local", "tests", "tools")
MEASURED = ("tests/unit", "tests/contracts", "tests/stateful", "tests/flows")
QUICK = (*MEASURED, "tests/architecture")
WORKERS = "2"
RULES = "shared/kernel/*,shared/**/decide.py,shared/**/decide/*"
RULES_BRANCHES_MIN = 100
REST_BRANCHES_MIN = 85
NO_TESTS_COLLECTED = 5
CLOSING = re.compile(r"\b(passed|failed|errors?|skipped|deselected|no tests ran)\b.* in \d")


@dataclass(frozen=True, slots=True)
class Step:
    """One check: commands that run in order until one fails; none means that it is skipped."""

    name: str
    commands: tuple[tuple[str, ...], ...]
    skipped: str = ""
    good_codes: frozenset[int] = frozenset({0})


@dataclass(frozen=True, slots=True)
class Outcome:
    step: Step
    is_good: bool
    output: str
    closing: str
    seconds: float


def tool(name: str, *arguments: str) -> tuple[str, ...]:
    return (str(BIN / name), *arguments)


def holding(paths: Sequence[str], pattern: str) -> tuple[str, ...]:
    """Return the paths that are files, or folders with a file of that pattern."""
    return tuple(
        path for path in paths if (ROOT / path).is_file() or any((ROOT / path).rglob(pattern))
    )


def dependencies() -> Step:
    if not (ROOT / "function_app.py").exists():
        return Step(
            "deptry", (), "there is no function_app.py yet, so most requirements are unused"
        )
    return Step("deptry", (tool("deptry", "."),))


def static_steps() -> tuple[Step, ...]:
    """Return the checks that only read; the longest comes first."""
    return (
        Step("mypy", (tool("mypy", *holding(CODE, "*.py")),)),
        Step("ruff format", (tool("ruff", "format", "--check", "."),)),
        Step("ruff check", (tool("ruff", "check", "."),)),
        Step("imports", (tool("lint-imports", "--no-cache"),)),
        dependencies(),
        Step("typos", (tool("typos"),)),
    )


def measured_tests() -> Step:
    """Return the tests under coverage, with one threshold for the rules and one for the rest."""
    name = "tests under coverage"
    folders = holding(MEASURED, "test_*.py")
    if not folders:
        return Step(name, (), f"no tests yet in {', '.join(MEASURED)}")
    coverage = tool("coverage")
    pytest = ("run", "-m", "pytest", "-n", WORKERS, *folders)
    rules = (
        "report",
        "-m",
        "--skip-covered",
        f"--include={RULES}",
        f"--fail-under={RULES_BRANCHES_MIN}",
    )
    rest = (
        "report",
        "-m",
        "--skip-covered",
        f"--omit={RULES}",
        f"--fail-under={REST_BRANCHES_MIN}",
    )
    steps = (("erase",), pytest, ("combine", "-q"), rules, rest)
    return Step(name, tuple(coverage + arguments for arguments in steps))


def other_tests() -> Step:
    chosen = holding(other_folders(), "test_*.py")
    return Step("other tests", (tool("pytest", "-n", WORKERS, *chosen),))


def quick_tests() -> Step:
    chosen = holding(QUICK, "test_*.py")
    command = tool("pytest", "-n", WORKERS, "-m", "not slow and not crash", *chosen)
    return Step("quick tests", (command,), good_codes=frozenset({0, NO_TESTS_COLLECTED}))


def other_folders() -> tuple[str, ...]:
    folders = (f"tests/{path.name}" for path in (ROOT / "tests").iterdir() if path.is_dir())
    return tuple(sorted(folder for folder in folders if folder not in MEASURED))


def run(step: Step) -> Outcome:
    """Run one step to its end or to its first failing command."""
    started = time.monotonic()
    output, closing, is_good = "", "", True
    for command in step.commands:
        done = subprocess.run(
            command,
            cwd=ROOT,
            text=True,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        output += done.stdout
        if any(part.endswith("pytest") for part in command):
            closing = closing_line(done.stdout)
        is_good = done.returncode in step.good_codes
        if not is_good:
            break
    return Outcome(step, is_good, output, closing, time.monotonic() - started)


def closing_line(text: str) -> str:
    """Return pytest's closing line; warnings of coverage may stand after it."""
    return next((line for line in reversed(text.splitlines()) if CLOSING.search(line)), "")


def report(outcome: Outcome) -> Outcome:
    """Print one line for a step, and its output when it failed."""
    word = "ok  " if outcome.is_good else "FAIL"
    if outcome.step.skipped:
        print(f"skip  {outcome.step.name}: {outcome.step.skipped}", flush=True)
    else:
        print(f"{word}  {outcome.step.name} {outcome.seconds:.1f} s", flush=True)
    if not outcome.is_good:
        print(outcome.output, flush=True)
    return outcome


def run_all(steps: Sequence[Step], at_once: int) -> list[Outcome]:
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(lambda step: report(run(step)), steps))


def test_steps(*, is_fast: bool) -> tuple[Step, ...]:
    if is_fast:
        return (quick_tests(),)
    return (measured_tests(), other_tests())


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools/check", description=__doc__)
    parser.add_argument("--fast", action="store_true", help="no slow tests, no coverage")
    is_fast: bool = parser.parse_args().fast
    version = ".".join(map(str, sys.version_info[:3]))
    print(f"checking with Python {version}", flush=True)
    if not os.environ.get("ORDERLOOM_FIXTURES"):
        print(
            "skip  tests that read third-party payloads: ORDERLOOM_FIXTURES is not set", flush=True
        )
    outcomes = run_all(static_steps(), at_once=2)
    outcomes += run_all(test_steps(is_fast=is_fast), at_once=1)
    failed = [outcome.step.name for outcome in outcomes if not outcome.is_good]
    print(f"failed: {', '.join(failed)}" if failed else "all checks passed", flush=True)
    for outcome in outcomes:
        if outcome.closing:
            print(f"{outcome.step.name}: {outcome.closing}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
