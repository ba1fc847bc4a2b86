"""One order through one rule set: rules, passes, ladder and actions. Pure; explains nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from shared.routing.constraints import passes
from shared.routing.filters import Drop, eligible, routing_of, units_kept
from shared.routing.geo import Distances
from shared.routing.model import (
    ActionKind,
    Assignment,
    Candidate,
    RouteRequest,
    ShortLine,
    ShortReason,
)
from shared.routing.pricing import Pricer
from shared.routing.problem import Item, Limits, Placement, Problem, Solution, consolidated
from shared.routing.progress import Progress, hand_over
from shared.routing.rules import (
    Action,
    InventoryRule,
    LadderStep,
    Routing,
    RuleSet,
)
from shared.routing.shortage import reason_of
from shared.routing.site import Site
from shared.routing.sorts import in_order
from shared.routing.strategies import STRATEGIES
from shared.routing.strategies.exact import exact

ANYWHERE = (LadderStep(may_split=True),)
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


@dataclass(frozen=True, slots=True)
class Trace:
    """What one rule saw: for the explanation."""

    rule: InventoryRule
    drops: tuple[Drop, ...]
    sites: tuple[Site, ...]
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of every unit, before it is explained."""

    routing: Routing | None
    placements: tuple[Placement, ...]
    assignments: tuple[Assignment, ...]
    short: tuple[ShortLine, ...]
    traces: tuple[Trace, ...]

    @property
    def units(self) -> int:
        return sum(assignment.quantity for assignment in self.assignments)

    @property
    def cost_minor(self) -> int:
        return sum(placement.cost_minor for placement in self.placements)


@dataclass(frozen=True, slots=True)
class Allocator:
    """One question asked of one rule set; asked again with changes for the counterfactuals."""

    request: RouteRequest
    rule_set: RuleSet
    pricer: Pricer
    distances: Distances

    def allocate(self, candidates: Sequence[Candidate]) -> Outcome:
        """Return what becomes of every unit; total, whatever the stock figures are."""
        progress = Progress({}, {}, frozenset(self.request.already_at))
        short = list(
            hand_over(self.request.lines, candidates, progress, self.rule_set.divide_lines)
        )
        for line in self.request.lines:
            if line.method == "ship" and line.quantity > 0:
                progress.open[line.line_id, line.part] = (line, line.quantity)
        routing = routing_of(self.rule_set, self.request)
        traces: list[Trace] = []
        ending: tuple[Action, ...] = (self.rule_set.unfilled,)
        if progress.open and routing is not None:
            ending = self._follow(routing, candidates, progress, traces)
        short.extend(self._short(routing, candidates, progress, traces, ending))
        weights = routing.rules[-1].cost if routing is not None else None
        placements = tuple(progress.placements)
        if weights is not None:
            placements = consolidated(self.pricer, weights, placements)
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
            before = progress.copy()
            self._apply(routing, rule, candidates, progress, traces)
            if not progress.open:
                return rule.on_full
            is_partial = len(progress.assignments) > len(before.assignments)
            actions = rule.on_partial if is_partial else rule.on_none
            kinds = {action.do for action in actions}
            if is_partial and not kinds & {ActionKind.ALLOCATE, ActionKind.ALLOCATE_PARTIAL}:
                progress.open, progress.loads = before.open, before.loads
                progress.placements, progress.assignments = before.placements, before.assignments
                progress.used = before.used
            if ActionKind.NEXT_RULE not in kinds:
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
        kept, drops = eligible(
            rule.filters, candidates, self.request.destination.country, self.distances
        )
        everything = tuple(progress.open.values())
        row = self.pricer.priced(everything, rule.cost)
        ranked = in_order(kept, rule.sorts, self.distances, self.pricer, row)
        keep = units_kept(rule.filters)
        sites = tuple(Site(c, c.location_id, rank, keep) for rank, c in enumerate(ranked))
        traces.append(Trace(rule, drops, self._loaded(sites, progress), progress.items()))
        for limits in passes(self.rule_set, routing, rule):
            if not self._has_units(sites, progress):
                return
            for placement in self._climb(rule, sites, limits, progress).placements:
                progress.placements.append(placement)
                progress.take(placement.site.location_id, placement.contents, rule.name)
                progress.used |= {placement.site.location_id}

    def _has_units(self, sites: tuple[Site, ...], progress: Progress) -> bool:
        """Tell whether any site has a unit of anything open: else no strategy can place any."""
        lines = [line for line, _ in progress.open.values()]
        return any(
            site.sellable(line) > 0 for site in self._loaded(sites, progress) for line in lines
        )

    def _climb(
        self, rule: InventoryRule, sites: tuple[Site, ...], limits: Limits, progress: Progress
    ) -> Solution:
        """Return the first rung's answer that places everything, else the fullest answer."""
        best = Solution()
        items = progress.items()
        most = limits.per_line
        problem = Problem(
            tuple(item for item in items if most is None or item.places < most),
            self._loaded(sites, progress),
            self.pricer,
            rule.cost,
            self.distances,
            limits,
            self.rule_set.divide_lines,
            progress.used,
            items,
        )
        for step in rule.ladder or ANYWHERE:
            near = self._within(problem.sites, step.max_distance_m)
            rung = problem if near is problem.sites else replace(problem, sites=near)
            if not step.may_split:
                rung = replace(rung, limits=replace(limits, locations=1))
            solution = STRATEGIES.get(rule.strategy, exact)(rung)
            if solution.units == problem.units:
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

    def _loaded(self, sites: tuple[Site, ...], progress: Progress) -> tuple[Site, ...]:
        loads = progress.loads
        if not loads:
            return sites
        return tuple(
            replace(site, load=loads[site.location_id]) if site.location_id in loads else site
            for site in sites
        )

    def _short(
        self,
        routing: Routing | None,
        candidates: Sequence[Candidate],
        progress: Progress,
        traces: list[Trace],
        ending: tuple[Action, ...],
    ) -> Iterator[ShortLine]:
        end = next((a for a in ending if a.do in ENDINGS), self.rule_set.unfilled)
        days = next((a.days for a in ending if a.do is ActionKind.AUTO_CANCEL), None)
        sites = self._loaded(traces[-1].sites, progress) if traces else ()
        for line, quantity in progress.open.values():
            reason = ShortReason.NO_ROUTING
            if routing is not None:
                reason = reason_of(line, quantity, candidates, sites, self.pricer)
            yield ShortLine(line.line_id, line.part, quantity, reason, end.do, end.queue, days)
