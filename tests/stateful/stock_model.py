"""A plain model of one SKU's stock: what a clerk with paper would keep (semantics 4 and 7)."""

from collections import Counter
from dataclasses import dataclass, field

Triple = tuple[int, int, int]  # on hand, damaged, quality hold


@dataclass
class Held:
    """A reservation on paper."""

    location: str
    quantity: int
    is_soft: bool = False
    expires_at: int | None = None
    state: str = "open"  # open, void, or how it ended


@dataclass
class Shelf:
    """A location on paper: the last count, and everything that happened, by its own time."""

    as_of: int | None = None
    counted: Triple = (0, 0, 0)
    facts: list[tuple[int, Triple]] = field(default_factory=list)

    def has_seen(self, at: int) -> bool:
        return self.as_of is not None and at <= self.as_of

    def at(self, until: int | None = None) -> Triple:
        """Return what was there at a time, or is there now."""
        sums = list(self.counted)
        for at, fact in self.facts:
            if not self.has_seen(at) and (until is None or at <= until):
                sums = [a + b for a, b in zip(sums, fact, strict=True)]
        return sums[0], sums[1], sums[2]

    def count(self, as_of: int, counted: Triple) -> None:
        if self.as_of is None or as_of >= self.as_of:
            self.as_of, self.counted = as_of, counted


@dataclass
class Paper:
    """All shelves, reservations and waits of one SKU."""

    shelves: dict[str, Shelf] = field(default_factory=dict)
    held: dict[str, Held] = field(default_factory=dict)
    movements: set[str] = field(default_factory=set)
    waits: dict[int, tuple[int, bool, int]] = field(default_factory=dict)  # generation, open, units

    def shelf(self, location: str) -> Shelf:
        return self.shelves.setdefault(location, Shelf())

    def reserved(self, location: str, *, soft: bool) -> int:
        return sum(
            h.quantity
            for h in self.held.values()
            if h.state == "open" and h.location == location and h.is_soft is soft
        )

    def free(self, location: str) -> int:
        on_hand, damaged, quality_hold = self.shelf(location).at()
        taken = self.reserved(location, soft=False) + self.reserved(location, soft=True)
        return on_hand - damaged - quality_hold - taken

    def fact(self, location: str, at: int, fact: Triple) -> None:
        self.shelf(location).facts.append((at, fact))

    def move(self, name: str, location: str, at: int, fact: Triple) -> None:
        if name not in self.movements:
            self.movements.add(name)
            self.fact(location, at, fact)

    def queue(self, part: int, generation: int, units: int) -> None:
        if generation > self.waits.get(part, (0, False, 0))[0]:
            self.waits[part] = (generation, True, units)

    def unqueue(self, part: int, generation: int) -> None:
        seen, _, units = self.waits.get(part, (0, False, 0))
        if generation > seen:
            self.waits[part] = (generation, False, units)

    def queued(self) -> int:
        return sum(units for _, is_open, units in self.waits.values() if is_open)

    def empty(self, location: str, at: int, picked: int) -> None:
        """Not in stock: what is picked, damaged and on hold is all there is."""
        shelf = self.shelf(location)
        if shelf.has_seen(at):
            return
        _, damaged, quality_hold = shelf.at(at)
        shelf.count(at, (picked + damaged + quality_hold, damaged, quality_hold))
        for held in self.held.values():
            if held.state == "open" and held.is_soft and held.location == location:
                held.state = "released"

    def counters(self) -> dict[str, Counter[str]]:
        """Return every counter of every shelf."""
        return {
            name: Counter(
                on_hand=shelf.at()[0],
                damaged=shelf.at()[1],
                quality_hold=shelf.at()[2],
                reserved=self.reserved(name, soft=False),
                soft_reserved=self.reserved(name, soft=True),
                free=self.free(name),
            )
            for name, shelf in self.shelves.items()
        }
