"""Endpoints and deliveries in the store."""

import json
from datetime import timedelta

import pytest
from standardwebhooks.webhooks import Webhook

from shared.kernel.errors import NotFound, PreconditionFailed
from shared.notifications import service
from shared.notifications.model import (
    DeliveryStatus,
    Disabled,
    EndpointDisabled,
    EndpointStatus,
    TooManyEndpoints,
)
from tests.unit.notifications.samples import NOW, TENANT, Office, an_office, details

ACCEPTED = "orders.order-accepted.v1"


async def tell(office: Office, event_id: str = "e_1", event_type: str = ACCEPTED) -> int:
    data = {"order_id": "o_1"}
    now = office.clock.now()
    return await service.tell(office.hooks, TENANT, event_id, event_type, now, data, now=now)


async def statuses(office: Office, endpoint_id: str) -> list[tuple[DeliveryStatus, int]]:
    page = await service.deliveries(office.hooks.store, TENANT, endpoint_id)
    return [(row.body.status, row.body.tries) for row in page.items]


async def test_an_event_is_told_once_to_each_endpoint_that_asked_signed_with_its_secret() -> None:
    async with an_office() as office:
        made = await service.create_endpoint(office.hooks, TENANT, details(), NOW)
        other = details(events=("refund.*",))
        await service.create_endpoint(office.hooks, TENANT, other, NOW)
        assert await tell(office) == 1
        assert await tell(office) == 0
        (sent,) = office.outside.asked
        assert sent.url == "https://shop.example/hooks"
        assert sent.headers["webhook-id"] == "e_1"
        assert json.loads(sent.body)["data"] == {"order_id": "o_1"}
        signature = Webhook(made.secret).sign("e_1", NOW, sent.body.decode())
        assert sent.headers["webhook-signature"] == signature
        assert await statuses(office, made.endpoint_id) == [(DeliveryStatus.DELIVERED, 1)]


async def test_events_of_ours_alone_and_other_tenants_events_are_told_to_nobody() -> None:
    async with an_office() as office:
        await service.create_endpoint(office.hooks, TENANT, details(), NOW)
        assert await tell(office, event_type="orders.order-noted.v1") == 0
        told = await service.tell(office.hooks, "other", "e_1", ACCEPTED, NOW, {}, now=NOW)
        assert (told, office.outside.asked) == (0, [])


async def test_what_failed_is_tried_again_when_it_is_due_and_not_before() -> None:
    async with an_office(500, 204) as office:
        made = await service.create_endpoint(office.hooks, TENANT, details(), NOW)
        await tell(office)
        assert await service.sweep(office.hooks, TENANT, office.clock.now()) == 0
        office.clock.advance(timedelta(seconds=5))
        assert await service.sweep(office.hooks, TENANT, office.clock.now()) == 1
        assert await service.sweep(office.hooks, TENANT, office.clock.now()) == 0
        assert await statuses(office, made.endpoint_id) == [(DeliveryStatus.DELIVERED, 2)]
        found = await service.get_endpoint(office.hooks.store, TENANT, made.endpoint_id)
        assert found.body.failing_since is None


async def test_a_failing_endpoint_does_not_hold_new_events_up() -> None:
    async with an_office(500) as office:
        made = await service.create_endpoint(office.hooks, TENANT, details(), NOW)
        await tell(office, "e_1")
        await tell(office, "e_2")
        assert len(office.outside.asked) == 1
        assert (DeliveryStatus.PENDING, 0) in await statuses(office, made.endpoint_id)
        await service.sweep(office.hooks, TENANT, office.clock.now())
        assert len(office.outside.asked) == 2


async def test_of_an_endpoint_that_answers_410_nothing_more_is_asked() -> None:
    async with an_office(410) as office:
        made = await service.create_endpoint(office.hooks, TENANT, details(), NOW)
        await tell(office, "e_1")
        await tell(office, "e_2")
        found = await service.get_endpoint(office.hooks.store, TENANT, made.endpoint_id)
        assert found.body.disabled is Disabled.GONE
        assert len(office.outside.asked) == 1
        with pytest.raises(EndpointDisabled):
            await service.send_test(office.hooks, TENANT, made.endpoint_id, NOW)
        office.outside.answers[0] = type(office.outside.answers[0])(200)
        back = await service.set_in_use(office.hooks, TENANT, made.endpoint_id, is_in_use=True)
        assert back.status is EndpointStatus.ACTIVE
        assert await tell(office, "e_3") == 1


async def test_a_test_and_a_replay_show_what_came_of_them() -> None:
    async with an_office(204, 500, 204) as office:
        made = await service.create_endpoint(office.hooks, TENANT, details(), NOW)
        name = made.endpoint_id
        tested = await service.send_test(office.hooks, TENANT, name, NOW)
        assert (tested.event_type, tested.status) == ("test.sent", DeliveryStatus.DELIVERED)
        again = await service.replay(office.hooks, TENANT, name, tested.delivery_id, NOW)
        assert again.status is DeliveryStatus.PENDING
        done = await service.replay(office.hooks, TENANT, name, tested.delivery_id, NOW)
        assert [a.status for a in done.attempts] == [204, 500, 204]
        with pytest.raises(NotFound):
            await service.replay(office.hooks, TENANT, name, "d_other", NOW)


async def test_secrets_are_rotated_and_forgotten_with_their_endpoint() -> None:
    async with an_office() as office:
        hooks = office.hooks
        made = await service.create_endpoint(hooks, TENANT, details(), NOW)
        new = await service.rotate_secret(hooks, TENANT, made.endpoint_id)
        assert (new.secrets, new.secret == made.secret) == (2, False)
        await tell(office)
        assert office.outside.asked[0].headers["webhook-signature"].count("v1,") == 2
        left = await service.drop_old_secret(hooks, TENANT, made.endpoint_id)
        assert len(left.secrets) == 1
        assert await service.drop_old_secret(hooks, TENANT, made.endpoint_id) == left
        await service.forget_endpoint(hooks, TENANT, made.endpoint_id)
        assert await hooks.vault.get(TENANT, left.secrets[0]) is None
        with pytest.raises(NotFound):
            await service.get_endpoint(hooks.store, TENANT, made.endpoint_id)


async def test_no_secret_stands_in_a_document_or_a_listing() -> None:
    async with an_office() as office:
        made = await service.create_endpoint(office.hooks, TENANT, details(), NOW)
        page = await service.list_endpoints(office.hooks.store, TENANT, limit=10, cursor=None)
        assert made.secret not in page.items[0].body.model_dump_json()
        assert "whsec_" not in service.view_of(page.items[0].body).model_dump_json()


async def test_an_endpoint_is_changed_only_as_it_was_read() -> None:
    async with an_office() as office:
        hooks = office.hooks
        made = await service.create_endpoint(hooks, TENANT, details(), NOW)
        read = await service.get_endpoint(hooks.store, TENANT, made.endpoint_id)
        wanted = details(events=("refund.*",))
        await service.change_endpoint(hooks, TENANT, made.endpoint_id, wanted, read.etag)
        with pytest.raises(PreconditionFailed):
            await service.change_endpoint(hooks, TENANT, made.endpoint_id, details(), read.etag)
        assert await tell(office) == 0


async def test_a_tenant_has_ten_endpoints_at_most() -> None:
    async with an_office() as office:
        for _ in range(10):
            await service.create_endpoint(office.hooks, TENANT, details(), NOW)
        with pytest.raises(TooManyEndpoints):
            await service.create_endpoint(office.hooks, TENANT, details(), NOW)
