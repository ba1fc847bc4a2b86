"""The commands of `python -m local`: each is a module that is imported only when it is asked for.

A command's module has `configure(parser)`, which declares its arguments, and `run(arguments)`,
which returns the exit code. Wrong use is one line on standard error and exit code 2.
"""

import argparse
import importlib
import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Final, NoReturn

from local.wrong_use import WrongUse

PROGRAM: Final = "python -m local"
WRONG_USE: Final = 2


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its module, and what it does in a line."""

    module: str
    summary: str


COMMANDS: Final = {
    "serve": Command("local.host.command", "the embedded host over a data folder"),
    "demo": Command("local.demo.command", "the host with two demo retailers and a short day"),
    "audit": Command("local.audit.command", "what a data folder adds up to, recomputed"),
    "simulate": Command("local.simulate.command", "random histories with faults, checked"),
    "servicebus": Command("local.servicebus.command", "the embedded bus for the Service Bus SDK"),
}


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line; argparse would print the usage first."""

    def error(self, message: str) -> NoReturn:
        raise WrongUse(f"{message} (--help says more)")


def is_present(command: Command) -> bool:
    """Tell whether a command's module exists, without importing it."""
    try:
        return importlib.util.find_spec(command.module) is not None
    except ModuleNotFoundError:  # its folder does not exist
        return False


def overview() -> str:
    """Return the list of commands that `--help` and no command at all print."""
    present = {name: command for name, command in COMMANDS.items() if is_present(command)}
    lines = [f"  {name:<12}{command.summary}" for name, command in present.items()]
    return "\n".join([f"usage: {PROGRAM} COMMAND [--help]", "", "commands:", *lines])


def main(arguments: Sequence[str]) -> int:
    """Run a command; return the exit code."""
    try:
        return _run(list(arguments))
    except WrongUse as error:
        sys.stderr.write(f"{PROGRAM}: {error}\n")
        return WRONG_USE


def _run(arguments: list[str]) -> int:
    name = arguments[0] if arguments else "--help"
    if name in {"--help", "-h", "help"}:
        print(overview())
        return 0
    command = COMMANDS.get(name)
    if command is None or not is_present(command):
        known = ", ".join(each for each, one in COMMANDS.items() if is_present(one))
        raise WrongUse(f"there is no command {name!r}; there are: {known}")
    module: ModuleType = importlib.import_module(command.module)
    parser = _Parser(prog=f"{PROGRAM} {name}", description=command.summary)
    module.configure(parser)
    code: int = module.run(parser.parse_args(arguments[1:]))
    return code
