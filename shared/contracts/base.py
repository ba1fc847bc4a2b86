"""What every command and event that crosses a process has in common (style 12)."""

from shared.kernel.model import Identifier, Instant, Strict


class Contract(Strict):
    """Frozen, strict, versioned by its `type` literal: `<room>.<what-happened>.v<n>`."""


class Event(Contract):
    """Something that happened; ids and reason codes only, never personal data or free text."""

    tenant_id: Identifier
    occurred_at: Instant


def short_name(type_: str) -> str:
    """Return `orders.order-accepted` for `orders.order-accepted.v1`: the label for filters."""
    return type_.rpartition(".")[0]
