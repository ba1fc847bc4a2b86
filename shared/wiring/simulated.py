"""What simulations need of the embedded adapters: fault points, and a feed as bad as allowed."""

from shared.adapters.embedded.adversarial import AdversarialFeed
from shared.adapters.embedded.faults import Crash, Faults

__all__ = ["AdversarialFeed", "Crash", "Faults"]
