"""State machines as tables that fail at construction when they are not whole (style 5)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Generic, TypeVar

from shared.kernel.errors import NotAllowed

S = TypeVar("S", bound=StrEnum)


class Machine(Generic[S]):
    """`edges[state][event] = next state`; an event is a class, named in kebab case in refusals.

    Raises:
        ValueError: a state has no entry, leads outside its enum, or cannot be reached.
    """

    def __init__(self, name: str, *initial: S, edges: Mapping[S, Mapping[type, S]]) -> None:
        states = set(type(initial[0]))
        if missing := states - set(edges):
            raise ValueError(f"{name}: no entry for {sorted(missing)}")
        reached, frontier = set(initial), list(initial)
        while frontier:
            for target in edges[frontier.pop()].values():
                if target not in reached:
                    reached.add(target)
                    frontier.append(target)
        if unreachable := states - reached:
            raise ValueError(f"{name}: {sorted(unreachable)} cannot be reached")
        self.name, self.initial, self.edges = name, initial, edges

    def allows(self, state: S, event: type) -> bool:
        return event in self.edges[state]

    def next(self, state: S, event: type) -> S:
        """Return the state after `event`.

        Raises:
            NotAllowed: there is no such row; carries the legal ones.
        """
        target = self.edges[state].get(event)
        if target is None:
            raise NotAllowed(self.name, state, kebab(event.__name__), self.legal(state))
        return target

    def legal(self, state: S) -> tuple[str, ...]:
        return tuple(sorted(kebab(event.__name__) for event in self.edges[state]))


def kebab(name: str) -> str:
    """Return `ConfirmCancel` as `confirm-cancel`."""
    return "".join(f"-{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name))
