"""Bodies and answers of stock."""

from datetime import datetime

from pydantic import Field

from shared.catalog.model import Product
from shared.contracts.inventory import Adjustment, Count, Receipt, Sale
from shared.flows.tell_stock import counted
from shared.inventory.decide.ledger import Row
from shared.inventory.model import (
    RULES_MAX,
    Level,
    Outcome,
    Pool,
    Recorded,
    StockRule,
)
from shared.kernel.errors import Fault, Invalid
from shared.kernel.model import Identifier, Instant, Integer, Natural, Strict, Units

SIGNED_MEASURE = r"^-?[0-9]{1,9}(\.[0-9]{1,6})?$"
MEASURE = r"^[0-9]{1,9}(\.[0-9]{1,6})?$"


class Told(Strict):
    """What every fact names. `movement_id` is the caller's own; else the Idempotency-Key's."""

    movement_id: Identifier | None = None
    sku: Identifier
    location_id: Identifier


class AdjustmentBody(Told):
    """A delta with its reason; `measure` instead of `on_hand` in the unit of sale ("-8.5")."""

    on_hand: Integer | None = None
    measure: str | None = Field(default=None, pattern=SIGNED_MEASURE)
    damaged: Integer = 0
    quality_hold: Integer = 0
    reason: Identifier
    at: Instant | None = None


class CountBody(Told):
    """What is on the shelf; `measure` instead of `counted` in the unit of sale ("8.5").

    `net_of_reservations`: the figure leaves out what is reserved there. Not told: a system's count
    is as its location's feed always is, a person's is all that is on the shelf.
    """

    counted: Natural | None = None
    measure: str | None = Field(default=None, pattern=MEASURE)
    damaged: Natural = 0
    quality_hold: Natural = 0
    as_of: Instant | None = None
    net_of_reservations: bool | None = None


class ReceiptBody(Told):
    quantity: Units | None = None
    measure: str | None = Field(default=None, pattern=MEASURE)
    at: Instant | None = None


class SaleBody(Told):
    """A till's sale, or with a minus its return; `movement_id` is the receipt's line."""

    quantity: Integer | None = None
    measure: str | None = Field(default=None, pattern=SIGNED_MEASURE)
    at: Instant | None = None


class LevelView(Strict):
    sku: str
    location_id: str
    on_hand: int
    damaged: int
    quality_hold: int
    reserved: int
    soft_reserved: int
    free: int
    counted_as_of: str | None = None


class RecordedView(Strict):
    """Not `effective`: a newer count had seen it; `short`: free fell so far below 0."""

    movement_id: str
    repeated: bool
    effective: bool
    short: int
    level: LevelView | None = None


class LedgerRow(Strict):
    """What happened, by its own time, with the balances after it."""

    id: str
    at: str
    what: str
    reason: str | None = None
    counted: int | None = None
    effective: bool
    on_hand: int
    damaged: int
    quality_hold: int
    reserved: int
    soft_reserved: int
    balance_on_hand: int
    balance_damaged: int
    balance_quality_hold: int
    balance_reserved: int
    balance_soft_reserved: int
    balance_free: int


class RulesBody(Strict):
    """Rules in order, of which the last that matches wins; pools are what channels sell from."""

    rules: tuple[StockRule, ...] = Field(default=(), max_length=RULES_MAX)
    pools: tuple[Pool, ...] = Field(default=(), max_length=100)


class RulesView(RulesBody):
    version: int


class ReconcileBody(Strict):
    """`repair` makes good what differs, by compensation."""

    sku: Identifier
    repair: bool = False


def adjustment_of(
    body: AdjustmentBody, product: Product, movement_id: str, now: datetime
) -> Adjustment:
    """Return the movement; one of damaged or held units alone needs no `on_hand`."""
    is_of_state = body.measure is None and bool(body.damaged or body.quality_hold)
    units = 0 if body.on_hand is None and is_of_state else body.on_hand
    return Adjustment(
        movement_id=movement_id,
        sku=body.sku,
        location_id=body.location_id,
        on_hand=counted(product, units, body.measure, "/on_hand"),
        damaged=body.damaged,
        quality_hold=body.quality_hold,
        at=body.at or now,
        reason=body.reason,
    )


def count_of(body: CountBody, product: Product, movement_id: str, now: datetime) -> Count:
    """Return the count."""
    return Count(
        movement_id=movement_id,
        sku=body.sku,
        location_id=body.location_id,
        counted=counted(product, body.counted, body.measure, "/counted"),
        damaged=body.damaged,
        quality_hold=body.quality_hold,
        as_of=body.as_of or now,
        net_of_reservations=body.net_of_reservations,
    )


def receipt_of(body: ReceiptBody, product: Product, movement_id: str, now: datetime) -> Receipt:
    """Return the receipt.

    Raises:
        Invalid: nothing came in.
    """
    units = counted(product, body.quantity, body.measure, "/quantity")
    if units < 1:
        raise Invalid([Fault("/measure", "nothing-received", "more than nothing comes in")])
    return Receipt(
        movement_id=movement_id,
        sku=body.sku,
        location_id=body.location_id,
        quantity=units,
        at=body.at or now,
    )


def sale_of(body: SaleBody, product: Product, movement_id: str, now: datetime) -> Sale:
    """Return the sale, or the return to a till."""
    return Sale(
        movement_id=movement_id,
        sku=body.sku,
        location_id=body.location_id,
        quantity=counted(product, body.quantity, body.measure, "/quantity"),
        at=body.at or now,
    )


def level_view(level: Level) -> LevelView:
    """Return a level as it is shown."""
    told = {name: getattr(level, name) for name in LevelView.model_fields}
    return LevelView(**told | {"counted_as_of": level.counted_as_of or None})


def recorded_view(movement_id: str, recorded: Recorded, level: Level | None) -> RecordedView:
    """Return what a fact came to, with the level as it stands."""
    return RecordedView(
        movement_id=movement_id,
        repeated=recorded.outcome is Outcome.REPEATED,
        effective=recorded.effective,
        short=recorded.short,
        level=level_view(level) if level else None,
    )


def ledger_row(row: Row) -> LedgerRow:
    """Return a row of the ledger as it is shown."""
    names = ("on_hand", "damaged", "quality_hold", "reserved", "soft_reserved")
    balances = {f"balance_{name}": getattr(row.balance, name) for name in (*names, "free")}
    return LedgerRow(
        id=row.id,
        at=row.at,
        what=row.what,
        reason=row.reason,
        counted=row.counted,
        effective=row.effective,
        **{name: getattr(row.deltas, name) for name in names},
        **balances,
    )
