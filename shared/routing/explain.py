"""Builds the decision record: what dropped whom, who came next, and what would have changed it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from shared.kernel.values import value
from shared.routing.allocation import Allocator
from shared.routing.counterfactuals import counterfactuals
from shared.routing.explanation import (
    EXAMPLES_MAX,
    RANKED_MAX,
    Alternative,
    Dropped,
    Explanation,
    Ranked,
)
from shared.routing.model import Candidate, RouteRequest
from shared.routing.outcome import Outcome, Trace
from shared.routing.pricing import Priced, parts_of
from shared.routing.problem import Item, joined
from shared.routing.site import Site
from shared.routing.strategies import STRATEGIES

# A plan without one of the winner's locations is asked for this often; the best is the runner-up.
RUNNER_UP_TRIES_MAX = 3


def explanation_of(
    allocator: Allocator, candidates: Sequence[Candidate], outcome: Outcome
) -> Explanation:
    """Return the record of an outcome; it asks the allocator again a bounded number of times."""
    runner_up = _runner_up(allocator, candidates, outcome)
    winner = _alternative(outcome)
    second = None if runner_up is None else _alternative(runner_up)
    delta = None
    if second is not None and second.units == winner.units:
        delta = second.cost_minor - winner.cost_minor
    return Explanation(
        rule_set_id=allocator.rule_set.rule_set_id,
        version=allocator.rule_set.version,
        routing=None if outcome.routing is None else outcome.routing.name,
        rules=tuple(trace.rule.name for trace in outcome.traces),
        candidates=len(candidates),
        dropped=tuple(row for trace in outcome.traces for row in _dropped(trace)),
        ranked=_ranked(allocator, outcome.traces),
        winner=winner,
        runner_up=second,
        delta_minor=delta,
        counterfactuals=counterfactuals(allocator, candidates, outcome, runner_up),
        notes=tuple(_notes(outcome, allocator.request)),
        at=allocator.request.now,
    )


def _alternative(outcome: Outcome) -> Alternative:
    placements = outcome.placements
    return Alternative(outcome.locations, outcome.units, len(placements), outcome.cost_minor)


def _runner_up(
    allocator: Allocator, candidates: Sequence[Candidate], outcome: Outcome
) -> Outcome | None:
    """Return the best plan that does without one of the winner's locations."""
    best: Outcome | None = None
    for location_id in outcome.locations[:RUNNER_UP_TRIES_MAX]:
        if not _others_have_units(allocator.request, candidates, location_id):
            continue
        other = allocator.allocate_without(candidates, location_id, outcome)
        if other.placements and (best is None or _worth(other) > _worth(best)):
            best = other
    return best


def _others_have_units(
    request: RouteRequest, candidates: Iterable[Candidate], location_id: str
) -> bool:
    """Tell whether another location has a unit of anything that is to be shipped."""
    lines = [line for line in request.lines if line.method == "ship"]
    return any(
        stock.sellable_ship > 0 and candidate.location_id not in line.excluded_locations
        for candidate in candidates
        if candidate.ship_enabled and candidate.location_id != location_id
        for line in lines
        if (stock := candidate.stock.get(line.sku)) is not None
    )


def _worth(outcome: Outcome) -> tuple[int, int]:
    return outcome.units, -outcome.cost_minor


def _dropped(trace: Trace) -> Iterable[Dropped]:
    for drop in trace.drops:
        yield Dropped(
            trace.rule.name,
            drop.filter,
            len(drop.rows),
            tuple(f"{c.location_id}: {number}" for c, number in drop.rows[:EXAMPLES_MAX]),
        )
    needing = [i for i in trace.items if any(line.needs for line, _ in i.contents)]
    unable: dict[str, str] = {}
    if needing:
        unable = {s.location_id: why for s in trace.sites if (why := _unable(s, needing))}
    if unable:
        examples = list(unable.items())[:EXAMPLES_MAX]
        yield Dropped(
            trace.rule.name,
            "capability",
            len(unable),
            tuple(f"{location_id}: {why}" for location_id, why in examples),
        )
    lacking = [
        site
        for site in trace.sites
        if site.location_id not in unable and not any(site.fits(i.contents) for i in trace.items)
    ]
    if lacking:
        item = trace.items[0]
        yield Dropped(
            trace.rule.name,
            "stock",
            len(lacking),
            tuple(f"{s.location_id}: {_figures(s, item)}" for s in lacking[:EXAMPLES_MAX]),
        )


def _unable(site: Site, items: Iterable[Item]) -> str:
    """Return what the first line that may not leave from here needs; nothing when all may."""
    for item in items:
        for line, _ in item.contents:
            if line.needs and (lacks := line.needs - site.candidate.capabilities):
                return f"{line.sku} needs {', '.join(sorted(lacks))}"
    return ""


def _figures(site: Site, item: Item) -> str:
    line, quantity = item.contents[0]
    stock = site.candidate.stock.get(line.sku)
    if stock is None:
        return f"{line.sku} not held"
    left = site.candidate.capacity_left
    room = "" if left is None else f", capacity {left}"
    return f"{site.sellable(line)} of {quantity} {line.sku}, safety {stock.safety_stock}{room}"


@value
class _Offer:
    """What one location could give alone to the first rule it passed."""

    trace: Trace
    site: Site
    row: Priced
    cost_minor: int


def _ranked(allocator: Allocator, traces: Sequence[Trace]) -> tuple[Ranked, ...]:
    offers: dict[str, _Offer] = {}
    for trace in traces:
        for offer in _offers(allocator, trace):
            offers.setdefault(offer.site.location_id, offer)
    best = sorted(
        offers.values(),
        key=lambda o: (-len(o.row.contents), -o.row.units, o.cost_minor, o.site.location_id),
    )
    return tuple(_rank(allocator, offer) for offer in best[:RANKED_MAX])


def _offers(allocator: Allocator, trace: Trace) -> Iterable[_Offer]:
    rows: dict[tuple[bool, ...], Priced] = {}
    for site in trace.sites:
        gives = tuple([site.fits(item.contents) for item in trace.items])
        if not any(gives):
            continue
        if gives not in rows:
            chosen = [i for i, can in zip(trace.items, gives, strict=True) if can]
            rows[gives] = allocator.pricer.priced(joined(chosen), trace.rule.cost)
        cost = allocator.pricer.cost(rows[gives], site.candidate)
        if cost is not None:
            yield _Offer(trace, site, rows[gives], cost)


def _rank(allocator: Allocator, offer: _Offer) -> Ranked:
    candidate = offer.site.candidate
    quote = allocator.pricer.quote_of(offer.row, candidate)
    labor = candidate.labor_minor * offer.row.units
    return Ranked(
        location_id=candidate.location_id,
        rule=offer.trace.rule.name,
        lines=len(offer.row.contents),
        units=offer.row.units,
        cost_minor=offer.cost_minor,
        distance_m=allocator.distances.to(candidate),
        parts={} if quote is None else parts_of(quote, labor),
    )


def _notes(outcome: Outcome, request: RouteRequest) -> Iterable[str]:
    needs = {(line.line_id, line.part): line.needs for line in request.lines}
    for line in outcome.short:
        wanted = needs.get((line.line_id, line.part))
        also = f"; it needs {', '.join(sorted(wanted))}" if wanted else ""
        yield f"line {line.line_id}.{line.part}: {line.quantity} short ({line.reason}{also})"
    for trace in outcome.traces:
        if trace.rule.strategy not in STRATEGIES:
            yield f"rule {trace.rule.name}: no strategy {trace.rule.strategy}; exact was used"
