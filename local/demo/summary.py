"""What came of the day, as tables: the same text for the same seed (pure but for reading)."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from local.audit import stock as audit_of_stock
from local.audit.books import read_books as read_audit_books
from local.audit.checks import breaches, parked
from local.demo.baseline import OWN, Outcome, replay
from local.demo.books import Books, read_books
from local.demo.day import Played
from local.demo.doors import Doors
from local.demo.floor import Tally
from local.demo.retailers import RETAILERS, opening_stock
from local.demo.scene import READER
from local.demo.shape import Retailer
from local.demo.tables import money, percent, table
from shared.orders.model import WAITING, ExceptionStatus, Order
from shared.wiring import World

DAYS: Final = timedelta(days=4)
FIGURES: Final = {  # of the API's key figures, those for which there is no table of its own
    "first-attempt-sourcing": "lines sourced at the first attempt, of those planned",
    "fill": "fill rate: units that left, of those ordered",
    "split": "split rate: orders from several locations, of all",
    "reject": "reject rate: lines rejected, of those assigned",
    "promise-kept": "promises kept, of those due",
    "arrival-kept": "arrivals in time, of those due",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether every line is accounted for and nothing was oversold, and what was found wrong."""

    faults: tuple[str, ...]
    oversold: int
    shortage: int  # units that a till or a count has taken from under a promise

    @property
    def is_good(self) -> bool:
        return not self.faults and self.oversold == 0


async def audited(world: World) -> Verdict:
    """Recompute counters, reservations and states of both retailers from their documents."""
    faults: list[str] = []
    oversold = shortage = 0
    for retailer in RETAILERS:
        books = await read_audit_books(world.store, retailer.tenant_id, world.clock.now())
        faults += breaches(books)
        faults += await parked(world.store, retailer.tenant_id)
        below = sum(max(0, -row.free) for rows in books.levels.values() for row in rows)
        if any(audit_of_stock.nothing_is_oversold(books)):
            oversold += below
        else:
            shortage += below
    return Verdict(tuple(faults), oversold, shortage)


async def summary_of(world: World, played: Played, verdict: Verdict) -> str:
    """Return the tables of the day."""
    parts: list[str] = []
    for scene in played.scenes:
        books = await read_books(world.store, scene.tenant_id)
        known = await world.flows.knowledge.of(scene.tenant_id, world.clock.now())
        skus = sorted({line.sku for order in books.orders for line in order.lines if line.sku})
        products = await world.flows.knowledge.products(scene.tenant_id, skus, world.clock.now())
        opening = opening_stock(scene.retailer, scene.doors.kept.seed)
        figures = await _figures(scene.doors, scene.tenant_id, scene.day)
        parts += [
            _headline(scene.retailer, books),
            _by_channel(books),
            _by_state(books),
            _figures_table(figures),
            _costs(replay(known, books.orders, products, opening), scene.retailer.currency),
            _told(scene.noted | _of_floor(scene.floor.tally), books),
        ]
    parts += [_journey(played), accounts(verdict)]
    return "\n\n".join(parts) + "\n"


async def _figures(doors: Doors, tenant_id: str, day: date) -> list[dict[str, Any]]:
    query = {"from": day.isoformat(), "to": (day + DAYS).isoformat()}
    report = await doors.ask((tenant_id, READER), "GET", "/kpis", query=query)
    figures: list[dict[str, Any]] = report["figures"]
    return figures


def _headline(retailer: Retailer, books: Books) -> str:
    units = sum(line.quantity for order in books.orders for line in order.lines)
    text = (
        f"{retailer.name} ({retailer.tenant_id}, {retailer.currency}):"
        f" {len(books.orders)} orders, {units} units, {len(books.works)} pieces of work,"
        f" {len(books.shipments)} shipments, {len(books.returns)} returns"
    )
    return f"{text}\n{'#' * len(text)}"


def _by_channel(books: Books) -> str:
    states = sorted({order.status.value for order in books.orders})
    channels = sorted({order.channel for order in books.orders})
    counted = Counter((order.channel, order.status.value) for order in books.orders)
    rows = [
        [channel, *(counted[channel, state] or "" for state in states), _of(books, channel)]
        for channel in channels
    ]
    totals = [sum(counted[channel, state] for channel in channels) for state in states]
    rows.append(["all", *totals, len(books.orders)])
    return table("Orders by channel and end state", ["channel", *states, "all"], rows)


def _of(books: Books, channel: str) -> int:
    return sum(order.channel == channel for order in books.orders)


def _by_state(books: Books) -> str:
    units: Counter[tuple[str, str]] = Counter()
    lines: Counter[tuple[str, str]] = Counter()
    for state, why, quantity in _parts(books.orders):
        units[state, why] += quantity
        lines[state, why] += 1
    rows = [[state, why, lines[state, why], units[state, why]] for state, why in sorted(units)]
    head = ["state", "where or why", "parts", "units"]
    return table("Where every line stands", head, rows, texts=2)


def _parts(orders: Iterable[Order]) -> Iterator[tuple[str, str, int]]:
    for order in orders:
        for line in order.lines:
            for part in line.parts:
                why = part.reason or ""
                if not why and part.state in WAITING:
                    why = "waits for stock" if part.queued else "waits to be routed"
                if order.holds and part.state in WAITING:
                    why = f"held: {order.holds[0].reason}"
                if not why and part.state == "sourced":
                    why = "in work at its location"
                yield part.state.value, why, part.quantity


def _figures_table(figures: Sequence[dict[str, Any]]) -> str:
    rows = [
        [FIGURES[row["name"]], row["numerator"], row.get("denominator", ""),
         percent(row["numerator"], row.get("denominator") or 0)]
        for row in figures
        if row["name"] in FIGURES
    ]  # fmt: skip
    return table("Key figures (GET /api/v1/kpis)", ["figure", "of", "out of", "share"], rows)


def _costs(outcomes: Sequence[Outcome], currency: str) -> str:
    own = next(outcome for outcome in outcomes if outcome.name == OWN)
    rows = []
    for outcome in outcomes:
        more = outcome.cost_minor - own.cost_minor
        rows.append(
            [
                outcome.name,
                money(outcome.cost_minor, currency),
                money(outcome.cost_minor // max(1, outcome.orders), currency),
                "" if outcome is own else f"{100 * more / max(1, own.cost_minor):+.1f} %",
                outcome.parcels,
                percent(outcome.split_orders, outcome.orders),
                round(outcome.distance_m / 1000 / max(1, outcome.parcels)),
                outcome.short_units,
            ]
        )
    head = ["rules", "cost", "an order", "against own", "parcels", "split", "km a parcel", "short"]
    note = (
        "A replay: the day's ship orders again, in the order of acceptance and against the stock"
        " before\nthe first, planned by the same planner under each rule set. Cost is parcels and"
        " labor; rejects,\ncancels and till sales are left out. Rate cards are invented examples."
    )
    title = f"Cost of shipping against simpler rules ({own.orders} orders)"
    return f"{table(title, head, rows)}\n{note}"


def _of_floor(tally: Tally) -> dict[str, int]:
    return {
        "rejected by a location": tally.rejected,
        "short picks": tally.short_picks,
        "cancels of what was picked": tally.asked,
        "wrong pickup codes refused": tally.wrong_codes,
        "pickups collected": len(tally.collected),
    }


def _told(noted: dict[str, int], books: Books) -> str:
    opened = [row for row in books.exceptions if row.status is ExceptionStatus.OPEN]
    rows = [[what, noted[what]] for what in sorted(noted)]
    codes = Counter(row.code for row in opened)
    rows += [[f"exception before a person: {code}", codes[code]] for code in sorted(codes)]
    return table("What else the day held", ["what", "times"], rows)


def _journey(played: Played) -> str:
    title = "One journey over four channels"
    lines = [
        f"{number}. {what}\n   {evidence}"
        for number, (what, evidence) in enumerate(played.journey.steps, 1)
    ]
    return "\n".join([title, "=" * len(title), *lines])


def accounts(verdict: Verdict) -> str:
    """Return what the audit found."""
    title = "Accounts"
    lines = [
        f"oversold units: {verdict.oversold}",
        f"units short because a till or a count took them: {verdict.shortage}",
        "every line accounted for: counters, reservations and states recomputed from the ledgers:"
        f" {len(verdict.faults)} differences",
        *verdict.faults[:20],
    ]
    return "\n".join([title, "=" * len(title), *lines])
