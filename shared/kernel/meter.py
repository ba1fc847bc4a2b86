"""Where adapters report what a call cost (request units, rows); the shell logs the sum."""

from typing import Protocol


class Meter(Protocol):
    def charge(self, operation: str, units: float) -> None:
        """Add the cost of one call, in the store's own unit."""
        ...


class NoMeter:
    def charge(self, operation: str, units: float) -> None:
        """Forget it: the embedded store has no price."""
