"""Claim checks in a folder, or in memory: bodies that are too large for a message."""

import asyncio
import hashlib
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from shared.kernel.claims import CLAIM_BYTES_MAX
from shared.kernel.clock import Clock
from shared.kernel.errors import Unavailable

KEPT: Final = timedelta(days=7)


def _checked(body: bytes) -> bytes:
    if len(body) > CLAIM_BYTES_MAX:
        raise ValueError(f"a claim check of {len(body)} bytes")
    return body


class FolderClaims:
    """One file a body in a folder a tenant, both named by hashes: no tenant can name a path."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder, self._clock = folder, clock

    async def put(self, tenant_id: str, name: str, body: bytes) -> None:
        """Keep a body (see `Claims`)."""
        path = self._path(tenant_id, name)
        try:
            await asyncio.to_thread(_write, path, _checked(body), self._clock.now())
        except OSError as error:
            raise Unavailable("the folder of claim checks cannot be written") from error

    async def get(self, tenant_id: str, name: str) -> bytes | None:
        """Return a body (see `Claims`)."""
        path = self._path(tenant_id, name)
        try:
            return await asyncio.to_thread(_read, path, self._clock.now())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Unavailable("the folder of claim checks cannot be read") from error

    async def sweep(self) -> int:
        """Remove what is older than 7 days; returns how many."""
        return await asyncio.to_thread(_sweep, self._folder, self._clock.now())

    async def forget(self, tenant_id: str, is_about: Callable[[bytes], bool]) -> int:
        """Remove a tenant's bodies of which that holds (see `Claims`)."""
        try:
            return await asyncio.to_thread(_forget, self._place(tenant_id), is_about)
        except OSError as error:
            raise Unavailable("the folder of claim checks cannot be written") from error

    def _place(self, tenant_id: str) -> Path:
        return self._folder / hashlib.sha256(tenant_id.encode()).hexdigest()[:16]

    def _path(self, tenant_id: str, name: str) -> Path:
        return self._place(tenant_id) / hashlib.sha256(name.encode()).hexdigest()


def _write(path: Path, body: bytes, now: datetime) -> None:
    """Write whole or not at all: a reader never sees half a body."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with draft.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    os.utime(draft, (now.timestamp(), now.timestamp()))
    draft.replace(path)


def _read(path: Path, now: datetime) -> bytes | None:
    return None if _is_over(path, now) else path.read_bytes()


def _is_over(path: Path, now: datetime) -> bool:
    return now - datetime.fromtimestamp(path.stat().st_mtime, UTC) >= KEPT


def _sweep(folder: Path, now: datetime) -> int:
    over = [path for path in folder.glob("*/*") if path.is_file() and _is_over(path, now)]
    for path in over:
        path.unlink(missing_ok=True)
    return len(over)


def _forget(place: Path, is_about: Callable[[bytes], bool]) -> int:
    found = [p for p in place.glob("*") if p.is_file() and is_about(p.read_bytes())]
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


class MemoryClaims:
    """For worlds that keep nothing."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._bodies: dict[tuple[str, str], tuple[datetime, bytes]] = {}

    async def put(self, tenant_id: str, name: str, body: bytes) -> None:
        """Keep a body (see `Claims`)."""
        self._bodies.setdefault((tenant_id, name), (self._clock.now(), _checked(body)))

    async def get(self, tenant_id: str, name: str) -> bytes | None:
        """Return a body (see `Claims`)."""
        kept_at, body = self._bodies.get((tenant_id, name), (self._clock.now() - KEPT, b""))
        return None if self._clock.now() - kept_at >= KEPT else body

    async def forget(self, tenant_id: str, is_about: Callable[[bytes], bool]) -> int:
        """Forget a tenant's bodies of which that holds (see `Claims`)."""
        mine = [(name, body) for name, (_, body) in self._bodies.items() if name[0] == tenant_id]
        found = [name for name, body in mine if is_about(body)]
        for name in found:
            del self._bodies[name]
        return len(found)

    async def sweep(self) -> int:
        """Forget what is over."""
        now = self._clock.now()
        over = [name for name, (kept_at, _) in self._bodies.items() if now - kept_at >= KEPT]
        for name in over:
            del self._bodies[name]
        return len(over)
