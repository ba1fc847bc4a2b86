"""What a host was asked to serve, and the line with which it says that it does."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class Serving:
    """What `serve` was asked for; `is_child` marks a process that a supervisor started."""

    host: str
    port: int
    data: Path
    synchronous: Literal["FULL", "NORMAL"] | None
    processes: int
    is_child: bool = False


def announcement(serving: Serving, port: int) -> str:
    """Return the line that says that requests are answered from now on."""
    host = f"[{serving.host}]" if ":" in serving.host else serving.host
    return f"Orderloom answers on http://{host}:{port} with the data in {serving.data}"
