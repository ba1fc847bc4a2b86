"""The doors through which the day comes: HTTP with a key, signed webhooks, queue messages."""

import base64
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

from local.demo.http_client import Answer, Client
from local.demo.kept import Kept
from local.demo.seed import SHOP
from local.inbound import inbound
from shared.channels.shopify import CHANNEL
from shared.contracts.base import Contract
from shared.kernel.bus import Bus
from shared.kernel.clock import Clock
from shared.kernel.documents import Documents

API: Final = "/api/v1"


class Unexpected(Exception):
    """A door gave another answer than the day relies on: the demo has found a fault of ours."""

    def __init__(self, what: str, answer: Answer) -> None:
        said = answer.raw[:400].decode("utf-8", "replace")
        super().__init__(f"{what} answered {answer.status}: {said}")
        self.answer = answer


@dataclass(slots=True)
class Doors:
    """All doors of one running host; `count` is of the calls and messages so far."""

    client: Client
    bus: Bus
    clock: Clock
    kept: Kept
    store: Documents
    outbox: Path
    settled: Callable[[], Awaitable[None]]
    count: int = 0
    refused: dict[str, int] = field(default_factory=dict)

    async def call(
        self,
        who: tuple[str, str],
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        query: Mapping[str, str] | None = None,
        if_match: str | None = None,
    ) -> Answer:
        """Call the API as a role of a tenant; `key` is the Idempotency-Key of creating calls."""
        self.count += 1
        headers = {
            "Authorization": f"Bearer {self.kept.token(*who)}",
            "Content-Type": "application/json",
        }
        if key is not None:
            headers["Idempotency-Key"] = key
        if if_match is not None:
            headers["If-Match"] = if_match
        raw = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        place = API + quote(path, safe="/:._~-+@") + (f"?{urlencode(query)}" if query else "")
        return await self.client.send(method, place, headers, raw)

    async def ask(
        self,
        who: tuple[str, str],
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        **how: Any,
    ) -> Any:
        """Call the API and return its JSON.

        Raises:
            Unexpected: it is no success.
        """
        answer = await self.call(who, method, path, body, **how)
        if not answer.is_success:
            raise Unexpected(f"{method} {path}", answer)
        return answer.json()

    async def attempt(
        self,
        who: tuple[str, str],
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        **how: Any,
    ) -> Any:
        """Call the API; None when it refuses, which is counted by its code.

        Raises:
            Unexpected: a fault of the server.
        """
        answer = await self.call(who, method, path, body, **how)
        if answer.is_success:
            return answer.json()
        if answer.status >= 500:
            raise Unexpected(f"{method} {path}", answer)
        code = str(answer.json().get("code", answer.status))
        self.refused[code] = self.refused.get(code, 0) + 1
        return None

    async def shopify(
        self, tenant_id: str, topic: str, body: Mapping[str, Any], *, event_id: str
    ) -> str:
        """Deliver a webhook, signed with the connection's secret; returns its outcome.

        Raises:
            Unexpected: it was not taken.
        """
        self.count += 1
        raw = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        secret = self.kept.secrets[tenant_id].encode()
        signature = base64.b64encode(hmac.new(secret, raw, hashlib.sha256).digest())
        headers = {
            "Content-Type": "application/json",
            "X-Shopify-Topic": topic,
            "X-Shopify-Event-Id": event_id,
            "X-Shopify-Hmac-Sha256": signature.decode(),
        }
        path = f"{API}/webhooks/{CHANNEL}/{tenant_id}/{SHOP}"
        answer = await self.client.send("POST", path, headers, raw)
        if not answer.is_success:
            raise Unexpected(f"webhook {topic}", answer)
        return str(answer.json()["outcome"])

    async def put_on(
        self, queue: str, data: Contract, *, name: str, session: str | None = None
    ) -> None:
        """Send a message as a till, a marketplace or a warehouse does."""
        self.count += 1
        message = inbound(queue, data, name, self.clock.now(), session=session)
        await self.bus.send(queue, [message])


def at_text(at: datetime) -> str:
    """Return an instant as channels write it."""
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
