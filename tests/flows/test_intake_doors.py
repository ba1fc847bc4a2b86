"""Orders that come in by the door of the API."""

from functions import orders
from tests.builders import Shop, an_order


async def test_the_door_lists_faults_of_form_and_of_sense_at_once(shop: Shop) -> None:
    body = an_order().model_dump(mode="json", exclude_none=True)
    line = {"line_id": "1", "quantity": 0, "unit_price": {"amount_minor": 5, "currency": "USD"}}
    refused = await shop.call(orders.place_order, body=body | {"lines": [line]})
    assert (refused.status, refused.code) == (422, "invalid")
    assert {(fault["pointer"], fault["code"]) for fault in refused.body["errors"]} == {
        ("/lines/0/quantity", "greater-than-equal"),
        ("/lines/0/unit_price/currency", "mixed-currencies"),
    }


async def test_the_same_order_again_is_the_order_that_is_there(shop: Shop) -> None:
    body = an_order().model_dump(mode="json", exclude_none=True)
    first = await shop.call(orders.place_order, body=body)
    again = await shop.call(orders.place_order, body=body)
    assert (first.status, again.status) == (201, 200)
    assert first.body["order_id"] == again.body["order_id"]


async def test_another_content_under_the_same_reference_is_refused(shop: Shop) -> None:
    body = an_order().model_dump(mode="json", exclude_none=True)
    await shop.call(orders.place_order, body=body)
    refused = await shop.call(orders.place_order, body=body | {"currency": "EUR", "tags": ["vip"]})
    assert (refused.status, refused.code) == (409, "order-differs")


async def test_a_misspelt_parameter_is_refused_instead_of_answering_another_question(
    shop: Shop,
) -> None:
    refused = await shop.call(orders.search_orders, query={"ref": "1001", "limit": "5"})
    assert (refused.status, [fault["pointer"] for fault in refused.body["errors"]]) == (
        422,
        ["/ref"],
    )
    found = await shop.call(orders.search_orders, query={"reference": "1001", "limit": "5"})
    assert found.status == 200
    placed = await shop.call(orders.place_order, body={}, query={"dry_run": "true"})
    assert placed.body["errors"][0]["pointer"] == "/dry_run"
