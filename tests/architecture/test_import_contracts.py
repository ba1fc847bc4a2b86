"""The import contract's lists are compared with the folders, so that no room stays unwatched."""

import ast
import sys
import tomllib
from typing import Any

import pytest

from tests.architecture.tree import CAPABILITIES, OTHER_ROOMS, PURE_ROOMS, ROOT, modules, rooms

ADAPTERS_APART = "adapters apart"
TRIGGERS = "triggers and host reach adapters through wiring only"


def settings() -> dict[str, Any]:
    tool: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    return tool


def contract(name: str) -> dict[str, Any]:
    """Return the contract of that name, or an empty one while its rooms do not exist."""
    found = [c for c in settings()["importlinter"]["contracts"] if c["name"] == name]
    return found[0] if found else {}


def to_mend(name: str, field: str, expected: frozenset[str]) -> list[str]:
    """Return the lines to add to or to remove from one list of `shared` rooms."""
    listed = set(contract(name).get(field, []))
    wanted = {f"shared.{room}" for room in expected}
    return [
        *(f"add {room} to {field} of '{name}'" for room in sorted(wanted - listed)),
        *(f"remove {room} from {field} of '{name}'" for room in sorted(listed - wanted)),
    ]


def packages() -> list[str]:
    return [
        name for name in ("functions", "shared", "local") if (ROOT / name / "__init__.py").exists()
    ]


def test_every_room_of_shared_is_one_that_the_design_names() -> None:
    assert rooms() <= CAPABILITIES | OTHER_ROOMS


def test_every_room_of_shared_has_its_layer() -> None:
    layers = " | ".join(contract("rooms")["layers"]).replace("(", "").replace(")", "")
    assert set(layers.split(" | ")) == CAPABILITIES | OTHER_ROOMS


def test_every_capability_keeps_its_inner_order() -> None:
    assert to_mend("inside a capability", "containers", rooms() & CAPABILITIES) == []


def test_every_room_that_states_rules_is_kept_pure() -> None:
    pure = (rooms() & PURE_ROOMS) - {"kernel"}
    assert to_mend("rules are pure", "source_modules", pure) == []


def test_every_top_package_is_read_by_the_import_linter() -> None:
    assert settings()["importlinter"]["root_packages"] == packages()


def test_adapters_are_kept_apart_and_behind_wiring() -> None:
    assert contract(ADAPTERS_APART)["modules"] == ["shared.adapters.*"]
    callers = [name for name in packages() if name != "shared"]
    assert contract(TRIGGERS).get("source_modules", []) == callers


def test_every_folder_of_code_is_a_package() -> None:
    """import-linter passes over a folder without __init__.py, so its imports would go unseen."""
    folders = {
        path.parent
        for top in ("functions", "shared", "local")
        for path in (ROOT / top).rglob("*.py")
    }
    assert not sorted(str(f.relative_to(ROOT)) for f in folders if not (f / "__init__.py").exists())


def imports_of(source: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


@pytest.mark.parametrize(
    ("room", "allowed"),
    [("kernel", ("shared.kernel",)), ("contracts", ("shared.contracts", "shared.kernel"))],
)
def test_the_lowest_rooms_stand_on_the_standard_library_and_pydantic(
    room: str, allowed: tuple[str, ...]
) -> None:
    """An allow-list, which the import-linter cannot state."""
    standard = sys.stdlib_module_names | {"pydantic", "pydantic_core"}
    foreign = [
        f"{path}: {name}"
        for path, source in modules(f"shared/{room}")
        for name in sorted(imports_of(source))
        if name.split(".")[0] not in standard
        and not f"{name}.".startswith(tuple(f"{prefix}." for prefix in allowed))
    ]
    assert foreign == []
