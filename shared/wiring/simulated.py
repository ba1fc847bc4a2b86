"""What simulations need of the embedded adapters: fault points, and a feed as bad as allowed."""

from shared.adapters.embedded.adversarial import AdversarialFeed
from shared.adapters.embedded.faults import Crash, Faults
from shared.wiring.world import exchange

__all__ = ["AdversarialFeed", "Crash", "Faults", "exchange"]
