"""What erasing a customer stands on; after it the old pages of the files are emptied."""

from shared.flows.erase_customer import Eraser
from shared.wiring.telling import telling
from shared.wiring.world import world


def eraser() -> Eraser:
    """Return what erases in this process."""
    current = world()
    return Eraser(current.flows, current.claims, telling().messenger, current.scrub)
