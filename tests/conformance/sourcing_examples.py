"""Sourcing, splitting, capacity and couriers: each under the policy that it describes."""

import re
from collections.abc import Mapping, Sequence

from shared.adapters.embedded.documents import EmbeddedDocuments
from shared.catalog import capacity
from shared.couriers.cards import Beyond, Tariff
from shared.couriers.decide import compile_card, customer_fee_minor, parcel_cost
from shared.couriers.model import FeeBand
from shared.kernel.clock import SteppedClock
from shared.routing.model import ActionKind, Candidate, RouteLine, SourcingPlan
from shared.routing.rules import Action, Constraint, Divide
from tests.conformance.examples import Answer, Example, example, given, numbers, steps
from tests.conformance.shop import NOW, TENANT
from tests.unit.couriers.samples import BERLIN, MUNICH, a_card, a_parcel, a_service
from tests.unit.routing.samples import (
    a_candidate,
    a_line,
    a_request,
    a_rule,
    a_rule_set,
    flat,
    left_open,
    plan,
    where,
)

POUND_G = 454  # so that 10 lb are ten whole steps of a pound


def route(
    lines: Sequence[RouteLine],
    candidates: Sequence[Candidate],
    strategy: str,
    divide: Divide = "always",
) -> SourcingPlan:
    """Plan with splits and partial allocation on; what nobody has is backordered."""
    rest = Action(do=ActionKind.BACKORDER)
    rule = a_rule(
        strategy=strategy,
        on_partial=(Action(do=ActionKind.ALLOCATE_PARTIAL), rest),
        on_none=(rest,),
    )
    return plan(a_request(*lines), candidates, a_rule_set(rule, divide_lines=divide), flat)


def lines_of(wanted: Mapping[str, int]) -> list[RouteLine]:
    return [a_line(str(n), units, sku=sku) for n, (sku, units) in enumerate(wanted.items(), 1)]


def by_sku(answer: SourcingPlan, wanted: Mapping[str, int]) -> dict[str, int]:
    """Return the units of each location and SKU, as `location/SKU`."""
    skus = dict(enumerate(wanted, start=1))
    found = {}
    for name, units in where(answer).items():
        place, _, line = name.partition("/")
        found[f"{place}/{skus[int(line)]}"] = units
    return found


@example(
    "SSA-1",
    "SSA-2",
    "SSA-3",
    "SSA-4",
    reading="named policy `priority`: each source in the given order gives what it has; shippable ="
    " nothing is short; a source that gives 0 is not listed; half steps",
)
async def magento(case: Example) -> Answer:
    data = given("MSI")
    pool = data["stocks"][str(case.given["stock"])]
    held: dict[str, dict[str, int]] = {place: {} for place in case.given["source_order"]}
    for place, sku, quantity, status in data["source_items"]:
        if place in held and place in pool and place not in data["disabled_sources"]:
            held[place][sku] = steps(quantity) if status else 0
    candidates = [
        a_candidate(place, stock, priority=n) for n, (place, stock) in enumerate(held.items(), 1)
    ]
    wanted = {sku: steps(quantity) for sku, quantity in case.when.items()}
    answer = route(lines_of(wanted), candidates, "priority")
    deduct = {name: steps(units) for name, units in case.then["deduct"].items() if units}
    return Answer((by_sku(answer, wanted), answer.is_complete), (deduct, case.then["shippable"]))


@example("ADOBE-PRIO", reading="named policy `priority`, each source by its own priority")
async def adobe(case: Example) -> Answer:
    data = given("ADOBE")
    candidates = [
        a_candidate(
            place,
            {sku: held[place] for sku, held in data["stock"].items() if place in held},
            priority=source["prio"],
        )
        for place, source in data["sources"].items()
    ]
    answer = route(lines_of(case.when), candidates, "priority")
    published = {name: units for name, units in case.then.items() if "/" in name}
    ours = (by_sku(answer, case.when), answer.is_complete)
    return Answer(ours, (published, case.then["shippable"]))


@example("SAL-HIGH", reading="named policy `highest-stock`")
async def saleor_by_stock(case: Example) -> Answer:
    return _saleor(case, "highest-stock", list(case.given))


@example("SAL-SORT", reading="named policy `priority`, in the order that the case names")
async def saleor_by_order(case: Example) -> Answer:
    order = case.when["strategy"].rpartition(" ")[2].split(",")
    return _saleor(case, "priority", order)


def _saleor(case: Example, strategy: str, order: list[str]) -> Answer:
    candidates = [
        a_candidate(name, {"sku-1": units}, priority=order.index(name) + 1)
        for name, units in case.given.items()
    ]
    answer = route((a_line("1", case.when["qty"]),), candidates, strategy)
    return Answer(where(answer), {f"{name}/1": units for name, units in case.then.items()})


@example(
    "VENDURE-SPLIT", reading="ours is the first figure: the second location gives the rest only"
)
async def vendure(case: Example) -> Answer:
    candidates = [
        a_candidate(name, {"sku-1": units}, priority=n)
        for n, (name, units) in enumerate(case.given.items(), start=1)
    ]
    answer = route((a_line("1", case.when["qty"]),), candidates, "priority")
    return Answer(where(answer), {f"{name}/1": case.then[name] for name in case.given})


@example(
    "SPREE",
    reading="named policy `fewest-splits`, a line is divided where no location fills it whole; the"
    " third case by its one location; backordered = short with the action backorder",
)
async def spree(case: Example) -> Answer:
    ours = [_spree(text) for text in case.when]
    expected = [_published(text) for text in case.then]
    return Answer(
        [
            {name: found.get(name, 0) for name in want}
            for found, want in zip(ours, expected, strict=True)
        ],
        expected,
    )


def _spree(text: str) -> dict[str, int]:
    """Return the units of each location, those on hand and backordered, and the locations used."""
    stock, _, want = text.partition("; want ")
    wanted = {sku: int(units) for sku, units in re.findall(r"(\w)(\d+)", want)}
    held = _held(stock)
    candidates = [
        a_candidate(place, units, priority=n) for n, (place, units) in enumerate(held.items(), 1)
    ]
    answer = route(lines_of(wanted), candidates, "fewest-splits", "if-needed")
    units = dict.fromkeys(held, 0)
    for assignment in answer.assignments:
        units[assignment.location_id] += assignment.quantity
    if any(short.action is not ActionKind.BACKORDER for short in answer.short):
        raise AssertionError(f"{text}: what is short is not backordered")
    return units | {
        "on hand": sum(units.values()),
        "backordered": sum(left_open(answer).values()),
        "locations": sum(1 for count in units.values() if count),
    }


def _held(text: str) -> dict[str, dict[str, int]]:
    """Read `NYC a=2, LA a=10`; a part without a place belongs to the place before it."""
    held: dict[str, dict[str, int]] = {}
    for place, sku, units in re.findall(r"(?:([A-Z]{2,}) )?([a-z])=(\d+)", text):
        if place:
            held[place] = {}
        held[next(reversed(held))][sku] = int(units)
    return held


def _published(text: str) -> dict[str, int]:
    """Read `8 on hand, both locations` and its like into the figures that it names."""
    found = {name: int(units) for name, units in re.findall(r"([A-Z]{2,}) (\d+)", text)}
    found |= dict.fromkeys(re.findall(r"([A-Z]{2,}) unused", text), 0)
    found |= {name: int(n) for n, name in re.findall(r"(\d+) (on hand|backordered)", text)}
    locations = re.search(r"(both|one) locations?", text)
    if locations:
        found["locations"] = {"one": 1, "both": 2}[locations[1]]
    return found


@example(
    "HW-THRESH",
    reading="two lines of the named values, each at one location only; constraint `split-value`;"
    " without a split nothing is allocated",
)
async def hotwax_threshold(case: Example) -> Answer:
    ours = []
    for text in case.when:
        threshold, *values = numbers(text)
        lines = [
            a_line(name, unit_value_minor=100 * value)
            for name, value in zip("ab", values, strict=True)
        ]
        candidates = [a_candidate("one", {"sku-a": 1}), a_candidate("two", {"sku-b": 1})]
        limit = Constraint(kind="split-value", limit=100 * threshold)
        rules = a_rule_set(a_rule(constraints=(limit,)))
        found = where(plan(a_request(*lines), candidates, rules, flat))
        ours.append({2: "split", 0: "no split"}[len(found)])
    return Answer(ours, case.then)


@example("HW-CAP", reading="max_orders = fulfillments a day; a limit of n admits exactly n")
async def capacity_of_one(case: Example) -> Answer:
    store = EmbeddedDocuments(":memory:", clock=SteppedClock(NOW), threaded=False)
    limit = case.given["max_orders"]
    try:
        taken = [
            await capacity.take(
                store,
                TENANT,
                "store-1",
                "2026-03-01",
                fulfillment_id=f"o_{n}.f1",
                units=1,
                limit=limit,
            )
            for n in range(limit + 1)
        ]
    finally:
        await store.close()
    words = [{True: "accepted", False: "refused"}[found] for found in taken]
    return Answer(f"{words[0]}, second {words[1]}", case.then["ours"])


@example("IOM-RATE", reading="each started pound beyond the threshold; money in minor units")
async def rate_beyond_a_threshold(case: Example) -> Answer:
    beyond = Beyond(
        threshold_g=case.given["threshold_lb"] * POUND_G,
        rate_minor=round(case.given["rate"] * 100),
        increment_minor=round(case.given["increment"] * 100),
        step_g=POUND_G,
    )
    row = {"zone": "home", "days_min": 1, "days_max": 2, "tariff": Tariff(beyond=beyond)}
    card = compile_card(a_card(services=(a_service(zones=(row,)),)))
    parcel = a_parcel(weight_g=case.when["weight"] * POUND_G)
    price = parcel_cost(card, BERLIN, MUNICH, parcel, "standard")
    return Answer(price, round(case.then * 100))


@example("BL-BANDS", reading="bands of the customer's fee: 0 below the lowest")
async def banded_fees(case: Example) -> Answer:
    bands = [FeeBand(minimum_minor=low, fee_minor=fee) for low, fee in case.given["bands"]]
    return Answer([customer_fee_minor(bands, value) for value in case.when], case.then)
