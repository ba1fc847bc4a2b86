"""Who holds locks: a process, known by its id and its start, so that the dead are told apart."""

import itertools
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_INSTANCES: Final = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Owner:
    """One bus object of one process. A process id of 0 never dies: a simulated one."""

    id: str
    pid: int
    started: str


def this_process() -> Owner:
    """Return a new owner for a bus object of this process."""
    pid = os.getpid()
    _state, started = _look_at(pid)
    return Owner(f"{pid}.{started}.{next(_INSTANCES)}", pid, started)


def is_known_dead(owner_id: str) -> bool:
    """Tell whether an id is that of an owner whose process is gone; what is no such id lives."""
    pid, _, rest = owner_id.partition(".")
    started, _, number = rest.rpartition(".")
    if not (pid.isdecimal() and number.isdecimal()):
        return False
    return not is_alive(Owner(owner_id, int(pid), started), is_exact=True)


def is_alive(owner: Owner, *, is_exact: bool) -> bool:
    """Tell whether the owner's process still runs.

    Asking for the process id alone costs half a microsecond; `is_exact` looks as well whether it is
    the same process and not a zombie or a later one with its id (where the system tells).
    """
    if owner.pid == 0:
        return True
    try:
        os.kill(owner.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # another user's process has that id; whether it is ours is told by its start
    if not is_exact or not owner.started:
        return True
    state, started = _look_at(owner.pid)
    return state not in {"Z", "X"} and started in {owner.started, ""}


def _look_at(pid: int) -> tuple[str, str]:
    """Return the state and the start (ticks since which boot) of a process; empty if untold."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
    except OSError:
        return "", ""
    fields = stat.rpartition(")")[2].split()  # the name before it may hold anything
    return fields[0], f"{boot[:8]}-{fields[19]}"


def register(connection: sqlite3.Connection, owner: Owner) -> None:
    """Write the owner down, in the transaction that takes its first lock and in every later one."""
    connection.execute(
        "INSERT INTO owner(id, pid, started) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (owner.id, owner.pid, owner.started),
    )


def dead_owners(connection: sqlite3.Connection, me: Owner, *, is_exact: bool) -> list[str]:
    """Return the owners whose process is gone."""
    rows = connection.execute("SELECT id, pid, started FROM owner WHERE id <> ?", (me.id,))
    return [row[0] for row in rows if not is_alive(Owner(*row), is_exact=is_exact)]


def void_locks(connection: sqlite3.Connection, owner_id: str) -> None:
    """Free whatever an owner holds; its messages and sessions are available at once."""
    free = "SET owner = NULL, locked_until = NULL WHERE owner = ?"
    for statement in (f"UPDATE delivery {free}", f"UPDATE session {free}"):
        connection.execute(statement, (owner_id,))
    connection.execute("DELETE FROM owner WHERE id = ?", (owner_id,))
