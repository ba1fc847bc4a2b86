"""Stock of one SKU: counters a location, and create-only documents that explain them (design 3).

Everything of a SKU lies in one partition (container stock, key SKU). Levels hold counters only;
reservations, ends and movements are never changed or deleted: ledger and outbox at once. Each of
them carries the deltas that it made, so that counters are the sum of documents.

Times are stored as fixed-width UTC text (`stamp`), because guards and queries compare text.
"""

from enum import StrEnum
from typing import Final

from pydantic import Field

from shared.contracts.stock import Ending
from shared.kernel.documents import Container, Document, Kind
from shared.kernel.model import Identifier, Integer, Natural, ShortText, Strict

NEVER: Final = ""  # a level that was never counted: before every stamp
LOCATIONS_MAX: Final = 1_000  # levels of one SKU that a read takes in
RULES_MAX: Final = 500


class Hardness(StrEnum):
    """Hard: bound to an order line's part. Soft: to a quote, until it expires."""

    HARD = "hard"
    SOFT = "soft"


class Level(Document):
    """What one location has of the SKU. `free` may be negative and changes with its parts."""

    sku: str
    location_id: str
    on_hand: int = 0
    damaged: int = 0
    quality_hold: int = 0
    reserved: int = 0
    soft_reserved: int = 0
    free: int = 0
    counted_as_of: str = NEVER


class ReservationDocument(Document):
    """Units bound to an order part or a quote. Void: ended before it came; it holds nothing."""

    reservation_id: str
    sku: str
    location_id: str
    quantity: int
    hardness: Hardness = Hardness.HARD
    order_id: str
    line_id: str
    part: int
    expires_at: str | None = None  # soft only
    void: bool = False
    tracked: bool = True  # False: recorded, counters untouched (stock mode unlimited)
    at: str


class EndDocument(Document):
    """The one ending of a reservation, with the deltas that it made.

    `effective` is False when a newer count has seen what happened to on hand, damaged and quality
    hold: then only the reserved counters followed. `freed` are units that became free, `short`
    how far free went below 0.
    """

    reservation_id: str
    sku: str
    location_id: str
    ending: Ending
    quantity: int
    reason: str | None = None
    on_hand: int = 0
    damaged: int = 0
    quality_hold: int = 0
    reserved: int = 0
    soft_reserved: int = 0
    effective: bool = True
    freed: int = 0
    short: int = 0
    at: str


class MovementDocument(Document):
    """Something that happened to the goods, once by its id. `counted` is set for counts.

    A count's deltas are what it changed. Not `effective`: recorded, changed no counter.
    """

    movement_id: str
    sku: str
    location_id: str
    reason: str
    on_hand: int = 0
    damaged: int = 0
    quality_hold: int = 0
    counted: int | None = None
    effective: bool = True
    short: int = 0
    order_id: str | None = None
    at: str


class Demand(Document):
    """Queued units by pool and by pickup location; each unit is in exactly one of them."""

    pools: dict[str, int] = Field(default_factory=dict)
    pickups: dict[str, int] = Field(default_factory=dict)

    @property
    def has_units(self) -> bool:
        """Whether anybody waits at all."""
        return any(units > 0 for units in (*self.pools.values(), *self.pickups.values()))


class WaitDocument(Document):
    """Demand of one order part that no reservation covers; `open` units are in `demand`.

    Never deleted: `generation` is the highest that was seen, and a task with a lower or equal one
    changes nothing (contracts.stock.Wait). One that was closed before it came has no quantity.
    """

    order_id: str
    line_id: str
    part: int
    sku: str
    generation: int
    open: bool
    quantity: int = 0
    pool_id: str = ""
    pickup_location: str | None = None
    priority: int = 0
    promise_by: str | None = None
    accepted_at: str = ""
    rank: str = ""  # sorts as waiters are served: priority, promise, acceptance


class RuleKind(StrEnum):
    """What a stock rule sets."""

    SAFETY_STOCK = "safety-stock"
    THRESHOLD = "threshold"
    SHIP = "ship"
    PICKUP = "pickup"
    CHANNEL = "channel"
    BACKORDER = "backorder"


class Match(Strict):
    """All that is named must hold: any of the names, but for tags, where all are needed."""

    skus: tuple[Identifier, ...] = ()
    tags: tuple[ShortText, ...] = ()
    categories: tuple[ShortText, ...] = ()
    locations: tuple[Identifier, ...] = ()
    groups: tuple[Identifier, ...] = ()
    channels: tuple[Identifier, ...] = ()
    methods: tuple[Identifier, ...] = ()


class StockRule(Strict):
    """One ordered rule; of those that match, the last wins (semantics 3).

    `units` for amounts; `percent` of usable on hand for safety stock; `on` for switches.
    `beyond_supply`: a backorder allowance that may exceed the unpromised inbound supply.
    """

    rule_id: Identifier
    kind: RuleKind
    match: Match = Match()
    units: Integer | None = None
    percent: int | None = Field(default=None, ge=0, le=100)
    on: bool | None = None
    beyond_supply: bool = False


class Pool(Strict):
    """The locations that channels may sell from, named one by one or by group."""

    pool_id: Identifier
    locations: tuple[Identifier, ...] = Field(default=(), max_length=1_000)
    groups: tuple[Identifier, ...] = Field(default=(), max_length=100)
    channels: tuple[Identifier, ...] = Field(default=(), max_length=100)


class StockRules(Document):
    """A tenant's stock rules and pools; `version` runs on with every change."""

    version: Natural = 0
    rules: tuple[StockRule, ...] = Field(default=(), max_length=RULES_MAX)
    pools: tuple[Pool, ...] = Field(default=(), max_length=100)


class SweepCursor(Document):
    """Where the next expiry sweep of a tenant's soft reservations begins; what the last reached."""

    expires_at: str = NEVER
    reached: str = NEVER


_S = Container.STOCK
LEVELS: Final = Kind(_S, "level", Level, ("location_id", "sku"))
RESERVATIONS: Final = Kind(
    *(_S, "reservation", ReservationDocument, ("location_id", "order_id", "expires_at", "at")),
    is_news=True,
)
ENDS: Final = Kind(_S, "end", EndDocument, ("location_id", "at"), is_news=True)
MOVEMENTS: Final = Kind(_S, "movement", MovementDocument, ("location_id", "at"), is_news=True)
DEMAND: Final = Kind(_S, "demand", Demand)
WAITS: Final = Kind(_S, "wait", WaitDocument, ("open", "rank", "order_id"))
STOCK_RULES: Final = Kind(Container.MASTER, "stockrules", StockRules)
SWEEPS: Final = Kind(Container.MASTER, "expirysweep", SweepCursor)
CONFIG: Final = "config"  # the key of a tenant's settings in master
DEMAND_ID: Final = "demand"


def level_id(location_id: str) -> str:
    return f"level:{location_id}"


def reservation_doc(reservation_id: str) -> str:
    return f"reservation:{reservation_id}"


def end_id(reservation_id: str) -> str:
    return f"end:{reservation_id}"


def move_id(movement_id: str) -> str:
    return f"move:{movement_id}"


def wait_id(order_id: str, line_id: str, part: int) -> str:
    return f"wait:{order_id}:{line_id}.{part}"
