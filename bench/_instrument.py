"""What a host has committed, read from its files: the host is asked for nothing."""

import asyncio
import sqlite3
from pathlib import Path
from time import perf_counter
from typing import Final

from bench.retailer import TENANT
from shared.wiring import Settings, embedded_world
from shared.wiring.backlog import backlog

LOOK_S: Final = 0.001  # between two looks for what the host does by itself
LOOK_AGAIN_S: Final = 0.02  # between two looks for what it has still to do
PATIENCE_S: Final = 60.0
QUIET_S: Final = 300.0  # for all events of a whole run, on a machine with other work


class Instrument:
    """Sees what the host has committed, read from its files: asks the host for nothing."""

    def __init__(self, data: Path) -> None:
        self._store = sqlite3.connect(f"file:{data / 'orderloom.db'}?mode=ro", uri=True)
        self._world = embedded_world(settings=Settings(data=data))

    async def ids(self, container: str, key: str, type: str, at_least: int) -> list[str]:
        """Return the ids of a partition's documents of a type, once there are so many."""
        until = perf_counter() + PATIENCE_S
        while perf_counter() < until:
            rows = self._store.execute(
                "SELECT id FROM documents WHERE container = ? AND tenant = ? AND key = ?"
                " AND type = ? ORDER BY id",
                (container, TENANT, key, type),
            ).fetchall()
            if len(rows) >= at_least:
                return [row[0] for row in rows]
            await asyncio.sleep(LOOK_S)
        raise TimeoutError(f"no {type} in {key}")

    async def has(self, container: str, key: str, id: str) -> None:
        """Return once a document is there."""
        until = perf_counter() + PATIENCE_S
        while perf_counter() < until:
            place = (container, TENANT, key, id)
            found = self._store.execute(
                "SELECT 1 FROM documents WHERE container = ? AND tenant = ? AND key = ? AND id = ?",
                place,
            ).fetchone()
            if found:
                return
            await asyncio.sleep(LOOK_S)
        raise TimeoutError(f"no {id} in {key}")

    async def count(self, container: str, key: str, type: str) -> int:
        """Return how many documents of a type a partition has."""
        return len(await self.ids(container, key, type, 0))

    async def quiet(self) -> None:
        """Return once no change waits for a relay and no message for its function.

        Raises:
            TimeoutError: something still waits; it is named.
        """
        until = perf_counter() + QUIET_S
        while waiting := await backlog(self._world):
            if perf_counter() > until:
                raise TimeoutError(f"the host does not become quiet: {waiting}")
            await asyncio.sleep(LOOK_AGAIN_S)

    async def close(self) -> None:
        """Let go of the files."""
        self._store.close()
        await self._world.close()
