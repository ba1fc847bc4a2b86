"""One order through one rule set: rules, passes, ladder and actions. Pure; explains nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from shared.kernel.values import value
from shared.routing.constraints import passes
from shared.routing.filters import Tests, passed, routing_of, tests_of, units_kept
from shared.routing.geo import Distances
from shared.routing.model import (
    ActionKind,
    Candidate,
    RouteRequest,
    ShortLine,
    ShortReason,
)
from shared.routing.outcome import Outcome, Trace
from shared.routing.pricing import Pricer
from shared.routing.problem import Item, Limits, Problem, Solution, consolidated
from shared.routing.progress import Progress, hand_over
from shared.routing.rules import (
    Action,
    InventoryRule,
    LadderStep,
    Routing,
    RuleSet,
)
from shared.routing.shortage import reason_of
from shared.routing.site import UNUSED, Site
from shared.routing.sorts import by_id, in_order
from shared.routing.strategies import STRATEGIES
from shared.routing.strategies.exact import exact

ANYWHERE = (LadderStep(may_split=True),)
ALLOCATES = (ActionKind.ALLOCATE, ActionKind.ALLOCATE_PARTIAL)
FOLLOWS = (ActionKind.NEXT_RULE,)
ENDINGS = frozenset(
    {
        ActionKind.QUEUE,
        ActionKind.HOLD,
        ActionKind.CANCEL,
        ActionKind.BACKORDER,
        ActionKind.CUSTOMER_CARE,
        ActionKind.EXCEPTION,
        ActionKind.AS_SETTINGS,
    }
)


@value
class _Compiled:
    """A rule made ready for one question."""

    tests: Tests
    keep: int
    passes: tuple[Limits, ...]


class Allocator:
    """One question asked of one rule set; asked again with changes for the counterfactuals."""

    __slots__ = (
        "_open",
        "_pickups",
        "_rules",
        "distances",
        "pricer",
        "request",
        "routing",
        "rule_set",
    )

    def __init__(
        self, request: RouteRequest, rule_set: RuleSet, pricer: Pricer, distances: Distances
    ) -> None:
        self.request, self.rule_set = request, rule_set
        self.pricer, self.distances = pricer, distances
        self.routing = routing_of(rule_set, request)
        self._rules: dict[int, _Compiled] = {}  # by the rule's identity
        self._pickups = [line for line in request.lines if line.method == "pickup"]
        self._open = {
            (line.line_id, line.part): (line, line.quantity)
            for line in request.lines
            if line.method == "ship" and line.quantity > 0
        }

    def with_rules(self, rule_set: RuleSet) -> Allocator:
        """Return the same question to other rules."""
        return Allocator(self.request, rule_set, self.pricer, self.distances)

    def with_pricer(self, pricer: Pricer) -> Allocator:
        """Return the same question at other prices."""
        return Allocator(self.request, self.rule_set, pricer, self.distances)

    def allocate(self, candidates: Sequence[Candidate], without: str | None = None) -> Outcome:
        """Return what becomes of every unit; total, whatever the stock figures are.

        No parcel leaves the location `without`; it hands over what is collected there.
        """
        progress = Progress({}, {}, frozenset(self.request.already_at))
        divide, short = self.rule_set.divide_lines, list[ShortLine]()
        if self._pickups:
            short.extend(hand_over(self._pickups, candidates, progress, divide))
        if without is not None:
            candidates = [c for c in candidates if c.location_id != without]
        progress.open.update(self._open)
        routing, traces = self.routing, list[Trace]()
        ending: tuple[Action, ...] = (self.rule_set.unfilled,)
        if progress.open and routing is not None:
            ending = self._follow(routing, candidates, progress, traces)
        if progress.open:
            short.extend(self._short(candidates, progress, traces, ending))
        placements = tuple(progress.placements)
        if routing is not None:
            placements = consolidated(self.pricer, routing.rules[-1].cost, placements)
        return Outcome(
            routing, placements, tuple(progress.assignments), tuple(short), tuple(traces)
        )

    def _follow(
        self,
        routing: Routing,
        candidates: Sequence[Candidate],
        progress: Progress,
        traces: list[Trace],
    ) -> tuple[Action, ...]:
        """Apply the rules in order; return the actions that end what is left open."""
        for rule in routing.rules:
            before = None if _does(rule.on_partial, ALLOCATES) else progress.copy()
            assigned = len(progress.assignments)
            self._apply(routing, rule, candidates, progress, traces)
            if not progress.open:
                return rule.on_full
            is_partial = len(progress.assignments) > assigned
            actions = rule.on_partial if is_partial else rule.on_none
            if is_partial and before is not None:
                progress.open, progress.loads = before.open, before.loads
                progress.placements, progress.assignments = before.placements, before.assignments
                progress.used = before.used
            if not _does(actions, FOLLOWS):
                return actions
        return (self.rule_set.unfilled,)

    def _apply(
        self,
        routing: Routing,
        rule: InventoryRule,
        candidates: Sequence[Candidate],
        progress: Progress,
        traces: list[Trace],
    ) -> None:
        compiled = self._compiled(routing, rule)
        kept, drops = passed(compiled.tests, candidates)
        keep, loads, items = compiled.keep, progress.loads, progress.items()
        sites = tuple(
            [
                Site(c, c.location_id, rank, keep, loads.get(c.location_id, UNUSED))
                for rank, c in enumerate(self._ranked(rule, kept, progress))
            ]
        )
        traces.append(Trace(rule, drops, sites, items))
        for limits in compiled.passes:
            if not _has_units(sites, progress):
                return
            found = self._climb(rule, sites, limits, progress, items).placements
            if not found:
                continue
            for placement in found:
                progress.placements.append(placement)
                progress.take(placement.site.location_id, placement.contents, rule.name)
            progress.used |= {placement.site.location_id for placement in found}
            if not progress.open:
                return
            sites, items = _loaded(sites, progress), progress.items()

    def _compiled(self, routing: Routing, rule: InventoryRule) -> _Compiled:
        found = self._rules.get(id(rule))
        if found is None:
            country = self.request.destination.country
            found = self._rules[id(rule)] = _Compiled(
                tests_of(rule.filters, country, self.distances),
                units_kept(rule.filters),
                passes(self.rule_set, routing, rule),
            )
        return found

    def _ranked(
        self, rule: InventoryRule, kept: Sequence[Candidate], progress: Progress
    ) -> list[Candidate]:
        """Return candidates in the rule's order."""
        if not rule.sorts:
            return sorted(kept, key=by_id)
        row = self.pricer.priced(tuple(progress.open.values()), rule.cost)
        return in_order(kept, rule.sorts, self.distances, self.pricer, row)

    def _climb(
        self,
        rule: InventoryRule,
        sites: tuple[Site, ...],
        limits: Limits,
        progress: Progress,
        items: tuple[Item, ...],
    ) -> Solution:
        """Return the first rung's answer that places everything, else the fullest answer."""
        best, most = Solution(), limits.per_line
        problem = Problem(
            items if most is None else tuple(item for item in items if item.places < most),
            sites,
            self.pricer,
            rule.cost,
            self.distances,
            limits,
            self.rule_set.divide_lines,
            progress.used,
            items,
        )
        strategy, wanted = STRATEGIES.get(rule.strategy, exact), problem.units
        for step in rule.ladder or ANYWHERE:
            near = self._within(sites, step.max_distance_m)
            if not near:
                continue
            rung = problem if near is sites else replace(problem, sites=near)
            if not step.may_split:
                rung = replace(rung, limits=replace(limits, locations=1))
            solution = strategy(rung)
            if solution.units == wanted:
                return solution
            if solution.units > best.units:
                best = solution
        return best

    def _within(self, sites: tuple[Site, ...], radius_m: int | None) -> tuple[Site, ...]:
        if radius_m is None:
            return sites
        far = radius_m + 1
        return tuple(
            site
            for site in sites
            if (far if (d := self.distances.to(site.candidate)) is None else d) <= radius_m
        )

    def _short(
        self,
        candidates: Sequence[Candidate],
        progress: Progress,
        traces: list[Trace],
        ending: tuple[Action, ...],
    ) -> Iterator[ShortLine]:
        end = next((a for a in ending if a.do in ENDINGS), self.rule_set.unfilled)
        days = next((a.days for a in ending if a.do is ActionKind.AUTO_CANCEL), None)
        sites = _loaded(traces[-1].sites, progress) if traces else ()
        for line, quantity in progress.open.values():
            reason = ShortReason.NO_ROUTING
            if self.routing is not None:
                reason = reason_of(line, quantity, candidates, sites, self.pricer)
            yield ShortLine(line.line_id, line.part, quantity, reason, end.do, end.queue, days)


def _does(actions: Sequence[Action], kinds: Sequence[ActionKind]) -> bool:
    """Tell whether one of the actions is of one of the kinds."""
    return any(action.do in kinds for action in actions)


def _has_units(sites: Sequence[Site], progress: Progress) -> bool:
    """Tell whether any site can give a unit of anything open: else no strategy can place any."""
    lines = [line for line, _ in progress.open.values()]
    for site in sites:
        if site.candidate.capacity_left is not None and site.units_room() == 0:
            continue
        if any(site.sellable(line) for line in lines):
            return True
    return False


def _loaded(sites: tuple[Site, ...], progress: Progress) -> tuple[Site, ...]:
    """Return the sites under what the plan has taken by now."""
    loads = progress.loads
    if not loads:
        return sites
    return tuple(
        [
            site if (load := loads.get(site.location_id)) is None else site.under(load)
            for site in sites
        ]
    )
