"""Old pages leave the files: the log of each database is moved into its file and emptied."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

Checkpoint = Callable[[], Awaitable[None]]


class Scrubber:
    """Empties the logs of databases. `secure_delete` has overwritten what the files had freed."""

    def __init__(self, databases: Sequence[tuple[str, Checkpoint]]) -> None:
        self._databases = databases

    async def __call__(self) -> bool:
        """Empty every log; False when a reader held one, so that old pages may still be there."""
        done = True
        for path, checkpoint in self._databases:
            before = _size(path)
            await checkpoint()
            after = _size(path)
            # A log only grows until it is emptied; others may have written since.
            done = done and (after == 0 or after < before)
        return done


def _size(path: str) -> int:
    log = Path(f"{path}-wal")
    return log.stat().st_size if log.exists() else 0
