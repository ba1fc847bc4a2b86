"""Change feed triggers: all that is new in one invocation, nothing ever passed over."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import azure.functions as func
from azure.functions.meta import Datum

from local.host.change_documents import documents_of
from local.host.host import running_host
from shared.kernel.documents import (
    EVENT_KINDS,
    Change,
    Container,
    Create,
    Document,
    EventDocument,
    Kind,
)
from shared.wiring import World
from tests.host.apps import a_world, an_app, hosting, options


def an_event(name: str) -> EventDocument:
    return EventDocument(name=name, at=datetime(2026, 3, 2, tzinfo=UTC), actor="test")


async def write(world: World, key: str, *ids: str) -> None:
    kind = EVENT_KINDS[Container.ORDERS]
    operations = [Create(kind, id, an_event(id)) for id in ids]
    await world.store.batch("acme", Container.ORDERS, key, operations)


def following(take: Callable[[func.DocumentList], None]) -> func.FunctionApp:
    app = an_app()

    @app.retry(strategy="fixed_delay", max_retry_count="-1", delay_interval="00:00:05")
    @app.cosmos_db_trigger(
        arg_name="documents",
        connection="COSMOS",
        database_name="orderloom",
        container_name="orders",
        lease_container_prefix="relay-orders",
    )
    async def relay(documents: func.DocumentList) -> None:
        take(documents)

    return app


async def test_a_batch_of_changes_is_one_invocation() -> None:
    world, calls = a_world(), []

    def take(documents: func.DocumentList) -> None:
        calls.append([document["id"] for document in documents])

    async with hosting(following(take), world=world) as running:
        await write(world, "o-1", "evt:a", "evt:b", "evt:c")
        await running.host.settled()
    assert calls == [["evt:a", "evt:b", "evt:c"]]


async def test_what_was_delivered_is_not_delivered_again_by_the_next_host() -> None:
    world, seen = a_world(), list[str]()

    def take(documents: func.DocumentList) -> None:
        seen.extend(document["id"] for document in documents)

    await write(world, "o-1", "evt:a")
    for key in ("o-2", "o-3"):
        async with running_host(following(take), world, options=options()) as running:
            await write(world, key, f"evt:{key}")
            await running.host.settled()
    await world.close()
    assert sorted(seen) == ["evt:a", "evt:o-2", "evt:o-3"]


async def test_a_failed_batch_is_given_again_until_it_succeeds() -> None:
    world, calls = a_world(), []

    def take(documents: func.DocumentList) -> None:
        calls.append([document["id"] for document in documents])
        if len(calls) < 5:
            raise RuntimeError("the bus is away")

    async with hosting(following(take), world=world) as running:
        await write(world, "o-1", "evt:a")
        await running.host.settled()
    assert calls == [["evt:a"]] * 5


def a_change(body: bytes = b'{"name":"n","id":"not-this"}') -> Change:
    return Change(Container.ORDERS, "acme", "o-17", "evt:order:2", "event", "77", body)


def test_a_changed_document_is_a_document_of_the_platform() -> None:
    (ours,) = documents_of([a_change()])
    whole = {
        "name": "n", "id": "evt:order:2", "tenantId": "acme", "key": "o-17", "pk": "acme|o-17",
        "type": "event", "_etag": "77",
    }  # fmt: skip
    converter = func.get_binding_registry().get("cosmosDBTrigger")
    (theirs,) = converter.decode(Datum(json.dumps([whole]), "json"), trigger_metadata={})
    assert isinstance(ours, func.Document)
    assert ours.to_dict() == theirs.to_dict() == whole
    assert (len(ours), "name" in ours, "other" in ours) == (7, True, False)
    assert json.loads(ours.to_json()) == whole


def test_the_envelope_is_there_without_reading_the_body() -> None:
    (document,) = documents_of([a_change(b"not json, and not looked at")])
    assert (document["type"], document.get("tenantId"), "_etag" in document) == (
        "event", "acme", True,
    )  # fmt: skip


def test_of_a_damaged_document_the_envelope_is_left() -> None:
    (document,) = documents_of([a_change(b"")])
    assert sorted(document) == ["_etag", "id", "key", "pk", "tenantId", "type"]


NOTE = Kind(Container.ORDERS, "note", Document)


async def test_only_what_a_relay_publishes_wakes_it() -> None:
    world, woken = a_world(), list[Container]()
    getattr(world.store, "on_news").append(woken.append)  # noqa: B009 - no part of the port
    await world.store.batch("acme", Container.ORDERS, "o-1", [Create(NOTE, "n", Document())])
    assert woken == []
    await write(world, "o-1", "evt:a")
    assert woken == [Container.ORDERS]
    await world.close()
