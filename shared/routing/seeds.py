"""Two rule sets that show the language; examples to start from."""

from __future__ import annotations

from shared.routing.conditions import (
    BeforeCutoff,
    FreshFeed,
    KindIn,
    Operator,
    OrderField,
    OrderFilter,
    UnitsRemain,
)
from shared.routing.model import ActionKind
from shared.routing.rules import (
    Action,
    Constraint,
    CostWeights,
    InventoryRule,
    LadderStep,
    LocationSort,
    OrderSort,
    Routing,
    RuleSet,
)

NEAR_M = 150_000
QUEUE = Action(do=ActionKind.QUEUE, queue="unfillable")
TO_BACKORDER = (Action(do=ActionKind.ALLOCATE_PARTIAL), Action(do=ActionKind.BACKORDER))


def _urgent() -> Routing:
    return Routing(
        name="urgent",
        filters=(
            OrderFilter(field=OrderField.PRIORITY, operator=Operator.GREATER_EQUALS, values=(5,)),
        ),
        sorts=(OrderSort(by="promise"),),
        rules=(
            InventoryRule(
                name="near first",
                filters=(FreshFeed(), BeforeCutoff()),
                cost=CostWeights(lateness=300),
                ladder=(
                    LadderStep(max_distance_m=NEAR_M, may_split=False),
                    LadderStep(max_distance_m=NEAR_M, may_split=True),
                    LadderStep(may_split=False),
                    LadderStep(may_split=True),
                ),
            ),
            InventoryRule(
                name="whatever fills it", on_partial=TO_BACKORDER, on_none=TO_BACKORDER[1:]
            ),
        ),
    )


def by_cost(unfilled: Action = QUEUE) -> RuleSet:
    """Return the rule set that takes the least cost, exactly; `unfilled`: what else becomes of it.

    Urgent orders climb a ladder: one near location, near ones, one anywhere, anywhere. All others
    go wherever parcels and labor cost least, over three locations only where nothing else fills.
    """
    return RuleSet(
        rule_set_id="cost",
        version=1,
        name="Least cost",
        divide_lines="if-needed",
        unfilled=unfilled,
        routings=(
            _urgent(),
            Routing(
                name="all others",
                sorts=(OrderSort(by="priority"), OrderSort(by="promise")),
                rules=(
                    InventoryRule(
                        name="least cost",
                        constraints=(Constraint(kind="max-locations", limit=3, is_hard=False),),
                        sorts=(LocationSort(by="priority"),),
                        on_partial=(Action(do=ActionKind.ALLOCATE_PARTIAL), unfilled),
                        on_none=(unfilled,),
                    ),
                ),
            ),
        ),
    )


def _store_first_rules() -> tuple[InventoryRule, InventoryRule, InventoryRule]:
    stores = InventoryRule(
        name="stores",
        filters=(KindIn(kinds=("store",)), UnitsRemain(units=1), FreshFeed()),
        strategy="in-order",
        sorts=(LocationSort(by="distance"), LocationSort(by="stock")),
        constraints=(Constraint(kind="no-split", is_hard=True),),
    )
    warehouses = InventoryRule(
        name="warehouses",
        filters=(KindIn(kinds=("warehouse",)),),
        strategy="priority",
        on_partial=(
            Action(do=ActionKind.ALLOCATE_PARTIAL),
            Action(do=ActionKind.NEXT_RULE),
        ),
    )
    anywhere = InventoryRule(
        name="anywhere",
        strategy="fewest-splits",
        on_partial=TO_BACKORDER,
        on_none=(Action(do=ActionKind.BACKORDER), Action(do=ActionKind.AUTO_CANCEL, days=30)),
    )
    return stores, warehouses, anywhere


def store_first() -> RuleSet:
    """Return the rule set that ships from stores before warehouses, and keeps one unit on show.

    Loyal customers' orders leave complete or not at all; small orders are never split for less
    than 20.00 a part; what no location has is backordered.
    """
    stores, warehouses, anywhere = _store_first_rules()
    return RuleSet(
        rule_set_id="store-first",
        version=1,
        name="Stores first",
        divide_lines="if-needed",
        unfilled=Action(do=ActionKind.BACKORDER),
        routings=(
            Routing(
                name="loyal",
                filters=(
                    OrderFilter(
                        field=OrderField.CUSTOMER_TIER,
                        operator=Operator.IN,
                        values=("gold", "platinum"),
                    ),
                ),
                sorts=(OrderSort(by="priority"), OrderSort(by="value")),
                rules=(warehouses, anywhere),
                constraints=(Constraint(kind="ship-complete", is_hard=True),),
            ),
            Routing(
                name="everyone",
                sorts=(OrderSort(by="priority"), OrderSort(by="promise")),
                rules=(stores, warehouses, anywhere),
                constraints=(Constraint(kind="split-value", limit=2000, is_hard=False),),
            ),
        ),
    )
