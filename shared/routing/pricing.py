"""What a parcel costs in the decision, asked once per location and contents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from shared.routing.model import Candidate, Contents, ParcelCost, ParcelQuote
from shared.routing.rules import CostWeights

WHOLE_PERCENT: Final = 100
DEFAULT: Final = CostWeights()

Key = tuple[tuple[str, int, int], ...]


def key_of(contents: Contents) -> Key:
    """Return what identifies contents within one plan."""
    return tuple([(line.line_id, line.part, quantity) for line, quantity in contents])


def units_of(contents: Contents) -> int:
    """Return how many units contents are."""
    return contents[0][1] if len(contents) == 1 else sum(quantity for _, quantity in contents)


def parts_of(quote: ParcelQuote, labor_minor: int) -> dict[str, int]:
    """Return the cost parts of a parcel; they add up to quote and labor."""
    rest = quote.cost_minor - sum(quote.parts.values())
    parts = {"shipping": rest, **quote.parts} if rest or not quote.parts else dict(quote.parts)
    if rest and "shipping" in quote.parts:
        parts["shipping"] = rest + quote.parts["shipping"]
    if labor_minor:
        parts["labor"] = parts.get("labor", 0) + labor_minor
    return parts


class Priced:
    """The decision cost of one set of contents at each location asked so far."""

    __slots__ = ("contents", "costs", "is_plain", "quotes", "units", "weights")

    def __init__(
        self,
        contents: Contents,
        weights: CostWeights,
        quotes: dict[str, ParcelQuote | None],
        *,
        is_plain: bool,
    ) -> None:
        self.contents = contents
        self.quotes = quotes
        self.weights = weights
        self.is_plain = is_plain
        self.units = units_of(contents)
        self.costs: dict[str, int | None] = {}


class Pricer:
    """Remembers every quote for the length of one plan and of its counterfactuals.

    `cheap` is a location whose parcels cost `discount_minor` less than the tariff says.
    """

    __slots__ = (
        *("_ask", "_before", "_cheap", "_discount_minor", "_plain", "_priced", "_quotes", "_rows"),
    )

    def __init__(self, ask: ParcelCost, cheap: str | None = None, discount_minor: int = 0) -> None:
        self._ask = ask
        self._cheap, self._discount_minor = cheap, discount_minor
        self._quotes: dict[Key, dict[str, ParcelQuote | None]] = {}
        self._priced: dict[tuple[Key, int], Priced] = {}
        self._rows: dict[tuple[tuple[Key, ...], int], dict[int, Priced]] = {}
        self._before: Mapping[tuple[Key, int], Priced] = {}  # at the tariff's price
        self._plain: dict[int, bool] = {}  # weights that change nothing

    def priced(self, contents: Contents, weights: CostWeights) -> Priced:
        """Return the shared row of these contents under these weights."""
        # Weights belong to the rule set, which outlives the plan: their identity names them.
        name = key_of(contents)
        key = (name, id(weights))
        row = self._priced.get(key)
        if row is None:
            quotes = self._quotes.setdefault(name, {})
            is_plain = self._is_plain(weights)
            row = self._priced[key] = Priced(contents, weights, quotes, is_plain=is_plain)
            known = self._before.get(key)
            if known is not None:
                row.costs = {name: c for name, c in known.costs.items() if name != self._cheap}
        return row

    def _is_plain(self, weights: CostWeights) -> bool:
        is_plain = self._plain.get(id(weights))
        if is_plain is None:
            is_plain = self._plain[id(weights)] = weights == DEFAULT
        return is_plain

    def rows(self, items: tuple[Key, ...], weights: CostWeights) -> dict[int, Priced]:
        """Return the rows of these items' subsets, by bit mask, to be filled by whoever asks."""
        return self._rows.setdefault((items, id(weights)), {})

    def quote(self, location_id: str, contents: Contents) -> ParcelQuote | None:
        """Return the quote, asked for at most once."""
        return self._quote(location_id, contents, self._quotes.setdefault(key_of(contents), {}))

    def quote_of(self, row: Priced, candidate: Candidate) -> ParcelQuote | None:
        """Return the quote behind a cost of the row."""
        return self._quote(candidate.location_id, row.contents, row.quotes)

    def _quote(
        self, location_id: str, contents: Contents, known: dict[str, ParcelQuote | None]
    ) -> ParcelQuote | None:
        if location_id not in known:
            known[location_id] = self._ask(location_id, contents)
        quote = known[location_id]
        if quote is None or location_id != self._cheap:
            return quote
        return replace(quote, cost_minor=quote.cost_minor - self._discount_minor)

    def cost(self, row: Priced, candidate: Candidate) -> int | None:
        """Return the decision cost in minor units, or None where the parcel cannot go."""
        location_id = candidate.location_id
        costs = row.costs
        if location_id in costs:
            return costs[location_id]
        quote = self._quote(location_id, row.contents, row.quotes)
        cost = None
        if quote is not None:
            labor = candidate.labor_minor * row.units
            cost = quote.cost_minor + labor if row.is_plain else weigh(quote, labor, row.weights)
        costs[location_id] = cost
        return cost

    def known_cost(self, row: Priced, candidate: Candidate) -> int:
        """Return the decision cost of a parcel that was chosen.

        Raises:
            ValueError: the parcel cannot go, so it should not have been chosen.
        """
        cost = self.cost(row, candidate)
        if cost is None:
            raise ValueError(f"{candidate.location_id} was chosen for what it cannot ship")
        return cost

    def cheaper_at(self, location_id: str, discount_minor: int) -> Pricer:
        """Return a pricer under which each parcel of one location costs less."""
        other = Pricer(self._ask, location_id, discount_minor)
        other._quotes, other._before = self._quotes, self._priced
        return other


def weigh(quote: ParcelQuote, labor_minor: int, weights: CostWeights) -> int:
    """Return the weighted cost of one parcel; an unknown part counts in full."""
    percents: Mapping[str, int] = weights.__dict__
    total = sum(
        amount * percents.get(name, WHOLE_PERCENT)
        for name, amount in parts_of(quote, labor_minor).items()
    )
    return total // WHOLE_PERCENT + weights.parcel_minor
