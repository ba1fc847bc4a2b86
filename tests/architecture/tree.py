"""What the architecture tests read: the repository's files, and which room a module stands in."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CAPABILITIES = frozenset({
    "orders", "inventory", "routing", "fulfillment", "returns", "customers", "couriers",
    "channels", "catalog", "notifications", "insights",
})  # fmt: skip
OTHER_ROOMS = frozenset({"wiring", "adapters", "flows", "tenants", "contracts", "kernel"})
PURE_ROOMS = CAPABILITIES | {"flows", "tenants", "contracts", "kernel"}
CODE = ("function_app.py", "functions", "shared", "local", "bench", "tools")
NOT_OURS = frozenset(
    {".git", "local.settings.json", ".azure", ".hypothesis", "__pycache__", "data", "htmlcov"}
)


def is_ours(path: Path) -> bool:
    """Leave out environments, caches and what a run leaves behind."""
    return not any(
        part in NOT_OURS or part.startswith(".venv") or part.endswith("_cache")
        for part in path.relative_to(ROOT).parts
    )


def text_files() -> Iterator[tuple[str, str]]:
    """Yield (path from the root, text) of every committed kind of file."""
    for path in sorted(ROOT.rglob("*")):
        if is_ours(path) and path.is_file() and not path.name.startswith(".coverage"):
            try:
                yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue


def modules(*tops: str) -> Iterator[tuple[str, str]]:
    """Yield (path from the root, source) of every Python file under these files and folders."""
    for top in tops:
        start = ROOT / top
        for path in [start] if start.is_file() else sorted(start.rglob("*.py")):
            if is_ours(path):
                yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def rooms() -> frozenset[str]:
    """Return the folders of `shared` that hold Python."""
    folders = (path for path in (ROOT / "shared").iterdir() if path.is_dir())
    return frozenset(path.name for path in folders if any(path.rglob("*.py")))


def functions_of(source: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
