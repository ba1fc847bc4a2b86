"""What is committed works on every machine, and says so in the lists that tools read."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, text_files

# Put together here so that this file does not find itself.
HOME_PATHS = re.compile(
    "|".join(("/ho" + r"me/\w", "/Us" + r"ers/\w", "/ro" + r"ot/", r"[A-Z]:\\Us" + "ers"))
)
LISTS = ("requirements.txt", "requirements-local.txt", "requirements-dev.txt")


def requirements(name: str) -> dict[str, str]:
    """Return {requirement with its marker: version} of one list, without the lists it includes."""
    lines = [line.split("#")[0].strip() for line in (ROOT / name).read_text().splitlines()]
    pinned = [line.partition(";") for line in lines if line and not line.startswith("-r ")]
    split = [(*pin.partition("=="), marker) for pin, _, marker in pinned]
    return {f"{package.strip()};{marker.strip()}": version for package, _, version, marker in split}


def test_no_file_names_a_home_path() -> None:
    found = [
        f"{path}: {hit.group()}" for path, text in text_files() if (hit := HOME_PATHS.search(text))
    ]
    assert found == []


@pytest.mark.parametrize("name", LISTS)
def test_every_requirement_has_an_exact_version_and_no_host(name: str) -> None:
    assert all(re.fullmatch(r"\d[\w.]*", version) for version in requirements(name).values())
    assert "://" not in (ROOT / name).read_text()


def test_the_two_run_lists_agree_on_every_version() -> None:
    azure, local = requirements(LISTS[0]), requirements(LISTS[1])
    assert {p: v for p, v in local.items() if p in azure and azure[p] != v} == {}


def test_the_local_list_brings_no_azure_sdk_but_the_functions_library() -> None:
    packages = {key.partition(";")[0] for key in requirements(LISTS[1])}
    assert {name for name in packages if name.startswith("azure")} == {"azure-functions"}


def test_only_listed_requirements_are_excused_from_being_imported() -> None:
    deptry = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["deptry"]
    listed = {key.partition(";")[0] for name in LISTS[:2] for key in requirements(name)}
    assert set(deptry["per_rule_ignores"]["DEP002"]) <= listed


def test_every_test_file_lies_in_a_folder_that_is_run() -> None:
    """tools/check runs the folders of tests; a file beside them would never run."""
    assert sorted(path.name for path in Path(ROOT / "tests").glob("test_*.py")) == []


def test_the_host_settings_keep_sessions_short_and_complete_on_return() -> None:
    host = json.loads((ROOT / "host.json").read_text())
    bus = host["extensions"]["serviceBus"]
    assert host["extensions"]["http"]["routePrefix"] == "api"
    assert bus["autoCompleteMessages"] is True
    assert (bus["maxConcurrentSessions"], bus["sessionIdleTimeout"]) == (64, "00:00:01")
