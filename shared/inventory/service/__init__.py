"""What the stock of a SKU can be asked and told; each write is one batch (design 3)."""

from shared.inventory.service.ending import end, perform, release
from shared.inventory.service.reading import demand, level, levels, levels_at
from shared.inventory.service.recording import record
from shared.inventory.service.reserving import expire, harden, move, reserve

__all__ = [
    "demand",
    "end",
    "expire",
    "harden",
    "level",
    "levels",
    "levels_at",
    "move",
    "perform",
    "record",
    "release",
    "reserve",
]
