"""Fault points around every call of the embedded store and bus, for the simulator.

A verb awaits `before` and `after` itself: each call in between would be resumed with every step.
"""

from typing import Final, Protocol


class Crash(BaseException):
    """The process dies here. No handler of ours catches it, as none outlives a power cut."""


class Faults(Protocol):
    """What may go wrong around a call, named as `documents.batch`; `detail` tells what it is about.

    Raises (both):
        Unavailable: before: it was not executed; after: it was, and the caller does not know.
        Crash: the process dies before or after.
    """

    async def before(self, call: str, detail: object) -> None: ...

    async def after(self, call: str, detail: object) -> None: ...


class _NoFaults:
    async def before(self, call: str, detail: object) -> None:
        """Let it pass."""

    async def after(self, call: str, detail: object) -> None:
        """Let it pass."""


NO_FAULTS: Final[Faults] = _NoFaults()
