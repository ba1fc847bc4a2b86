"""What simulations need of the embedded adapters: fault points, and a feed as bad as allowed."""

from shared.adapters.embedded.adversarial import AdversarialFeed
from shared.adapters.embedded.faults import Crash, Faults
from shared.wiring.world import World, _Current, memory_world

__all__ = ["AdversarialFeed", "Crash", "Faults", "memory_world", "put_in"]


def put_in(replacement: World) -> None:
    """Put another world in, at each step of another process; within `use`, which restores."""
    _Current.world = replacement
