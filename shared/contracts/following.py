"""Which events the routing consumer follows, read as much as it needs."""

from typing import Final, TypeAlias

from pydantic import JsonValue

from shared.contracts.inventory import StockFreed, StockOvercommitted
from shared.contracts.orders import OrderWork

FollowUp: TypeAlias = OrderWork | StockFreed | StockOvercommitted
_STOCK: Final[dict[str, type[StockFreed] | type[StockOvercommitted]]] = {
    "inventory.stock-freed.v1": StockFreed,
    "inventory.stock-overcommitted.v1": StockOvercommitted,
}


def follow_up_of(name: str, data: dict[str, JsonValue]) -> FollowUp | None:
    """Return what an event asks for; None when it asks for nothing.

    The data is of JSON that is parsed already: its texts and lists are instants and tuples here.

    Raises:
        ValidationError: the data does not fit.
    """
    if name in _STOCK:
        return _STOCK[name].model_validate(data, strict=False)
    if "stock" in data or data.get("route"):
        return OrderWork.model_validate(data, strict=False)
    return None
