"""Facts about goods as people and files tell them: names, measures and times made sure of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from shared.catalog.decide import Row, RowError, read_table
from shared.catalog.decide.cells import Column, instant_of, key, measure, whole
from shared.catalog.model import Product, ProductKind
from shared.catalog.service import ImportReport, RowFault
from shared.contracts.inventory import Count, StockMessage
from shared.flows.context import Flows
from shared.inventory import service as inventory
from shared.inventory.model import Outcome
from shared.kernel.errors import Fault, Invalid, Refused
from shared.kernel.ids import hash_id
from shared.kernel.quantity import NotACountOfSteps, Step
from shared.tenants.decide import may_work_at
from shared.tenants.model import Caller

COUNT_COLUMNS: Final = (
    Column("sku", ("sku",), key, is_key=True),
    Column("location_id", ("location_id",), key, is_key=True),
    Column("counted", ("counted",), whole),
    Column("measure", ("measure",), measure),
    Column("damaged", ("damaged",), whole),
    Column("quality_hold", ("quality_hold",), whole),
    Column("as_of", ("as_of",), instant_of),
)


class BundleHasNoStock(Refused):
    """A bundle has no stock of its own, so nobody can count, sell or receive it as such.

    Source: docs/adr/0011-bundles-are-their-components.md
    """

    code, status = "bundle-has-no-stock", 422

    def __init__(self, sku: str) -> None:
        super().__init__(f"{sku} is a bundle; tell of what is in it")
        self.sku = sku


async def product_told(
    flows: Flows, tenant_id: str, sku: str, location_id: str, now: datetime
) -> Product:
    """Return the product that a fact is about.

    Raises:
        Invalid: there is no such product, or no such location.
        BundleHasNoStock: it is a bundle.
    """
    known = await flows.knowledge.of(tenant_id, now)
    products = await flows.knowledge.products(tenant_id, [sku], now)
    _refuse_bundle(products.get(sku))
    faults = []
    if sku not in products:
        faults.append(Fault("/sku", "unknown-product", "there is no such product"))
    if location_id not in known.locations:
        faults.append(Fault("/location_id", "unknown-location", "there is no such location"))
    if faults:
        raise Invalid(faults)
    return products[sku]


def _refuse_bundle(product: Product | None) -> None:
    if product is not None and product.kind is ProductKind.BUNDLE:
        raise BundleHasNoStock(product.sku)


async def as_sent(
    flows: Flows, tenant_id: str, message: StockMessage, now: datetime
) -> StockMessage:
    """Return what a system's message tells: of now at the latest, on its location's basis.

    A product or location that nobody told us of has its stock all the same: it is a fact.

    Raises:
        BundleHasNoStock: it tells of a bundle.
    """
    products = await flows.knowledge.products(tenant_id, [message.sku], now)
    _refuse_bundle(products.get(message.sku))
    return await as_fed(flows, tenant_id, not_ahead(message, now), now)


def counted(product: Product, quantity: int | None, told: str | None, pointer: str) -> int:
    """Return a quantity in selling steps, given as such or as a measure in the unit of sale.

    Raises:
        Invalid: both are given, or neither.
        NotACountOfSteps: the measure is no whole number of steps.
    """
    if (quantity is None) == (told is None):
        raise Invalid([Fault(pointer, "one-quantity", f"give either {pointer[1:]} or measure")])
    if told is not None:
        return Step(Decimal(product.step)).count(told)
    return quantity or 0


async def as_fed(
    flows: Flows, tenant_id: str, message: StockMessage, now: datetime
) -> StockMessage:
    """Return a feed's count with the basis of its location, unless it names its own."""
    if not isinstance(message, Count) or message.net_of_reservations is not None:
        return message
    known = await flows.knowledge.of(tenant_id, now)
    location = known.locations.get(message.location_id)
    is_net = location is not None and location.feed_net_of_reservations
    return message.model_copy(update={"net_of_reservations": is_net})


def not_ahead(message: StockMessage, now: datetime) -> StockMessage:
    """Return a fact of at the latest now: a till whose clock is ahead has sold nothing tomorrow."""
    name = "as_of" if isinstance(message, Count) else "at"
    told: datetime = getattr(message, name)
    return message if told <= now else message.model_copy(update={name: now})


@dataclass(frozen=True, slots=True)
class Import:
    """Who imports, and the command of which each row's count is a part."""

    caller: Caller
    command_id: str
    now: datetime


async def import_counts(flows: Flows, asked: Import, raw: bytes) -> ImportReport:
    """Record the counts of a CSV file; good rows are written, bad ones listed.

    The same command again records nothing twice. Without `as_of` a row was counted now.

    Raises:
        TooLarge, Unreadable, Invalid: the file as a whole is no such table; nothing is written.
    """
    table = read_table(raw, COUNT_COLUMNS)
    tenant_id = asked.caller.tenant_id
    errors = list(table.errors)
    done = {Outcome.DONE: 0, Outcome.REPEATED: 0}
    refused = table.refused
    for row in table.rows:
        found = await _row(flows, asked, row)
        if isinstance(found, Count):
            message = await as_fed(flows, tenant_id, found, asked.now)
            recorded = await inventory.record(flows.store, tenant_id, message, asked.now)
            done[recorded.outcome] += 1
        else:
            errors += found
            refused += 1
    errors.sort(key=lambda error: error.line)
    return ImportReport(
        created=0,
        changed=done[Outcome.DONE],
        unchanged=done[Outcome.REPEATED],
        refused=refused,
        faults=len(errors),
        errors=tuple(
            RowFault(line=e.line, column=e.column, code=e.code, detail=e.detail)
            for e in errors[:1_000]
        ),
    )


async def _row(flows: Flows, asked: Import, row: Row) -> Count | Sequence[RowError]:
    sku, location_id = str(row.values["sku"]), str(row.values["location_id"])
    try:
        product = await product_told(flows, asked.caller.tenant_id, sku, location_id, asked.now)
        units = counted(product, _whole(row, "counted"), _text(row, "measure"), "/counted")
    except Invalid as error:
        return [RowError(row.line, f.pointer[1:], f.code, f.detail) for f in error.faults]
    except BundleHasNoStock as error:
        return [RowError(row.line, "sku", error.code, str(error))]
    except NotACountOfSteps as error:
        return [RowError(row.line, "measure", error.code, str(error))]
    if not may_work_at(asked.caller, location_id):
        detail = "the credential is not of this location"
        return [RowError(row.line, "location_id", "forbidden", detail)]
    if units < 0:
        return [RowError(row.line, "measure", "negative-count", "a count is not negative")]
    as_of = _text(row, "as_of")
    return Count(
        movement_id=hash_id("m", asked.command_id, sku, location_id),
        sku=sku,
        location_id=location_id,
        counted=units,
        damaged=_whole(row, "damaged") or 0,
        quality_hold=_whole(row, "quality_hold") or 0,
        as_of=min(datetime.fromisoformat(as_of), asked.now) if as_of else asked.now,
    )


def _whole(row: Row, name: str) -> int | None:
    value = row.values.get(name)
    return value if isinstance(value, int) else None


def _text(row: Row, name: str) -> str | None:
    value = row.values.get(name)
    return value if isinstance(value, str) else None
