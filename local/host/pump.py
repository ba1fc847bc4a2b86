"""What every pump is: it feeds one function until it is stopped, and looks when its bell rings."""

from abc import ABC, abstractmethod

from local.host.bell import Bell
from local.host.index import Indexed


class Pump(ABC):
    """What feeds one function; `run` ends after `stop`, when nothing runs any more."""

    def __init__(self, function: Indexed) -> None:
        self._function = function
        self._bell = Bell()
        self._is_stopping = False
        self._empty_polls = 0

    @property
    def name(self) -> str:
        """Of the function that it feeds."""
        return self._function.name

    @property
    @abstractmethod
    def is_busy(self) -> bool:
        """Whether something is being worked on, or waits for its repetition."""

    @property
    def empty_polls(self) -> int:
        """How often it looked and found nothing to do."""
        return self._empty_polls

    def ring(self) -> None:
        """Look at once."""
        self._bell.ring()

    def stop(self) -> None:
        """Take nothing more on; what runs goes on."""
        self._is_stopping = True
        self.ring()

    @abstractmethod
    async def run(self) -> None:
        """Look and invoke until stopped, then finish."""
