"""Why a line was not sourced."""

from __future__ import annotations

from collections.abc import Sequence

from shared.routing.model import Candidate, RouteLine, ShortReason
from shared.routing.pricing import Pricer
from shared.routing.site import Site


def reason_of(
    line: RouteLine,
    quantity: int,
    candidates: Sequence[Candidate],
    sites: Sequence[Site],
    pricer: Pricer,
) -> ShortReason:
    """Return the first thing that stood in the line's way, from stock to constraints.

    `sites` are those of the last rule, with what this plan already took.
    """
    if not any(_sellable(candidate, line) for candidate in candidates):
        return ShortReason.NO_STOCK
    stocked = [site for site in sites if site.sellable(line)]
    if not stocked:
        return ShortReason.NO_CANDIDATE
    roomy = [site for site in stocked if site.has_room(((line, quantity),))]
    if not roomy:
        return ShortReason.NO_CAPACITY
    whole = [site for site in roomy if site.sellable(line) >= quantity]
    if not whole:
        return ShortReason.NOT_WHOLE
    if all(pricer.quote(site.location_id, ((line, quantity),)) is None for site in whole):
        return ShortReason.NO_SERVICE
    return ShortReason.CONSTRAINED


def _sellable(candidate: Candidate, line: RouteLine) -> bool:
    stock = candidate.stock.get(line.sku)
    return stock is not None and stock.sellable_ship > 0
