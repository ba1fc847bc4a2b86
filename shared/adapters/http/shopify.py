"""Shopify's Admin API, as far as fulfillment write-back needs it."""

import json
import re
from typing import Final

from pydantic import ValidationError

from shared.channels.model import Connection
from shared.channels.ports import FulfillmentWriteBack, Shipped, token_name
from shared.channels.shopify_payloads import FulfillmentOrder
from shared.channels.shopify_write_back import fulfillment_body
from shared.kernel.errors import Refused, Unavailable
from shared.kernel.model import Foreign, parse_json
from shared.kernel.outbound import Answer, Outbound, Request
from shared.kernel.vault import Vault

API: Final = "admin/api/2026-10"
_DOMAIN: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,200}", re.ASCII)
_REFERENCE: Final = re.compile(r"[0-9]{1,20}", re.ASCII)


class WriteBackRefused(Refused):
    """The channel does not take it, and will not take it later either."""

    code, status = "channel-refused", 409

    def __init__(self, status: int) -> None:
        super().__init__(f"the channel answered {status}")


class _Open(Foreign):
    fulfillment_orders: tuple[FulfillmentOrder, ...] = ()


class ShopifyWriteBack:
    """Posts fulfillments for connections with a token and a domain; others go to `otherwise`."""

    def __init__(self, outbound: Outbound, vault: Vault, otherwise: FulfillmentWriteBack) -> None:
        self._outbound, self._vault, self._otherwise = outbound, vault, otherwise

    async def ship(self, tenant_id: str, connection: Connection, shipped: Shipped) -> bool:
        """Tell Shopify that units left (see `FulfillmentWriteBack`).

        Raises:
            Unavailable: not reached, throttled or failing.
            WriteBackRefused: any other refusal.
        """
        token = await self._vault.get(tenant_id, token_name(connection.connection_id))
        domain = (connection.domain or "").lower()
        if token is None or not _DOMAIN.fullmatch(domain):
            return await self._otherwise.ship(tenant_id, connection, shipped)
        if not _REFERENCE.fullmatch(shipped.reference):
            raise WriteBackRefused(404)
        headers = {"X-Shopify-Access-Token": token.decode("ascii"), "Accept": "application/json"}
        base = f"https://{domain}/{API}"
        url = f"{base}/orders/{shipped.reference}/fulfillment_orders.json"
        found = await self._outbound.call(Request("GET", url, headers))
        body = fulfillment_body(shipped, _open_orders(_checked(found)))
        if body is None:
            return False
        headers |= {"Content-Type": "application/json"}
        raw = json.dumps(body, ensure_ascii=False).encode()
        _checked(
            await self._outbound.call(Request("POST", f"{base}/fulfillments.json", headers, raw))
        )
        return True


def _checked(answer: Answer) -> Answer:
    if answer.is_success:
        return answer
    if answer.status in {0, 408, 429} or answer.status >= 500:
        raise Unavailable(answer.failure or f"the channel answered {answer.status}")
    raise WriteBackRefused(answer.status)


def _open_orders(answer: Answer) -> tuple[FulfillmentOrder, ...]:
    try:
        parse_json(answer.body)
        return _Open.model_validate_json(answer.body).fulfillment_orders
    except (Refused, ValidationError) as error:
        raise Unavailable("the channel's answer cannot be read") from error
