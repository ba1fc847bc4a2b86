"""Who acts in a play, and what each of them remembers for the audit afterwards."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from local.simulate.engine import Pause
from local.simulate.stage import Process, Stage
from shared.contracts.inventory import StockMessage
from shared.kernel.errors import Outside, Refused

TRIES_MAX: Final = 4  # of one command; a person gives up then, and perhaps it was done

Act = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Memory:
    """What the outside world knows: orders that were answered, facts that were told."""

    orders: dict[str, set[str]] = field(default_factory=dict)  # accepted ones, by tenant
    facts: dict[str, dict[str, StockMessage]] = field(default_factory=dict)  # by tenant and id
    faults: list[str] = field(default_factory=list)
    refusals: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Troupe:
    """Starts people as tasks of their processes; who crashes does the same act again."""

    stage: Stage
    memory: Memory
    open_roles: int = 0

    def play(self, name: str, process: Process, acts: list[Act], chance: random.Random) -> None:
        """Let somebody do acts one after another, with pauses between them."""
        if not acts:
            return
        self.open_roles += 1
        self._go_on(name, process, acts, chance)

    def _go_on(self, name: str, process: Process, acts: list[Act], chance: random.Random) -> None:
        def ended(*_: object) -> None:
            if acts:
                self._go_on(name, process, acts, chance)
            else:
                self.open_roles -= 1

        self.stage.engine.start(name, self._acting(acts), process.enter, ended)

    async def _acting(self, acts: list[Act]) -> None:
        while acts:
            await acts[0]()
            acts.pop(0)

    async def give(self, command: Act) -> bool:
        """Give a command, again while the outside fails; True when it was answered or refused."""
        for attempt in range(TRIES_MAX):
            try:
                await command()
            except Outside:
                await Pause(2.0**attempt)
            except Refused as refusal:
                code = refusal.code
                self.memory.refusals[code] = self.memory.refusals.get(code, 0) + 1
                return True
            except Exception as error:  # noqa: BLE001 - whatever it is, it is a fault of ours
                self.memory.faults.append(f"{type(error).__name__}: {error}")
                return False
            else:
                return True
        return False
