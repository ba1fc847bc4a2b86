"""What becomes of units that no location can give, where the rules leave it to the settings."""

import pytest

from shared.orders.model import Order
from shared.routing.rules import InventoryRule, Routing, RuleSet
from tests.builders import Shop, a_shop, states

OPEN = RuleSet(
    rule_set_id="open",
    version=1,
    name="Open",
    routings=(Routing(name="all", rules=(InventoryRule(name="any"),)),),
)


async def placed_without_stock(shop: Shop) -> Order:
    order = await shop.place()
    await shop.close()
    return order


@pytest.mark.parametrize(
    ("shortage", "state"),
    [("backorder", "backordered"), ("queue", "unfillable"), ("exception", "exception")],
)
async def test_a_short_line_becomes_what_the_tenant_has_set(shortage: str, state: str) -> None:
    order = await placed_without_stock(await a_shop(rules=OPEN, shortage=shortage))
    assert states(order) == [("1", 1, state)]


async def test_a_rule_set_that_says_more_is_followed() -> None:
    order = await placed_without_stock(await a_shop(shortage="exception"))
    assert states(order) == [("1", 1, "unfillable")]
