"""Customers: one record over all channels."""

from typing import Any

import azure.functions as func
from pydantic import JsonValue, RootModel

from functions._edge import Call, Delivery, Reply, http, listing, subscription
from shared.contracts.cloud_event import CloudEvent
from shared.contracts.orders import OrderWork
from shared.customers import service
from shared.customers.model import (
    Customer,
    CustomerDetails,
    IdentifierKind,
    Keyring,
    MergeSuggestion,
    keyring_of,
)
from shared.flows.link_customer import link_customer
from shared.kernel.errors import Fault, Invalid, NotFound
from shared.kernel.model import Instant
from shared.wiring import flows, store, tenants

bp = func.Blueprint()

SEARCH = {
    "email": "an e-mail address, exactly",
    "phone": "a telephone number, in any form",
    "loyalty_id": "a loyalty id, exactly",
}
KINDS = {
    "email": IdentifierKind.EMAIL,
    "phone": IdentifierKind.PHONE,
    "loyalty_id": IdentifierKind.LOYALTY,
}


class CustomerView(CustomerDetails):
    """A customer's record; orders and returns are listed with their own paths.

    `suggestions` name customers who may be the same person.
    """

    customer_id: str
    version: int
    created_at: Instant
    changed_at: Instant
    erased_at: Instant | None = None
    suggestions: tuple[MergeSuggestion, ...] = ()


class CustomerPatch(RootModel[dict[str, JsonValue]]):
    """A JSON merge patch (RFC 7396) of what may be changed; lists are replaced whole."""


@http(bp, "GET", "customers", "customers.search", answer=CustomerView, many=True, query=SEARCH)
async def search_customers(call: Call[None]) -> Reply:
    """Find a customer by e-mail, phone or loyalty id: one of them, and at most one customer."""
    asked = [(kind, value) for name, kind in KINDS.items() if (value := call.query(name))]
    if len(asked) != 1:
        raise Invalid([Fault("", "one-identifier", "send one of email, phone and loyalty_id")])
    kind, value = asked[0]
    ring = await _ring(call)
    found = await service.find_customer(store(), call.tenant_id, kind, value, ring=ring)
    return Reply(listing([_shown(found.body)] if found else [], None))


@http(bp, "GET", "customers/{customer}", "customers.read", answer=CustomerView)
async def read_customer(call: Call[None]) -> Reply:
    """Show a customer."""
    found = await service.get_customer(store(), call.tenant_id, call.param("customer"))
    if found is None:
        raise NotFound("customer")
    return Reply(_shown(found.body), etag=found.etag)


@http(
    bp,
    "PATCH",
    "customers/{customer}",
    "customers.write",
    body=CustomerPatch,
    answer=CustomerView,
    if_match=True,
    partial=CustomerDetails,
)
async def change_customer(call: Call[CustomerPatch]) -> Reply:
    """Change a customer's name, identifiers, addresses or tier."""
    saved = await service.change_customer(
        store(),
        call.tenant_id,
        call.param("customer"),
        call.body.root,
        if_match=call.if_match(),
        ring=await _ring(call),
        now=call.now,
    )
    return Reply(_shown(saved.body), etag=saved.etag)


async def _ring(call: Call[Any]) -> Keyring:
    return keyring_of(await tenants().settings(call.tenant_id, call.now))


def _shown(customer: Customer) -> CustomerView:
    return CustomerView(**{name: getattr(customer, name) for name in CustomerView.model_fields})


@subscription(bp, "events", "customers", OrderWork)
async def link_accepted_order(delivery: Delivery[CloudEvent[OrderWork]]) -> None:
    """Name an accepted order's customer."""
    order_id = delivery.event.data.order_id
    delivery.note(order_id=order_id)
    await link_customer(flows(), delivery.caller, order_id, delivery.now)
