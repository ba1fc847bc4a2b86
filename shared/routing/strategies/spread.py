"""The subset program with limits: how many locations, how much value each, shared stock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from shared.kernel.values import value
from shared.routing.site import Site
from shared.routing.strategies.reach import Objective, Pick, Reach, submasks

# Above this many items a site sends all it gives as one consignment here: trying every way to cut
# it costs 3^items a site, and limits seldom bind on orders that large.
RECUT_ITEMS_MAX = 6

Found = tuple[int, tuple[Pick, ...]]
Layer = dict[int, Found]


@value
class _Offers:
    """Cheapest ways to give each subset from one location.

    `fresh` are locations new to the order, `again` those that it already uses (they count against
    no limit), `single` the shared-stock ones, each to be used once at most, with whether it is new.
    """

    fresh: Layer
    again: Layer
    single: list[tuple[bool, Layer]]


def spread(reach: Reach, cost: Objective) -> tuple[Pick, ...]:
    """Return the cheapest picks within the limits that cover the most items; maybe none.

    To place nothing is always among what is found.
    """
    offers = _offers(reach, cost)
    room = reach.problem.new_locations_max
    layers, may_leave = _layers(reach, offers, room), _leaver(reach)
    found = [(mask, entry) for layer in layers for mask, entry in layer.items() if may_leave(mask)]
    alone = _alone(reach, offers, room)
    if alone is not None:
        found.append((reach.full, alone))
    units, most = [item.units for item in reach.problem.items], max(m.bit_count() for m, _ in found)

    def worth(row: tuple[int, Found]) -> tuple[int, int]:
        return sum(count for bit, count in enumerate(units) if row[0] >> bit & 1), -row[1][0]

    return max((row for row in found if row[0].bit_count() == most), key=worth)[1][1]


def _offers(reach: Reach, cost: Objective) -> _Offers:
    offers = _Offers({}, {}, [])
    used = reach.problem.used
    for site, mask in zip(reach.sites, reach.masks, strict=True):
        own = _own(reach, cost, site, mask)
        if site.location_id in reach.coupled:
            offers.single.append((site.location_id not in used, own))
            continue
        layer = offers.again if site.location_id in used else offers.fresh
        for subset, found in own.items():
            if subset not in layer or found[0] < layer[subset][0]:
                layer[subset] = found
    return _Offers(
        offers.fresh, offers.again, _cheapest_of(offers.single, len(reach.problem.items))
    )


def _cheapest_of(single: list[tuple[bool, Layer]], most: int) -> list[tuple[bool, Layer]]:
    """Keep, for each subset, the cheapest shared-stock locations, as many as there are items.

    Nothing is lost: an order of n items uses at most n locations, so of the n cheapest for a subset
    one is always free to give it.
    """
    ranking: dict[tuple[bool, int], list[tuple[int, int]]] = {}
    for index, (is_new, own) in enumerate(single):
        for subset, found in own.items():
            ranking.setdefault((is_new, subset), []).append((found[0], index))
    kept: list[Layer] = [{} for _ in single]
    for (_, subset), prices in ranking.items():
        for _, index in sorted(prices)[:most]:
            kept[index][subset] = single[index][1][subset]
    return [(is_new, own) for (is_new, _), own in zip(single, kept, strict=True) if own]


def _own(reach: Reach, cost: Objective, site: Site, mask: int) -> Layer:
    """Return the cheapest way for one site to give each subset, in one or several parcels."""
    own: Layer = {}
    is_shared = site.location_id in reach.coupled
    recuts = len(reach.problem.items) <= RECUT_ITEMS_MAX
    for subset in submasks(mask):
        row = reach.row(subset)
        if is_shared and not site.fits(row.contents):
            continue
        price = cost(row, site.candidate)
        found: Found | None = None if price is None else (price, ((site, subset),))
        found = _recut(own, subset, found) if recuts else found
        if found is not None:
            own[subset] = found
    return own


def _recut(own: Layer, subset: int, found: Found | None) -> Found | None:
    lowest = subset & -subset
    for other in submasks(subset ^ lowest):
        first, second = own.get(subset ^ other), own.get(other)
        if first is not None and second is not None:
            total = first[0] + second[0]
            if found is None or total < found[0]:
                found = (total, first[1] + second[1])
    return found


def _layers(reach: Reach, offers: _Offers, room: int | None) -> list[Layer]:
    """Return, by number of new locations, the cheapest way to cover each subset.

    Without a limit of locations there is nothing to count, and one layer holds all.
    """
    fresh = {m: found for m, found in offers.fresh.items() if _is_worth(reach, m)}
    again = offers.again
    if room is None:
        again = {m: _cheaper(again.get(m), fresh.get(m)) for m in again.keys() | fresh.keys()}
    most = 0 if room is None else min(len(reach.problem.items), room)
    layers: list[Layer] = [{0: (0, ())} for _ in range(most + 1)]
    firsts = _by_lowest(again.keys() | fresh.keys())
    for whole in range(1, reach.full + 1):
        parts = _parts(whole, firsts.get(whole & -whole, ()))
        if not parts:
            continue
        for count, layer in enumerate(layers):
            ways = ((again, layer), (fresh, layers[count - 1])) if count else ((again, layer),)
            best = _cheapest(whole, parts, ways)
            if best is not None:
                layer[whole] = best
    for is_new, own in offers.single:
        worth = {m: f for m, f in own.items() if _is_worth(reach, m)} if is_new else own
        layers = _with_single(layers, 1 if is_new and room is not None else 0, worth)
    return layers


def _cheaper(one: Found | None, two: Found | None) -> Found:
    return min((found for found in (one, two) if found is not None), key=lambda found: found[0])


def _with_single(layers: list[Layer], weight: int, own: Layer) -> list[Layer]:
    grown = [dict(layer) for layer in layers]
    for count in range(weight, len(layers)):
        before = layers[count - weight]
        for rest, base in before.items():
            for part, found in own.items():
                whole, total = part | rest, found[0] + base[0]
                known = grown[count].get(whole)
                if not part & rest and (known is None or total < known[0]):
                    grown[count][whole] = (total, found[1] + base[1])
    return grown


def _by_lowest(masks: Iterable[int]) -> dict[int, list[int]]:
    """Return subsets by their lowest item, the greatest first."""
    found: dict[int, list[int]] = {}
    for mask in sorted(masks, reverse=True):
        found.setdefault(mask & -mask, []).append(mask)
    return found


def _parts(whole: int, firsts: Sequence[int]) -> Sequence[int]:
    """Return which of these parts lie in a subset."""
    if not firsts or len(firsts) <= 1 << (whole.bit_count() - 1):
        return [part for part in firsts if not part & ~whole]
    rest = whole & (whole - 1)
    return [whole, *(whole ^ other for other in submasks(rest))]


def _cheapest(
    whole: int, parts: Sequence[int], ways: Sequence[tuple[Layer, Layer]]
) -> Found | None:
    """Return the cheapest way to give a part by the one layer and the rest by the other."""
    best: tuple[Found, Found] | None = None
    least = 0
    for part in parts:
        for gives, layer in ways:
            one, two = gives.get(part), layer.get(whole ^ part)
            if one is None or two is None:
                continue
            total = one[0] + two[0]
            if best is None or total < least:
                best, least = (one, two), total
    return None if best is None else (least, best[0][1] + best[1][1])


def _value(reach: Reach, mask: int) -> int:
    return sum(item.value_minor for item in reach.items_of(mask))


def _is_worth(reach: Reach, mask: int) -> bool:
    least = reach.problem.limits.split_value_minor
    return least is None or _value(reach, mask) >= least


def _leaver(reach: Reach) -> Callable[[int], bool]:
    """Return what tells whether a subset may be sent alone, what it leaves open staying open."""
    problem = reach.problem
    least, wanted = problem.limits.split_value_minor, problem.units
    if least is None and not problem.limits.is_complete:
        return lambda _: True

    def may_leave(mask: int) -> bool:
        placed = sum(item.units for item in reach.items_of(mask))
        if not placed or placed == wanted:
            return True
        if least is None or problem.limits.is_complete:
            return False
        return problem.value_minor - _value(reach, mask) >= least

    return may_leave


def _alone(reach: Reach, offers: _Offers, room: int | None) -> Found | None:
    """Return the cheapest whole order from one location: no split, whatever its value."""
    problem = reach.problem
    if problem.used or room == 0 or sum(i.units for i in problem.items) < problem.units:
        return None
    found = [own[reach.full] for _, own in offers.single if reach.full in own]
    if reach.full in offers.fresh:
        found.append(offers.fresh[reach.full])
    return min(found, key=lambda one: one[0]) if found else None
