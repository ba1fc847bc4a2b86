"""The subset program against plain enumeration."""

import random
from collections.abc import Iterator, Sequence
from itertools import product

import pytest

from shared.routing.geo import Distances
from shared.routing.model import Candidate, Contents, ParcelQuote
from shared.routing.pricing import DEFAULT, Pricer
from shared.routing.problem import Item, Limits, Placement, Problem, Solution, breaks_limits, joined
from shared.routing.site import Site
from shared.routing.strategies.exact import exact
from shared.routing.strategies.large import solve_any
from shared.routing.strategies.subsets import ITEMS_MAX, solve
from tests.unit.routing.samples import NEW_YORK, a_candidate, a_line, flat

Worth = tuple[int, int, int]


def _problem(seed: int, lines: int, sites: int, limits: Limits, *, twins: bool = False) -> Problem:
    rng = random.Random(seed)
    skus = [f"s{rng.randint(0, 1) if twins else bit}" for bit in range(lines)]
    values = (500, 1500)
    drawn = [
        a_line(str(bit), rng.randint(1, 3), sku=sku, unit_value_minor=rng.choice(values))
        for bit, sku in enumerate(skus)
    ]
    items = tuple(Item(((line, line.quantity),)) for line in drawn)
    candidates = [_candidate(rng, f"loc{k}", skus) for k in range(sites)]
    table = {
        (c.location_id, mask): rng.randint(100, 2000)
        for c in candidates
        for mask in range(1 << lines)
    }

    def quote(location_id: str, contents: Contents) -> ParcelQuote | None:
        mask = sum(1 << int(line.line_id) for line, _ in contents)
        price = table[location_id, mask]
        return None if price % 11 == 0 else ParcelQuote(price)

    ranked = tuple(Site(c, c.location_id, rank) for rank, c in enumerate(candidates))
    used = frozenset({"loc0"}) if seed % 5 == 0 else frozenset[str]()
    return Problem(
        items, ranked, Pricer(quote), DEFAULT, Distances(NEW_YORK), limits=limits, used=used
    )


def _candidate(rng: random.Random, name: str, skus: Sequence[str]) -> Candidate:
    stock = {sku: rng.randint(0, 6) for sku in skus if rng.random() < 0.8}
    left = rng.choice((None, None, 0, 1, 2, 4))
    unit = rng.choice(("fulfillments", "lines", "units"))
    return a_candidate(name, stock, capacity_left=left, capacity_unit=unit)


def _partitions(items: Sequence[Item]) -> Iterator[list[list[Item]]]:
    if not items:
        yield []
        return
    for rest in _partitions(items[1:]):
        yield [[items[0]], *rest]
        for index, part in enumerate(rest):
            yield [*rest[:index], [items[0], *part], *rest[index + 1 :]]


def _cheapest(problem: Problem, site: Site, items: Sequence[Item]) -> tuple[Placement, ...] | None:
    best: tuple[int, tuple[Placement, ...]] | None = None
    for parts in _partitions(items):
        contents = [joined(sorted(part, key=lambda i: i.contents[0][0].line_id)) for part in parts]
        prices = [
            problem.pricer.cost(problem.pricer.priced(one, DEFAULT), site.candidate)
            for one in contents
        ]
        known = [price for price in prices if price is not None]
        if len(known) == len(prices) and (best is None or sum(known) < best[0]):
            parcels = tuple(
                Placement(site, one, price) for one, price in zip(contents, known, strict=True)
            )
            best = (sum(known), parcels)
    return None if best is None else best[1]


def _brute(problem: Problem) -> Worth:
    best: Worth = (0, 0, 0)
    for choice in product((None, *problem.sites), repeat=len(problem.items)):
        placements: list[Placement] = []
        for site in problem.sites:
            here = [i for i, c in zip(problem.items, choice, strict=True) if c is site]
            fits = not here or site.fits(tuple(pair for item in here for pair in item.contents))
            parcels = _cheapest(problem, site, here) if fits else None
            if parcels is None:
                break
            placements.extend(parcels)
        else:
            solution = Solution(tuple(placements))
            if not breaks_limits(problem, solution):
                best = max(best, _worth(solution))
    return best


def _worth(solution: Solution) -> Worth:
    count = sum(len(placement.contents) for placement in solution.placements)
    return count, solution.units, -solution.cost_minor


LIMITS = [
    Limits(),
    Limits(locations=1),
    Limits(locations=2),
    Limits(split_value_minor=2500),
    Limits(locations=2, split_value_minor=1000),
    Limits(is_complete=True),
    Limits(locations=2, is_complete=True),
]


@pytest.mark.parametrize("limits", LIMITS)
def test_the_subset_program_finds_what_enumeration_finds(limits: Limits) -> None:
    for seed in range(60):
        problem = _problem(seed, 1 + seed % 4, 3, limits, twins=seed % 3 == 0)
        solution = solve(problem)
        assert not breaks_limits(problem, solution)
        assert _worth(solution) == _brute(problem), seed


def test_orders_larger_than_the_program_are_refused_by_it_and_taken_apart_by_the_other() -> None:
    lines = [a_line(str(n)) for n in range(ITEMS_MAX + 3)]
    items = tuple(Item(((line, 1),)) for line in lines)
    every = {line.sku: 1 for line in lines}
    half = {line.sku: 1 for line in lines[:7]}
    sites = tuple(
        Site(a_candidate(name, stock), name, rank)
        for rank, (name, stock) in enumerate(
            {"a": half, "all": every, "b": every, "none": {}}.items()
        )
    )
    problem = Problem(items, sites, Pricer(flat), DEFAULT, Distances(NEW_YORK))
    with pytest.raises(ValueError, match="13 items"):
        solve(problem)
    assert solve_any(problem).locations == ("all",)
    one = Problem(items, sites[:1], Pricer(flat), DEFAULT, Distances(NEW_YORK))
    assert solve_any(one).units == 7
    complete = Limits(is_complete=True)
    short = Problem(items, sites[:1], Pricer(flat), DEFAULT, Distances(NEW_YORK), complete)
    assert solve_any(short).units == 0


def test_of_locations_on_one_lane_only_the_first_is_priced() -> None:
    asked: list[str] = []

    def quote(location_id: str, contents: Contents) -> ParcelQuote | None:
        asked.append(location_id)
        return flat(location_id, contents)

    sites = tuple(
        Site(a_candidate(name, {"sku-1": 3}, lane="zone 2"), name, rank)
        for rank, name in enumerate(("a", "b", "c"))
    )
    items = (Item(((a_line(), 1),)),)
    problem = Problem(items, sites, Pricer(quote), DEFAULT, Distances(NEW_YORK))
    assert solve(problem).locations == exact(problem).locations == ("a",)
    assert asked == ["a"]


def test_of_one_lane_a_location_stands_in_for_later_ones_that_give_no_more() -> None:
    asked: list[tuple[str, int]] = []

    def quote(location_id: str, contents: Contents) -> ParcelQuote | None:
        asked.append((location_id, len(contents)))
        return flat(location_id, contents)

    stocks = {"all": {"s1": 1, "s2": 1}, "some": {"s2": 1}, "third": {"s1": 1, "s3": 1}}
    sites = tuple(
        Site(a_candidate(name, stock, lane="zone 2"), name, rank)
        for rank, (name, stock) in enumerate(stocks.items())
    )
    items = tuple(Item(((a_line(n, sku=f"s{n}"), 1),)) for n in "123")
    problem = Problem(items, sites, Pricer(quote), DEFAULT, Distances(NEW_YORK))
    assert solve(problem).units == 3
    assert {name for name, _ in asked} == {"all", "third"}


def test_where_no_line_may_have_another_location_nothing_is_placed() -> None:
    site = Site(a_candidate("a", {"sku-1": 3}), "a", 0)
    problem = Problem((), (site,), Pricer(flat), DEFAULT, Distances(NEW_YORK))
    assert solve(problem) == Solution()
