"""A customer is erased everywhere, down to the bytes of the files."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from functions import customers, fulfillment, orders, returns
from shared.channels.model import INBOX, EditOrder, Envelope, InboxStatus
from shared.contracts.cloud_event import AnyEvent
from shared.contracts.intake import Address, Contact, PlaceTender
from shared.customers import service as customer_service
from shared.customers.decide import new_customer
from shared.customers.model import CUSTOMERS, ERASURES, LOOKUPS, Erasure, ErasureStage
from shared.customers.service.lookups import write_customer
from shared.flows import erase_customer as flow
from shared.flows import late_orders
from shared.flows.channel_update import decider_of
from shared.flows.erase_customer import continue_erasures
from shared.flows.erase_order import return_without_person
from shared.flows.link_customer import link_customer
from shared.flows.personal_data import Person, names, person_of, text_of
from shared.flows.tell_customer import tell_customer
from shared.kernel.bus import Message, Park
from shared.kernel.documents import EVENT_KINDS, Container, Create
from shared.kernel.money import Money
from shared.orders.decide import Act
from shared.orders.decide.erase import area_of
from shared.orders.model import Order
from shared.returns import service as return_service
from shared.tenants.model import Role
from shared.tenants.parking import Lot, list_parked, park
from shared.wiring import eraser, telling, use
from tests.builders import TENANT, Shop, a_line, a_shop, an_order
from tests.unit.returns.samples import a_return

MARKS = ("erika.muster@example.org", "+491701234567", "Erika Mustermann", "Geheimweg 17")


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Shop]:
    """A retailer whose world is in files."""
    made = await a_shop(folder=tmp_path)
    yield made
    await made.close()


def erikas(**changes: Any) -> Any:
    usual: dict[str, Any] = {
        "reference": "E-1",
        "customer": Contact(name=MARKS[2], email=MARKS[0], phone=MARKS[1]),
        "ship_to": Address(
            name=MARKS[2],
            lines=(MARKS[3],),
            postcode="80331",
            locality="Munich",
            country="DE",
            lat_e6=48_100_000,
            lon_e6=11_500_000,
        ),
        "tenders": (PlaceTender(kind="card", amount=Money("EUR", 2_000), last4="4242"),),
        "lines": (a_line(taken_at="berlin"),),
    }
    return an_order(**(usual | changes))


async def bought(shop: Shop, **changes: Any) -> Order:
    """Place Erika's order through the door, with its answer kept and its customer linked."""
    body = erikas(**changes).model_dump(mode="json", exclude_none=True)
    placed = await shop.call(orders.place_order, body=body)
    assert placed.status == 201, placed.body
    await shop.settle_all()
    order_id = placed.body["order_id"]
    await link_customer(shop.world.flows, shop.caller, order_id, shop.clock.now())
    return await shop.order(order_id)


async def told(shop: Shop, order: Order) -> None:
    """Send the customer the letters of the order's events."""
    page = await shop.world.store.query(TENANT, EVENT_KINDS[Container.ORDERS], key=order.order_id)
    with use(shop.world):
        for stored in page.items:
            event = AnyEvent(
                specversion="1.0",
                id=f"{order.order_id}.{stored.id}",
                source="/test",
                type=stored.body.name,
                tenantid=TENANT,
                time=shop.clock.now(),
                data={**stored.body.data, "type": stored.body.name},
            )
            await tell_customer(telling(), event, shop.clock.now())


async def parked(shop: Shop, text: str, name: str) -> None:
    message = Message(message_id=name, body=text.encode())
    lot = Lot("orders-in", "", name, message)
    await park(shop.world.store, TENANT, lot, Park("unreadable", "x"), now=shop.clock.now())


async def waiting(shop: Shop, payload: str) -> None:
    envelope = Envelope(
        connection="webshop",
        channel="shopify",
        topic="orders/updated",
        dedupe_key="d-1",
        occurred_at=shop.clock.now(),
        received_at=shop.clock.now(),
        sha256="0" * 64,
        status=InboxStatus.WAITING,
        payload=payload,
    )
    create = Create(INBOX, "inbox:webshop:d-1", envelope, 600)
    await shop.world.store.batch(TENANT, Container.ORDERS, "o_waiting", (create,))


async def erased(shop: Shop, customer_id: str) -> Any:
    return await shop.call(customers.erase_customer, {"customer": customer_id}, role=Role.ADMIN)


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_nothing_of_the_person_is_left_in_any_file(kept: Shop, tmp_path: Path) -> None:
    order = await bought(kept, lines=(a_line(),))
    body = {"reason": "customer"}
    await kept.call(orders.cancel_order, {"order": order.order_id}, body=body)
    await kept.settle_all()
    await told(kept, order)
    other = await kept.place(an_order(a_line(taken_at="berlin"), reference="A-1"))
    note = {"text": f"call {MARKS[1]} first"}
    await kept.call(orders.note_order, {"order": order.order_id}, body=note)
    await parked(kept, f'{{"email": "{MARKS[0]}"}}', "p-1")
    await parked(kept, '{"email": "ada@example.com"}', "p-2")
    await waiting(kept, f'{{"phone": "{MARKS[1]}"}}')
    claims = kept.world.claims
    await claims.put(TENANT, "big", f'{{"email": "{MARKS[0]}"}}'.encode())
    await claims.put(TENANT, "theirs", b'{"email": "ada@example.com"}')
    before = bytes_of(tmp_path)
    assert all(mark.encode() in before for mark in MARKS)
    assert list((tmp_path / "outbox").rglob("*.html")) != []
    answer = await erased(kept, str(order.customer_id))
    assert (answer.status, answer.body["stage"], answer.body["orders"]) == (200, "done", 1)
    assert answer.body["bodies"] == 6  # parked, waiting, a claim check, and three kept answers
    after = bytes_of(tmp_path)
    assert [mark for mark in MARKS if mark.encode() in after] == []
    assert b"4242" not in after
    assert await claims.get(TENANT, "theirs") is not None
    page = await list_parked(kept.world.store, TENANT, limit=9, cursor=None)
    assert [row.body.message_id for row in page.items] == ["p-2"]
    assert (await kept.order(other.order_id)).customer is not None


async def test_the_books_keep_amounts_country_and_area(kept: Shop) -> None:
    order = await bought(kept)
    await erased(kept, str(order.customer_id))
    left = await kept.order(order.order_id)
    assert left.ship_to == Address(country="DE", postcode="803")
    assert (left.customer, left.lookups, left.tenders[0].last4) == (None, (), None)
    assert (left.lines, left.tenders[0].amount_minor) == (order.lines, 2_000)
    record = await kept.call(customers.read_customer, {"customer": str(order.customer_id)})
    assert record.body["emails"] == []
    assert "erased_at" in record.body


async def test_an_order_whose_customer_is_not_named_yet_is_erased_too(kept: Shop) -> None:
    order = await bought(kept)
    body = erikas(reference="E-9").model_dump(mode="json", exclude_none=True)
    late = await kept.call(orders.place_order, body=body)
    assert late.status == 201
    done = await erased(kept, str(order.customer_id))
    assert (done.body["stage"], done.body["orders"]) == ("done", 2)
    assert (await kept.order(late.body["order_id"])).customer is None


async def test_however_many_orders_are_not_named_yet_all_are_erased_in_as_many_runs(
    kept: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await bought(kept)
    late = [await bought_unlinked(kept, reference=f"E-{number}") for number in range(2, 7)]
    monkeypatch.setattr(late_orders, "PAGE", 2)
    monkeypatch.setattr(flow, "STEPS_AT_ONCE", 1)
    assert (await erased(kept, str(order.customer_id))).body["stage"] == "links"
    assert [(await kept.order(name)).customer_id for name in late].count(None) == 1
    with use(kept.world):
        assert await continue_erasures(eraser(), TENANT, kept.clock.now()) == 1
    assert {(await kept.order(name)).customer_id for name in late} == {order.customer_id}
    assert {(await kept.order(name)).customer for name in late} == {None}
    assert await people(kept) == ([], 0)


async def test_a_page_that_is_just_full_leaves_the_next_identifier_to_the_next_run(
    kept: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await bought(kept)
    late = [await bought_unlinked(kept, reference=f"E-{number}") for number in (2, 3)]
    late += [await bought_unlinked(kept, reference="E-4", customer=Contact(phone=MARKS[1]))]
    monkeypatch.setattr(late_orders, "PAGE", 2)
    done = await erased(kept, str(order.customer_id))
    assert (done.body["stage"], done.body["orders"]) == ("done", 4)
    assert {(await kept.order(name)).customer for name in late} == {None}
    assert await people(kept) == ([], 0)


async def bought_unlinked(shop: Shop, **changes: Any) -> str:
    """Place Erika's next order; its customer is still to be named."""
    body = erikas(**({"reference": "E-9"} | changes)).model_dump(mode="json", exclude_none=True)
    placed = await shop.call(orders.place_order, body=body)
    assert placed.status == 201, placed.body
    return str(placed.body["order_id"])


async def people(shop: Shop) -> tuple[list[str], int]:
    """Return whose record still says anything, and how many lookups there are."""
    records = await shop.world.store.query(TENANT, CUSTOMERS)
    lookups = await shop.world.store.query(TENANT, LOOKUPS)
    return [r.body.customer_id for r in records.items if r.body.emails], len(lookups.items)


async def test_linking_that_began_before_an_erase_makes_no_new_record_after_it(
    kept: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await bought(kept)
    late = await bought_unlinked(kept)
    real = customer_service.link

    async def after_the_erase(*asked: Any, **told: Any) -> str | None:
        monkeypatch.setattr(customer_service, "link", real)
        assert (await erased(kept, str(order.customer_id))).body["stage"] == "done"
        return await real(*asked, **told)

    monkeypatch.setattr(customer_service, "link", after_the_erase)
    linked = await link_customer(kept.world.flows, kept.caller, late, kept.clock.now())
    after = await kept.order(late)
    assert (linked, after.customer_id, after.customer) == (None, order.customer_id, None)
    assert await people(kept) == ([], 0)


async def test_linking_that_an_erase_overtakes_writes_nothing_of_the_person(
    kept: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await bought(kept)
    elsewhere = Address(name=MARKS[2], lines=("Nebenweg 3",), postcode="80331", country="DE")
    late = await bought_unlinked(kept, ship_to=elsewhere)
    written = "shared.customers.service.linking.write_customer"

    async def after_the_erase(*asked: Any) -> Any:
        monkeypatch.setattr(written, write_customer)
        assert (await erased(kept, str(order.customer_id))).body["stage"] == "done"
        return await write_customer(*asked)

    monkeypatch.setattr(written, after_the_erase)
    await link_customer(kept.world.flows, kept.caller, late, kept.clock.now())
    assert (await kept.order(late)).customer_id == order.customer_id
    assert await people(kept) == ([], 0)


async def test_an_erased_order_is_never_linked(kept: Shop) -> None:
    order = await bought(kept)
    await erased(kept, str(order.customer_id))
    assert await link_customer(kept.world.flows, kept.caller, order.order_id, kept.clock.now()) is (
        None
    )
    assert await people(kept) == ([], 0)


async def test_what_is_still_to_be_sent_makes_no_second_record_when_it_is_linked_again(
    kept: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await bought(kept)
    monkeypatch.setattr(flow, "STEPS_AT_ONCE", 1)
    await erased(kept, str(order.customer_id))
    late = await bought(kept, reference="E-2", lines=(a_line(),))
    monkeypatch.setattr(flow, "STEPS_AT_ONCE", 60)
    assert (await erased(kept, str(order.customer_id))).body["left"] == [late.order_id]
    await link_customer(kept.world.flows, kept.caller, late.order_id, kept.clock.now())
    assert (await kept.order(late.order_id)).customer_id == order.customer_id
    assert await people(kept) == ([], 0)


async def test_no_edit_brings_back_whose_an_erased_order_was(kept: Shop) -> None:
    order = await bought(kept)
    await erased(kept, str(order.customer_id))
    body = {"customer": {"name": MARKS[2], "email": MARKS[0]}}
    path = {"order": order.order_id}
    refused = await kept.call(orders.edit_order, path, body=body)
    assert (refused.status, refused.code) == (409, "order-erased")
    tagged = await kept.call(orders.edit_order, path, body={"tags": ["audited"]})
    assert tagged.status == 200
    told_again = decider_of(EditOrder(customer=Contact(name=MARKS[2], email=MARKS[0])))
    act = Act(TENANT, kept.clock.now(), "channel:webshop")
    assert told_again(await kept.order(order.order_id), {}, act) is None
    assert (await kept.order(order.order_id)).customer is None


async def test_a_repeat_of_the_orders_request_is_told_that_its_answer_is_gone(kept: Shop) -> None:
    body = erikas().model_dump(mode="json", exclude_none=True)
    placed = await kept.call(orders.place_order, body=body, key="k-1")
    order_id = placed.body["order_id"]
    customer = await link_customer(kept.world.flows, kept.caller, order_id, kept.clock.now())
    await erased(kept, str(customer))
    again = await kept.call(orders.place_order, body=body, key="k-1")
    assert (again.status, again.code) == (409, "answer-not-repeatable")


async def test_an_order_that_is_still_to_be_sent_stands_in_the_way(kept: Shop) -> None:
    order = await bought(kept, lines=(a_line(),))
    refused = await erased(kept, str(order.customer_id))
    assert (refused.status, refused.code) == (409, "customer-has-open-orders")
    assert refused.body["facts"]["orders"] == [order.order_id]
    assert (await kept.order(order.order_id)).customer is not None


async def test_an_unknown_customer_is_not_found_and_only_admins_may(kept: Shop) -> None:
    assert (await erased(kept, "c_none")).status == 404
    refused = await kept.call(customers.erase_customer, {"customer": "c_none"})
    assert refused.status == 403


async def test_an_erase_that_a_crash_ended_is_gone_on_with_by_the_sweep(
    kept: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await bought(kept)
    monkeypatch.setattr(flow, "STEPS_AT_ONCE", 2)
    begun = await erased(kept, str(order.customer_id))
    assert begun.body["stage"] == "bodies"
    assert (await kept.order(order.order_id)).customer is not None
    with use(kept.world):
        assert await continue_erasures(eraser(), TENANT, kept.clock.now()) == 1
        assert await continue_erasures(eraser(), TENANT, kept.clock.now()) == 0
        await customers.sweep_erasures(None)
    assert (await kept.order(order.order_id)).customer is None


async def test_what_came_meanwhile_is_named_and_erased_when_asked_again(
    kept: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await bought(kept)
    customer_id = str(order.customer_id)
    monkeypatch.setattr(flow, "STEPS_AT_ONCE", 1)
    await erased(kept, customer_id)
    late = await bought(kept, reference="E-2", lines=(a_line(),))
    monkeypatch.setattr(flow, "STEPS_AT_ONCE", 60)
    assert (await erased(kept, customer_id)).body["left"] == [late.order_id]
    assert (await erased(kept, customer_id)).code == "customer-has-open-orders"
    body = {"reason": "customer"}
    await kept.call(orders.cancel_order, {"order": late.order_id}, body=body)
    await kept.settle_all()
    done = await erased(kept, customer_id)
    assert (done.body["stage"], done.body.get("left", [])) == ("done", [])
    assert (await kept.order(late.order_id)).customer is None


async def test_what_came_after_the_orders_were_looked_at_is_named_too(
    kept: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await bought(kept)
    customer_id = str(order.customer_id)
    monkeypatch.setattr(flow, "STEPS_AT_ONCE", 6)
    assert (await erased(kept, customer_id)).body["stage"] == "customer"
    late = await bought(kept, reference="E-2", lines=(a_line(),))
    gone = await bought(kept, reference="E-3")
    done = await erased(kept, customer_id)
    assert (done.body["stage"], done.body["left"]) == ("done", [late.order_id])
    assert (await kept.order(late.order_id)).customer_id == customer_id
    assert (await kept.order(gone.order_id)).customer is None


async def test_an_order_that_a_return_is_made_of_meanwhile_is_erased_by_the_next_run(
    kept: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await bought(kept)
    real = return_service.of_order

    async def then_one_is_made(*asked: Any) -> Any:
        found = await real(*asked)
        monkeypatch.setattr(return_service, "of_order", real)
        body = {
            "order_id": order.order_id,
            "lines": [{"line_id": "1", "quantity": 1, "reason": "too-small"}],
        }
        assert (await kept.call(returns.create_return, body=body)).status == 201
        return found

    monkeypatch.setattr(return_service, "of_order", then_one_is_made)
    assert (await erased(kept, str(order.customer_id))).status == 503
    done = await erased(kept, str(order.customer_id))
    assert (done.status, done.body["stage"], done.body.get("left", [])) == (200, "done", [])
    assert (await kept.order(order.order_id)).customer is None


async def test_of_two_erases_at_once_one_goes_on(kept: Shop) -> None:
    order = await bought(kept)
    answers = await asyncio.gather(*(erased(kept, str(order.customer_id)) for _ in range(2)))
    assert {answer.status for answer in answers} <= {200, 503}
    page = await kept.world.store.query(TENANT, ERASURES)
    assert [row.body.stage for row in page.items] != []
    assert (await erased(kept, str(order.customer_id))).body["stage"] == "done"


async def test_files_that_a_reader_holds_are_emptied_by_a_later_run(kept: Shop) -> None:
    order = await bought(kept)

    async def held() -> bool:
        return False

    scrub, kept.world.scrub = kept.world.scrub, held
    waiting_ = await erased(kept, str(order.customer_id))
    assert waiting_.body["stage"] == "files"
    kept.world.scrub = scrub
    with use(kept.world):
        assert await continue_erasures(eraser(), TENANT, kept.clock.now()) == 1


async def test_the_sweep_passes_by_what_cannot_be_done_now(kept: Shop) -> None:
    await bought(kept)
    state = Erasure(customer_id="c_gone", asked_at=kept.clock.now(), asked_by="test")
    create = Create(ERASURES, "erasure", state.model_copy(update={"stage": ErasureStage.CUSTOMER}))
    await kept.world.store.batch(TENANT, Container.MASTER, "customer:c_gone", (create,))
    with use(kept.world):
        assert await continue_erasures(eraser(), TENANT, kept.clock.now()) == 0


def test_a_person_is_named_by_what_is_long_enough_as_it_was_typed_or_escaped() -> None:
    texts = Person(frozenset({"zoë müller", "zo\\u00eb m\\u00fcller"}))
    assert names(texts.marks, '{"name": "Zoë MÜLLER"}')
    assert names(texts.marks, '{"name": "Zo\\u00eb m\\u00fcller"}')
    assert not names(texts.marks, '{"name": "Zoe"}')
    assert not names(texts.marks, None)
    assert text_of("ZXJpa2E=", is_base64=True) == "erika"
    assert text_of("a", is_base64=True) == "a"
    assert text_of("erika", is_base64=False) == "erika"


async def test_who_collected_it_and_with_which_code_is_erased_with_the_order(kept: Shop) -> None:
    await kept.receive("BOOT", "berlin", 1)
    order = await bought(kept, lines=(a_line(method="pickup", pickup_location="berlin"),))
    (work,) = await kept.works(order.order_id)
    at = {"fulfillment": work.fulfillment_id}
    await kept.call(fulfillment.accept_fulfillment, at)
    await kept.call(fulfillment.pick_fulfillment, at, body={"scans": [{"code": "BOOT"}]})
    await kept.call(fulfillment.pack_fulfillment, at, body={})
    await kept.call(fulfillment.ready_fulfillment, at)
    data = {"fulfillment_id": work.fulfillment_id, "collector": "Uncle Heinrich"}
    await kept.deliver(fulfillment.receive_confirmations, "fulfillment.confirm-collected.v1", data)
    await kept.settle_all()
    assert (await kept.works(order.order_id))[0].collector == "Uncle Heinrich"
    assert (await erased(kept, str(order.customer_id))).body["stage"] == "done"
    (after,) = await kept.works(order.order_id)
    assert (after.collector, after.pickup_code, after.status) == (None, None, "handed-over")


async def test_returns_keep_their_amounts_and_lose_what_was_written(kept: Shop) -> None:
    order = await bought(kept)
    body = {
        "order_id": order.order_id,
        "received": True,
        "location_id": "berlin",
        "lines": [{"line_id": "1", "quantity": 1, "reason": "too-small"}],
    }
    made = await kept.call(returns.create_return, body=body)
    assert made.status == 201, made.body
    units = [{"line_id": "1", "disposition": "resell", "quantity": 1}]
    looked = {"batch": "1", "location_id": "berlin", "units": units}
    path = {"return": made.body["return_id"]}
    done = await kept.call(returns.inspect_return, path, body=looked)
    assert done.body["advice"]["tenders"][0]["last4"] == "4242"
    await kept.settle_all()
    await erased(kept, str(order.customer_id))
    after = await kept.call(returns.read_return, path)
    (tender,) = after.body["advice"]["tenders"]
    assert ("last4" in tender, tender["amount_minor"]) == (False, 2_000)


def test_why_an_operator_overrode_the_policy_is_gone_that_somebody_did_stays() -> None:
    override = {"reason": "she cried", "by": "key:k1", "at": "2026-11-23T12:00:00Z"}
    after = return_without_person(a_return(override=override))
    assert after.override is not None
    assert (after.override.reason, after.override.by) == ("(erased)", "key:k1")
    assert return_without_person(a_return()) == a_return()


def test_an_areas_area_is_itself() -> None:
    whole = Address(country="US", admin_area="NM", postcode="87501", locality="Santa Fe")
    area = area_of(whole)
    assert area == Address(country="US", admin_area="NM", postcode="875")
    assert area_of(area) == area
    assert area_of(Address(country="CH", postcode="8001")) == Address(country="CH")
    assert area_of(None) is None


def test_nobody_is_named_by_nothing() -> None:
    nobody = new_customer("c_1", an_order().placed_at)
    assert person_of(nobody, []) == Person()
