"""A channel's access token goes into the vault and comes back to nobody."""

import json
import logging
from typing import Any

import pytest

from functions import channels
from shared.channels.ports import token_name
from shared.tenants.model import Role
from tests.builders import TENANT, Answer, Shop

TOKEN = "shpat_0123456789abcdef"
WEB = {"connection": "web"}


async def connected(shop: Shop) -> None:
    body = {"channel": "shopify", "domain": "acme.example.com", "secret": "hush-hush-hush"}
    answer = await shop.call(channels.save_connection, WEB, body=body, role=Role.ADMIN)
    assert answer.status == 200, answer.body


async def told(shop: Shop, token: str = TOKEN, **changes: Any) -> Answer:
    usual: dict[str, Any] = {"body": {"token": token}, "role": Role.ADMIN}
    return await shop.call(channels.keep_access_token, WEB, **(usual | changes))


async def kept(shop: Shop) -> bytes | None:
    return await shop.world.vault.get(TENANT, token_name("web"))


async def shown(shop: Shop) -> dict[str, Any]:
    found = await shop.call(channels.list_connections, role=Role.ADMIN)
    (row,) = found.body["items"]
    return dict(row)


async def test_a_token_is_kept_and_neither_echoed_nor_logged(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    await connected(shop)
    with caplog.at_level(logging.DEBUG):
        answer = await told(shop)
    assert (answer.status, answer.body, await kept(shop)) == (204, b"", TOKEN.encode())
    row = await shown(shop)
    assert row["has_token"] is True
    assert TOKEN not in json.dumps(row)
    assert all(TOKEN not in str(vars(record)) for record in caplog.records)


async def test_a_changed_connection_keeps_its_token(shop: Shop) -> None:
    await connected(shop)
    await told(shop)
    await connected(shop)
    assert (await shown(shop))["has_token"] is True


async def test_a_token_that_no_header_can_carry_is_refused_and_not_repeated(shop: Shop) -> None:
    await connected(shop)
    for odd in ("shpat_\r\nHost: evil", "geheimnis-für-dich", "tiny-1"):
        refused = await told(shop, odd)
        assert (refused.status, refused.body["errors"][0]["pointer"]) == (422, "/token")
        assert odd not in json.dumps(refused.body, ensure_ascii=False)
    assert await kept(shop) is None
    assert (await shown(shop))["has_token"] is False


async def test_only_admins_keep_tokens_and_only_of_their_connections(shop: Shop) -> None:
    assert (await told(shop)).status == 404
    await connected(shop)
    for role in (Role.OPERATOR, Role.INTEGRATION, Role.READ_ONLY, Role.ASSOCIATE):
        assert (await told(shop, role=role)).status == 403
    assert await kept(shop) is None


async def test_a_forgotten_token_is_gone_and_so_is_that_of_a_forgotten_connection(
    shop: Shop,
) -> None:
    await connected(shop)
    await told(shop)
    for _ in range(2):
        gone = await shop.call(channels.forget_access_token, WEB, role=Role.ADMIN)
        assert gone.status == 204
    assert (await kept(shop), (await shown(shop))["has_token"]) == (None, False)
    await told(shop)
    await shop.call(channels.forget_connection, WEB, role=Role.ADMIN)
    assert await kept(shop) is None


async def test_a_secret_that_is_rotated_meanwhile_stays(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await connected(shop)
    vault = shop.world.vault
    real = vault.put

    async def put(tenant_id: str, name: str, secret: bytes) -> None:
        monkeypatch.setattr(vault, "put", real)
        body = {"channel": "shopify", "secret": "another-secret"}
        await shop.call(channels.save_connection, WEB, body=body, role=Role.ADMIN)
        await real(tenant_id, name, secret)

    monkeypatch.setattr(vault, "put", put)
    assert (await told(shop)).status == 204
    row = await shown(shop)
    assert (row["secrets"], row["has_token"]) == (2, True)


async def test_a_token_of_a_connection_that_is_removed_meanwhile_is_not_kept(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await connected(shop)
    vault = shop.world.vault
    real = vault.put

    async def put(tenant_id: str, name: str, secret: bytes) -> None:
        await shop.call(channels.forget_connection, WEB, role=Role.ADMIN)
        await real(tenant_id, name, secret)

    monkeypatch.setattr(vault, "put", put)
    assert (await told(shop)).status == 404
    assert await kept(shop) is None
    found = await shop.call(channels.list_connections, role=Role.ADMIN)
    assert found.body["items"] == []
