"""What the stock of a SKU can be asked and told; each write is one batch (design 3)."""

from shared.inventory.service.ending import carry_out, end, perform, release
from shared.inventory.service.ledger import LedgerPage, ledger
from shared.inventory.service.queueing import queue
from shared.inventory.service.reading import (
    demand,
    level,
    levels,
    levels_at,
    open_reservations,
    overcommitted,
    quote_softs,
)
from shared.inventory.service.reconciling import Reconciliation, reconcile, repair
from shared.inventory.service.recording import record
from shared.inventory.service.reserving import expire, harden, move, reserve
from shared.inventory.service.selling import ats, availability, pickup, waiters, waiting_for
from shared.inventory.service.stockrules import save_stock_rules, stock_rules

__all__ = [
    "LedgerPage",
    "Reconciliation",
    "ats",
    "availability",
    "carry_out",
    "demand",
    "end",
    "expire",
    "harden",
    "ledger",
    "level",
    "levels",
    "levels_at",
    "move",
    "open_reservations",
    "overcommitted",
    "perform",
    "pickup",
    "queue",
    "quote_softs",
    "reconcile",
    "record",
    "release",
    "repair",
    "reserve",
    "save_stock_rules",
    "stock_rules",
    "waiters",
    "waiting_for",
]
