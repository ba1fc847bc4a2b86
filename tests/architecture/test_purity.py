"""Rules take time and chance as arguments: no pure room calls a clock or a random source."""

import ast

import pytest

from tests.architecture.tree import PURE_ROOMS, modules

# The two modules of the kernel that read the clock and draw ids, for everybody else.
SOURCES_OF_TIME_AND_CHANCE = {"shared/kernel/clock.py", "shared/kernel/ids.py"}
WHOLE_MODULES = ("time.", "random.", "secrets.")
CALLS = {
    "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today",
    "datetime.date.today", "uuid.uuid1", "uuid.uuid4", "os.urandom", "asyncio.sleep",
}  # fmt: skip


def full_names(tree: ast.AST) -> dict[str, str]:
    """Return what each imported name stands for: {"dt": "datetime.datetime"}."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {a.asname: a.name for a in node.names if a.asname}
            names |= {(top := a.name.split(".")[0]): top for a in node.names if not a.asname}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    return names


def dotted(node: ast.expr, names: dict[str, str]) -> str:
    match node:
        case ast.Name(id=name):
            return names.get(name, f"local {name}")
        case ast.Attribute(value=value, attr=attr):
            return f"{dotted(value, names)}.{attr}"
        case _:
            return "?"


def is_impure(call: ast.Call, name: str) -> bool:
    if name == "random.Random" and call.args:
        return False  # a generator with its seed is a value
    return name in CALLS or name.startswith(WHOLE_MODULES)


def impure_calls(source: str) -> list[str]:
    tree = ast.parse(source)
    names = full_names(tree)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = [(call, dotted(call.func, names)) for call in calls]
    return [f"{call.lineno} {name}" for call, name in named if is_impure(call, name)]


def test_no_pure_room_reads_a_clock_or_draws_by_chance() -> None:
    found = [
        f"{path}:{call}"
        for path, source in modules(*(f"shared/{room}" for room in sorted(PURE_ROOMS)))
        if path not in SOURCES_OF_TIME_AND_CHANCE
        for call in impure_calls(source)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from datetime import datetime as dt\ndt.now()", ["2 datetime.datetime.now"]),
        ("import datetime\ndatetime.date.today()", ["2 datetime.date.today"]),
        ("from random import choice\nchoice([1])", ["2 random.choice"]),
        ("import random as r\nr.shuffle([])", ["2 random.shuffle"]),
        ("import random\nrandom.Random()", ["2 random.Random"]),
        ("import random\nrandom.Random(7)", []),
        ("def f(clock, random): return clock.now(), random.choice([1])", []),
    ],
)
def test_the_search_sees_through_other_names(source: str, found: list[str]) -> None:
    assert impure_calls(source) == found
