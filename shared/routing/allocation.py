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
from shared.routing.progress import Progress, hand_over, has_units, loaded
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

    def allocate(self, candidates: Sequence[Candidate]) -> Outcome:
        """Return what becomes of every unit; total, whatever the stock figures are."""
        return self._allocate(candidates, candidates, [])

    def allocate_without(
        self, candidates: Sequence[Candidate], location_id: str, outcome: Outcome
    ) -> Outcome:
        """Return what becomes of every unit when no parcel leaves one of an outcome's locations.

        It still hands over what is collected there. What the first rule sees differs from what it
        saw for the outcome by this location only.
        """
        first = outcome.traces[0]
        others = tuple([site for site in first.sites if site.location_id != location_id])
        able = [c for c in candidates if c.location_id != location_id]
        return self._allocate(candidates, able, [replace(first, sites=others)])

    def _allocate(
        self,
        stores: Sequence[Candidate],
        candidates: Sequence[Candidate],
        traces: list[Trace],
    ) -> Outcome:
        """Allocate; `stores` hand over, `candidates` ship, `traces` are of what is known before."""
        progress = Progress({}, {}, frozenset(self.request.already_at))
        divide, short = self.rule_set.divide_lines, list[ShortLine]()
        if self._pickups:
            short.extend(hand_over(self._pickups, stores, progress, divide))
        progress.open.update(self._open)
        routing = self.routing
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
        for index, rule in enumerate(routing.rules):
            before = None if _does(rule.on_partial, ALLOCATES) else progress.copy()
            assigned = len(progress.assignments)
            if index == len(traces):
                traces.append(self._seen(routing, rule, candidates, progress))
            self._apply(routing, traces[index], progress)
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

    def _seen(
        self,
        routing: Routing,
        rule: InventoryRule,
        candidates: Sequence[Candidate],
        progress: Progress,
    ) -> Trace:
        """Return what a rule sees: the locations that it may use, in its order, and the items."""
        compiled = self._compiled(routing, rule)
        kept, drops = passed(compiled.tests, candidates)
        keep, loads = compiled.keep, progress.loads
        sites = tuple(
            [
                Site(c, c.location_id, rank, keep, loads.get(c.location_id, UNUSED))
                for rank, c in enumerate(self._ranked(rule, kept, progress))
            ]
        )
        return Trace(rule, drops, sites, progress.items())

    def _apply(self, routing: Routing, trace: Trace, progress: Progress) -> None:
        rule, sites, items = trace.rule, trace.sites, trace.items
        for limits in self._compiled(routing, rule).passes:
            if not has_units(sites, progress):
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
            sites, items = loaded(sites, progress), progress.items()

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
        sites = loaded(traces[-1].sites, progress) if traces else ()
        for line, quantity in progress.open.values():
            reason = ShortReason.NO_ROUTING
            if self.routing is not None:
                reason = reason_of(line, quantity, candidates, sites, self.pricer)
            yield ShortLine(line.line_id, line.part, quantity, reason, end.do, end.queue, days)


def _does(actions: Sequence[Action], kinds: Sequence[ActionKind]) -> bool:
    """Tell whether one of the actions is of one of the kinds."""
    return any(action.do in kinds for action in actions)
