"""Secrets in one file of the data folder, readable by its owner only."""

import base64
import fcntl
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

MODE: Final = 0o600


class MemoryVault:
    """Secrets of a world that keeps nothing."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    async def get(self, tenant_id: str, name: str) -> bytes | None:
        return self._kept.get(f"{tenant_id}/{name}")

    async def put(self, tenant_id: str, name: str, secret: bytes) -> None:
        self._kept[f"{tenant_id}/{name}"] = secret

    async def forget(self, tenant_id: str, name: str) -> None:
        self._kept.pop(f"{tenant_id}/{name}", None)


class FileVault:
    """One JSON file shared by the processes of a data folder; read again when it was replaced."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] = (0, 0)
        self._kept: dict[str, str] = {}

    async def get(self, tenant_id: str, name: str) -> bytes | None:
        found = self._read().get(f"{tenant_id}/{name}")
        return None if found is None else base64.b64decode(found)

    async def put(self, tenant_id: str, name: str, secret: bytes) -> None:
        value = base64.b64encode(secret).decode("ascii")
        self._change(lambda kept: kept | {f"{tenant_id}/{name}": value})

    async def forget(self, tenant_id: str, name: str) -> None:
        gone = f"{tenant_id}/{name}"
        self._change(lambda kept: {key: value for key, value in kept.items() if key != gone})

    def _read(self) -> dict[str, str]:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return {}
        seen = (status.st_ino, status.st_mtime_ns)
        if seen != self._seen:
            self._kept = json.loads(self._path.read_text("utf-8"))
            self._seen = seen
        return self._kept

    def _change(self, change: Callable[[dict[str, str]], dict[str, str]]) -> None:
        """Replace the file whole, one process at a time."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, MODE)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            draft = self._path.with_suffix(f".{os.getpid()}")
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, MODE)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(change(self._read()), file)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._path)
        finally:
            os.close(lock)
