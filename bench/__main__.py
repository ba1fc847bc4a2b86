"""`python -m bench [NAME]`: runs the benchmarks, or one, and prints JSON lines.

A benchmark is a module of this folder with `run() -> Iterable[dict]`; a row is
{"benchmark", "case", "metric", "value", "unit"}.
"""

import importlib
import json
import pkgutil
import sys
from pathlib import Path


def names() -> list[str]:
    """Return the modules that are benchmarks: those that define `run` at their top level."""
    folder = Path(__file__).parent
    found = (module.name for module in pkgutil.iter_modules([str(folder)]))
    return sorted(
        name
        for name in found
        if not name.startswith("_") and "\ndef run(" in (folder / f"{name}.py").read_text("utf-8")
    )


def main(arguments: list[str]) -> int:
    known = names()
    wrong = [name for name in arguments if name not in known]
    if wrong:
        sys.stderr.write(f"there is no benchmark {wrong[0]!r}; there are: {', '.join(known)}\n")
        return 2
    for name in arguments or known:
        for row in importlib.import_module(f"bench.{name}").run():
            print(json.dumps(row), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
