"""Customers in the store: linked by many orders at once, found, changed, erased."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.adapters.embedded.documents import EmbeddedDocuments
from shared.adapters.embedded.faults import Crash
from shared.contracts.intake import Address, Contact
from shared.customers import service
from shared.customers.model import (
    CUSTOMERS,
    LOOKUPS,
    Customer,
    IdentifierKind,
    IdentifierTaken,
    Keyring,
    OrderFacts,
    keyring_of,
)
from shared.customers.service.linking import Name
from shared.kernel.clock import SteppedClock
from shared.kernel.documents import Documents, Stored
from shared.kernel.errors import NotFound, PreconditionFailed
from shared.kernel.ids import SortableIds
from shared.tenants.model import Settings
from tests.unit.catalog.interleaving import an_interleaved_store
from tests.unit.catalog.samples import NOW, TENANT, an_empty_store

EMAIL, PHONE, LOYALTY = IdentifierKind.EMAIL, IdentifierKind.PHONE, IdentifierKind.LOYALTY
RING = Keyring(b"k" * 32, "DE")
IDS = SortableIds(SteppedClock(NOW), random.Random(7))
ADA = Contact(name="Ada", email="ada@example.com", phone="030 123456")
HOME = Address(lines=("Main 1",), country="DE")


@pytest.fixture
async def store() -> AsyncIterator[EmbeddedDocuments]:
    async with an_empty_store() as opened:
        yield opened


async def named(*_: object) -> bool:
    return True


async def link(
    store: Documents, contact: Contact, order_id: str = "o_1", name: Name = named
) -> str | None:
    facts = OrderFacts(order_id, (HOME,))
    return await service.link(store, TENANT, contact, facts, ring=RING, ids=IDS, name=name, now=NOW)


async def find(store: Documents, kind: IdentifierKind, value: str) -> Stored[Customer] | None:
    return await service.find_customer(store, TENANT, kind, value, ring=RING)


async def record(store: Documents, customer_id: str | None) -> Stored[Customer]:
    found = await service.get_customer(store, TENANT, customer_id or "")
    assert found is not None
    return found


async def patch(store: Documents, read: Stored[Customer], **changes: Any) -> Stored[Customer]:
    return await service.change_customer(
        store, TENANT, read.body.customer_id, changes, if_match=read.etag, ring=RING, now=NOW
    )


async def all_of(store: Documents) -> tuple[list[Customer], set[str]]:
    """Return the records, and whom the lookups name."""
    people = await store.query(TENANT, CUSTOMERS)
    lookups = await store.query(TENANT, LOOKUPS)
    return [row.body for row in people.items], {row.body.customer_id for row in lookups.items}


async def test_a_new_customer_gets_a_record_and_is_found_by_everything_that_they_told(
    store: EmbeddedDocuments,
) -> None:
    customer_id = await link(store, ADA)
    found = await record(store, customer_id)
    assert (found.body.version, found.body.name, found.body.addresses) == (1, "Ada", (HOME,))
    assert (found.body.emails, found.body.phones) == (("ada@example.com",), ("+4930123456",))
    assert await find(store, EMAIL, " ADA@example.com") == found
    assert await find(store, PHONE, "+49 30 123 456") == found
    assert await find(store, PHONE, "030 999999") is None
    assert await find(store, EMAIL, "not an address") is None
    other = await service.find_customer(store, "other", EMAIL, "ada@example.com", ring=RING)
    assert other is None


async def test_lookups_hold_no_personal_data(store: EmbeddedDocuments) -> None:
    await link(store, ADA)
    for row in (await store.query(TENANT, LOOKUPS)).items:
        text = row.key + row.body.model_dump_json()
        assert "ada" not in text
        assert "30123456" not in text


async def test_the_same_order_again_changes_nothing(store: EmbeddedDocuments) -> None:
    first = await link(store, ADA)
    before = await record(store, first)
    assert await link(store, ADA) == first
    assert await record(store, first) == before


async def test_orders_of_other_channels_complete_one_record(store: EmbeddedDocuments) -> None:
    first = await link(store, Contact(email="ada@example.com"))
    again = await link(store, Contact(email="ada@example.com", loyalty_id="VIP-7"), "o_2")
    till = await link(store, Contact(loyalty_id="VIP-7", phone="030 123456"), "o_3")
    assert first == again == till
    found = (await record(store, first)).body
    assert (found.loyalty_ids, found.phones, found.version) == (("VIP-7",), ("+4930123456",), 3)


async def test_an_order_that_tells_nothing_is_nobodys(store: EmbeddedDocuments) -> None:
    assert await link(store, Contact(name="Ada", email="-", phone="000000")) is None
    assert await all_of(store) == ([], set())


async def test_an_order_that_names_two_customers_is_the_stronger_ones_and_suggests_a_merge(
    store: EmbeddedDocuments,
) -> None:
    ada = await link(store, Contact(email="ada@example.com"))
    bob = await link(store, Contact(phone="030 123456"), "o_2")
    assert ada != bob
    for _ in range(2):
        assert await link(store, ADA, "o_3") == ada
    found = (await record(store, ada)).body
    assert [(s.customer_id, s.kind, s.order_id) for s in found.suggestions] == [(bob, PHONE, "o_3")]
    assert found.phones == ()
    vip = await link(store, Contact(loyalty_id="VIP-7"), "o_4")
    strong = Contact(loyalty_id="VIP-7", email="ada@example.com", phone="030 123456")
    assert await link(store, strong, "o_5") == vip
    named = {s.customer_id for s in (await record(store, vip)).body.suggestions}
    assert named == {ada, bob}


@pytest.mark.parametrize("seed", range(30))
async def test_many_orders_at_once_of_one_new_customer_make_one_record(seed: int) -> None:
    async with an_interleaved_store(seed) as (store, _):
        orders = [link(store, ADA, f"o_{n}") for n in range(6)]
        assert len(set(await asyncio.gather(*orders))) == 1
        people, named = await all_of(store)
        assert len(people) == 1
        assert named == {people[0].customer_id}
        assert people[0].version == 1


@pytest.mark.parametrize("crash_after", [1, 2, 3])
async def test_an_order_delivered_again_after_a_crash_finishes_the_same_record(
    crash_after: int,
) -> None:
    async with an_interleaved_store() as (store, faults):
        faults.crash_after(crash_after)
        with pytest.raises(Crash):
            await link(store, ADA)
        customer_id = await link(store, ADA)
        people, named = await all_of(store)
        assert [one.customer_id for one in people] == [customer_id]
        assert named == {customer_id}
        assert await find(store, PHONE, "030 123456") == await find(store, EMAIL, ADA.email or "")


async def test_a_record_is_changed_only_in_the_version_that_was_read(
    store: EmbeddedDocuments,
) -> None:
    read = await record(store, await link(store, ADA))
    saved = await patch(store, read, name="Ada L.", tier="gold")
    assert (saved.body.name, saved.body.tier, saved.body.version) == ("Ada L.", "gold", 2)
    assert await patch(store, saved, tier="gold") == saved
    with pytest.raises(PreconditionFailed):
        await patch(store, read, name="Eve")
    with pytest.raises(NotFound):
        await service.change_customer(store, TENANT, "c_none", {}, if_match="x", ring=RING, now=NOW)


async def test_an_identifier_taken_off_a_record_is_free_and_a_new_one_finds_it(
    store: EmbeddedDocuments,
) -> None:
    read = await record(store, await link(store, ADA))
    saved = await patch(store, read, emails=["countess@example.com"])
    assert await find(store, EMAIL, "ada@example.com") is None
    assert await find(store, EMAIL, "countess@example.com") == saved
    eve = await link(store, Contact(email="ada@example.com"), "o_2")
    assert eve != read.body.customer_id


async def test_an_identifier_of_another_customer_is_refused_and_nothing_is_written(
    store: EmbeddedDocuments,
) -> None:
    ada = await record(store, await link(store, ADA))
    await link(store, Contact(email="bob@example.com"), "o_2")
    with pytest.raises(IdentifierTaken):
        await patch(store, ada, loyalty_ids=["VIP-7"], emails=["bob@example.com"])
    assert await record(store, ada.body.customer_id) == ada
    assert await find(store, LOYALTY, "VIP-7") is None
    assert await link(store, Contact(loyalty_id="VIP-7"), "o_3") != ada.body.customer_id


@pytest.mark.parametrize("seed", range(40))
async def test_whatever_is_done_at_once_every_listed_identifier_finds_its_record(
    seed: int,
) -> None:
    async with an_interleaved_store(seed) as (store, _):
        first = await record(store, await link(store, Contact(email="ada@example.com")))

        async def take_off(read: Stored[Customer]) -> None:
            try:
                await patch(store, read, phones=[])
            except PreconditionFailed:
                return

        for number in range(5):
            read = await record(store, first.body.customer_id)
            again = [link(store, ADA, f"o_{number}") for _ in range(2)]
            await asyncio.gather(take_off(read), *again)
        found = await record(store, first.body.customer_id)
        for phone in found.body.phones:
            assert await find(store, PHONE, phone) == found


async def test_an_erased_customer_is_found_by_nothing_and_their_id_stays(
    store: EmbeddedDocuments,
) -> None:
    customer_id = await link(store, ADA) or ""
    gone = await service.erase(store, TENANT, customer_id, now=NOW)
    again = await service.erase(store, TENANT, customer_id, now=NOW)
    assert gone == again == await record(store, customer_id)
    assert gone.body.erased_at == NOW
    assert "ada" not in json.dumps(gone.body.model_dump(mode="json")).lower()
    assert await find(store, EMAIL, "ada@example.com") is None
    assert (await all_of(store))[1] == set()
    with pytest.raises(NotFound):
        await service.erase(store, TENANT, "c_none", now=NOW)


async def test_an_order_that_takes_no_name_leaves_nothing_of_whom_it_named(
    store: EmbeddedDocuments,
) -> None:
    async def erased(*_: object) -> bool:
        return False

    assert await link(store, ADA, name=erased) is None
    assert await all_of(store) == ([], set())
    first = await link(store, Contact(email="ada@example.com"))
    assert await link(store, ADA, "o_2", erased) is None
    assert (await record(store, first)).body.phones == ()
    assert (await all_of(store))[1] == {first}


async def test_who_was_erased_and_orders_again_is_a_new_customer(
    store: EmbeddedDocuments,
) -> None:
    first = await link(store, ADA) or ""
    await service.erase(store, TENANT, first, now=NOW)
    second = await link(store, ADA, "o_2")
    assert second != first
    assert (await record(store, first)).body.emails == ()


@pytest.mark.parametrize("seed", range(30))
async def test_an_erase_and_orders_at_once_leave_nothing_on_the_erased_record(seed: int) -> None:
    async with an_interleaved_store(seed) as (store, _):
        first = await link(store, Contact(email="ada@example.com")) or ""
        orders = [link(store, ADA, f"o_{n}") for n in range(3)]
        erasing = [service.erase(store, TENANT, first, now=NOW) for _ in range(2)]
        await asyncio.gather(*orders, *erasing)
        after = await link(store, ADA, "o_9")
        gone = (await record(store, first)).body
        assert (gone.name, gone.emails, gone.phones, gone.addresses) == (None, (), (), ())
        people, named = await all_of(store)
        assert after != first
        assert named == {after}
        assert {one.customer_id for one in people} == {first, after}


async def test_an_erase_that_crashed_is_finished_by_the_next() -> None:
    async with an_interleaved_store() as (crashing, faults):
        customer_id = await link(crashing, ADA) or ""
        faults.crash_after(1)
        with pytest.raises(Crash):
            await service.erase(crashing, TENANT, customer_id, now=NOW)
        await service.erase(crashing, TENANT, customer_id, now=NOW)
        assert (await all_of(crashing))[1] == set()


def test_a_keyring_is_what_the_settings_say() -> None:
    settings = Settings(
        name="Acme",
        currency="EUR",
        country="AT",
        time_zone="Europe/Vienna",
        lookup_key="ab" * 32,
    )
    assert keyring_of(settings) == Keyring(b"\xab" * 32, "AT")
