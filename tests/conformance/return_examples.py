"""Returns: what comes back, and what of it is stock again."""

from collections import Counter as Tally

from shared.contracts.returns import (
    Disposition,
    InspectedUnits,
    InspectUnits,
    ReceiveParcel,
)
from shared.flows.accept_return import inspect_units, receive_parcel
from shared.returns import service as return_service
from shared.returns.model import Return
from tests.conformance.examples import Answer, Example, example
from tests.flows.counter import Counter, a_counter, a_line, close_all, eur

STORE = "berlin"


@example(
    "MED-RETURN",
    reading="sold at a till that had 4; dismissed as damaged = written off at inspection; the"
    " unit that was received good is resold",
)
async def medusa_return(case: Example) -> Answer:
    bought, stocked = case.given["bought"], case.given["stocked"]
    try:
        counter = await a_counter(stock=stocked + bought)
        found = await _returned(counter, bought, case.given["unit"] * 100)
        on_hand, quality_hold, damaged, free = await counter.stock(location_id=STORE)
    finally:
        await close_all()
    if (quality_hold, damaged, free) != (0, 0, on_hand):
        raise AssertionError("nothing waits for inspection, and what is there can be sold")
    units = Tally[Disposition]()
    for inspection in found.inspections:
        units.update({row.disposition: row.quantity for row in inspection.units})
    ours = {
        "received_good": units[Disposition.RESELL],
        "dismissed": units.total() - units[Disposition.RESELL],
        "written_off": units[Disposition.WRITE_OFF],
        "return.received": sum(line.received for line in found.lines),
        "return.damaged": units[Disposition.WRITE_OFF],
        "stocked": on_hand,
    }
    return Answer(ours, case.then)


async def _returned(counter: Counter, bought: int, price: int) -> Return:
    flows, clerk, now = counter.world.flows, counter.caller(), counter.now
    order = await counter.sold(a_line(quantity=bought, unit_price=eur(price)))
    asked = await counter.ask(order, ("1", bought))
    await return_service.approve(flows.store, clerk, asked.return_id, now)
    parcel = ReceiveParcel(parcel="parcel-1", location_id=STORE)
    await receive_parcel(flows, clerk, asked.return_id, parcel, now)
    seen = InspectUnits(
        batch="batch-1",
        location_id=STORE,
        units=(
            InspectedUnits(line_id="1", disposition=Disposition.RESELL, quantity=1),
            InspectedUnits(line_id="1", disposition=Disposition.WRITE_OFF, quantity=1),
        ),
        last=True,
    )
    found = await inspect_units(flows, clerk, asked.return_id, seen, now)
    await counter.settle(order.order_id)
    return found
