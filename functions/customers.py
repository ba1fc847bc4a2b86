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
    ErasureStage,
    IdentifierKind,
    Keyring,
    MergeSuggestion,
    keyring_of,
)
from shared.flows.erase_customer import continue_erasures
from shared.flows.erase_customer import erase_customer as erase_customer_flow
from shared.flows.link_customer import link_customer
from shared.kernel.errors import Fault, Invalid, NotFound
from shared.kernel.model import Instant, Strict
from shared.tenants.service import active_tenants
from shared.wiring import clock, eraser, flows, store, tenants

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


class ErasureView(Strict):
    """How far an erase has come: `stage` done is its end.

    `bodies` that were kept as they came are gone, `orders` were looked at; `left` came meanwhile
    and are still to be fulfilled: ask again once they are.
    """

    customer_id: str
    stage: ErasureStage
    bodies: int
    orders: int
    left: tuple[str, ...] = ()
    asked_at: Instant
    asked_by: str
    done_at: Instant | None = None


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


@http(bp, "POST", "customers/{customer}:erase", "customers.erase", answer=ErasureView)
async def erase_customer(call: Call[None]) -> Reply:
    """Erase a customer's personal data everywhere; what takes longer goes on by itself.

    Refused while goods of theirs are still to be handed out or sent.
    """
    found = await erase_customer_flow(eraser(), call.caller, call.param("customer"), call.now)
    return Reply(ErasureView(**{name: getattr(found, name) for name in ErasureView.model_fields}))


@bp.timer_trigger(arg_name="timer", schedule="15 * * * * *")
async def sweep_erasures(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the registry wants it
    """Go on with erases that a request began."""
    async for tenant_id in active_tenants(store()):
        await continue_erasures(eraser(), tenant_id, clock().now())


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
