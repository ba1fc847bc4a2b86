"""The embedded provider: quotes from the tenant's own rate cards."""

from shared.couriers.decide.quotes import quote
from shared.couriers.model import Quote, RateRequest
from shared.couriers.service import CardShelf


class RateCardProvider:
    """Quotes every service of every card; what other providers fail over to."""

    name = "ratecard"

    def __init__(self, shelf: CardShelf) -> None:
        self._shelf = shelf

    async def quotes(self, tenant_id: str, request: RateRequest) -> tuple[Quote, ...]:
        """Return the quotes of all cards.

        Raises:
            Unavailable: the store is busy or away.
        """
        cards = await self._shelf.cards(tenant_id, request.now)
        return tuple(found for card in cards for found in quote(card, request))
