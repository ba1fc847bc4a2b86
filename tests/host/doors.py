"""A row for every route: a request that its owner may make and that then succeeds."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from shared.couriers.seeds import example_de_card
from tests.builders import a_location, a_product, an_order
from tests.host.retailer import EMAIL, HERE, SECRET, SKU, Asked, Retailer, a_rule_set

FORBIDDEN: Final = 403
EVERYBODY: Final = None  # no matter at which location an associate works


@dataclass(frozen=True, slots=True)
class Row:
    """`elsewhere`: the status for an associate of another location, where it is bound to one.

    `success`: what the owner is answered. `own`: naming another tenant's thing means an own one of
    the same name, which need not exist before.
    """

    asked: Asked = field(default_factory=Asked)
    elsewhere: int | None = EVERYBODY
    success: tuple[int, ...] = (200, 201, 204)
    own: bool = False


def rows(made: Retailer) -> Mapping[str, Row]:
    return {
        **_master(made),
        **_couriers(made),
        **_stock(),
        **_orders(made),
        **_work(made),
        **_shipments(made),
        **_returns(made),
        **_tenants(made),
        **_others(made),
    }


def _json(model: Any) -> Any:
    return json.loads(model.model_dump_json(exclude_none=True))


def _master(made: Retailer) -> dict[str, Row]:
    sku, place = {"sku": SKU}, {"location": HERE}
    rules = {"ruleset": made.ids["rule set"], "version": "2"}
    draft, edited = _json(a_rule_set(3)), _json(a_rule_set(2, "Edited"))
    customer = {"customer": made.ids["customer"]}
    return {
        "search_products": Row(Asked(query={"code": SKU})),
        "create_product": Row(Asked(body=_json(a_product("ACME-NEW")))),
        "read_product": Row(Asked(path=sku)),
        "replace_product": Row(
            Asked(path=sku, body=_json(a_product(SKU, name="Another")), reader="read_product")
        ),
        "import_products": Row(Asked(body=b"sku,name\nACME-CSV,Socks\n")),
        "search_locations": Row(),
        "create_location": Row(Asked(body=_json(a_location("acme-new")))),
        "read_location": Row(Asked(path=place)),
        "replace_location": Row(
            Asked(path=place, body=_json(a_location(HERE, name="Other")), reader="read_location")
        ),
        "import_locations": Row(
            Asked(body=b"location_id,name,kind,country\nacme-csv,A,store,DE\n")
        ),
        "search_customers": Row(Asked(query={"email": EMAIL})),
        "read_customer": Row(Asked(path=customer)),
        "change_customer": Row(
            Asked(path=customer, body={"name": "Ada Other"}, reader="read_customer")
        ),
        "erase_customer": Row(Asked(path=customer), success=(200, 409)),
        "list_rule_sets": Row(),
        "draft_rule_set": Row(Asked(body=draft)),
        "read_rule_set": Row(Asked(path=rules)),
        "edit_rule_set": Row(Asked(path=rules, body=edited, reader="read_rule_set")),
        "lint_rule_set": Row(Asked(path=rules)),
        "activate_rule_set": Row(Asked(path=rules), success=(200, 409)),
    }


def _couriers(made: Retailer) -> dict[str, Row]:
    card, path = _json(example_de_card()), {"card": made.ids["card"]}
    cart = {"channel": "web", "lines": [{"sku": SKU, "quantity": 1}]}
    rate = {
        "location_id": HERE,
        "destination": {"country": "DE", "postcode": "80331"},
        "parcels": [{"weight_g": 900}],
    }
    return {
        "list_rate_cards": Row(),
        "create_rate_card": Row(Asked(body=card | {"card_id": "acme-card"})),
        "read_rate_card": Row(Asked(path=path)),
        "replace_rate_card": Row(Asked(path=path, body=card, reader="read_rate_card")),
        "quote_promise": Row(Asked(body=cart)),
        "reserve_promise": Row(Asked(body=cart)),
        "rate_shipment": Row(Asked(body=rate), elsewhere=FORBIDDEN),
    }


def _stock() -> dict[str, Row]:
    at = {"sku": SKU, "location_id": HERE}
    csv = f"sku,location_id,counted\n{SKU},{HERE},90\n".encode()
    return {
        "adjust_stock": Row(
            Asked(body=at | {"on_hand": -1, "reason": "broken"}), elsewhere=FORBIDDEN
        ),
        "count_stock": Row(Asked(body=at | {"counted": 90}), elsewhere=FORBIDDEN),
        "receive_stock": Row(Asked(body=at | {"quantity": 5}), elsewhere=FORBIDDEN),
        "sell_stock": Row(Asked(body=at | {"quantity": 1}), elsewhere=FORBIDDEN),
        "import_counts": Row(Asked(body=csv)),
        "list_levels": Row(Asked(query={"location": HERE})),
        "read_ledger": Row(Asked(query={"sku": SKU, "location": HERE})),
        "read_stock_rules": Row(),
        "replace_stock_rules": Row(Asked(body={}, reader="read_stock_rules")),
        "reconcile_stock": Row(Asked(body={"sku": SKU})),
        "read_availability": Row(Asked(query={"sku": SKU})),
    }


def _orders(made: Retailer) -> dict[str, Row]:
    order, held = {"order": made.ids["order open"]}, {"order": made.ids["order held"]}
    new = _json(an_order(reference="acme brand new"))
    return {
        "place_order": Row(Asked(body=new)),
        "search_orders": Row(Asked(query={"email": EMAIL})),
        "read_order": Row(Asked(path=order)),
        "read_timeline": Row(Asked(path=order)),
        "read_decisions": Row(Asked(path=order)),
        "cancel_order": Row(Asked(path=order, body={})),
        "hold_order": Row(Asked(path=order, body={"reason": "manual"})),
        "release_order": Row(Asked(path=held, body={"reason": "fraud"})),
        "edit_order": Row(Asked(path=order, body={"priority": 5})),
        "reroute_order": Row(Asked(path=order, body={})),
        "note_order": Row(Asked(path=order, body={"text": "called"})),
    }


def _at(made: Retailer, order: str, body: Any = None, **changes: Any) -> Row:
    path = {"fulfillment": f"{made.ids[f'order {order}']}.f1"}
    return Row(Asked(path=path, body=body), **({"elsewhere": FORBIDDEN} | changes))


def _work(made: Retailer) -> dict[str, Row]:
    return {
        "list_fulfillments": Row(Asked(query={"location": HERE}), elsewhere=FORBIDDEN),
        "pick_list": Row(Asked(query={"location": HERE}), elsewhere=FORBIDDEN),
        "read_fulfillment": _at(made, "open"),
        "read_packing_slip": _at(made, "open"),
        "accept_fulfillment": _at(made, "open"),
        "reject_fulfillment": _at(made, "open", {}),
        "pick_fulfillment": _at(made, "picked", {"scans": [], "complete": "no-variance"}),
        "pack_fulfillment": _at(made, "picked", {}),
        "ship_fulfillment": _at(made, "packed", {}),
        "ready_fulfillment": _at(made, "new pickup"),
        "resend_pickup_code": _at(made, "pickup"),
        # Nobody but the customer knows the code: a wrong one is as far as anybody gets.
        "hand_over_fulfillment": _at(made, "pickup", {"code": "000"}, success=(409,)),
        "move_fulfillment": _at(made, "open", {}, elsewhere=EVERYBODY),
        "confirm_cancel": _at(made, "asked"),
        "refuse_cancel": _at(made, "asked"),
    }


def _shipments(made: Retailer) -> dict[str, Row]:
    path = {"shipment": f"{made.ids['order shipped']}.f1.s1"}
    return {
        "list_shipments": Row(Asked(query={"order": made.ids["order shipped"]})),
        "read_shipment": Row(Asked(path=path), elsewhere=FORBIDDEN),
        "void_shipment": Row(Asked(path=path), elsewhere=FORBIDDEN),
        "track_a_shipment": Row(Asked(path=path, body={"report": "scanned"}), elsewhere=FORBIDDEN),
    }


def _returns(made: Retailer) -> dict[str, Row]:
    def of(name: str, body: Any = None, **changes: Any) -> Row:
        return Row(Asked(path={"return": made.ids[f"return {name}"]}, body=body), **changes)

    units = [{"line_id": "1", "quantity": 1, "reason": "too-small"}]
    new = {"order_id": made.ids["order sold"], "location_id": HERE, "lines": units}
    seen = [{"line_id": "1", "disposition": "resell", "quantity": 1}]
    looked_at = {"batch": "b-2", "location_id": HERE, "units": seen}
    parcel = {"parcel": "p-2", "location_id": HERE}
    return {
        "look_up_orders": Row(Asked(body={"email": EMAIL})),
        "create_return": Row(Asked(body=new), elsewhere=FORBIDDEN),
        "search_returns": Row(Asked(query={"location": HERE}), elsewhere=FORBIDDEN),
        "read_return": of("asked"),
        "approve_return": of("asked"),
        "decline_return": of("asked", {"reason": "worn"}),
        "cancel_return": of("asked", {"reason": "customer"}, elsewhere=FORBIDDEN),
        "receive_return": of("approved", parcel, elsewhere=FORBIDDEN),
        "inspect_return": of("received", looked_at, elsewhere=FORBIDDEN),
        "close_return": of("inspected"),
    }


def _tenants(made: Retailer) -> dict[str, Row]:
    told = {"name": "New", "currency": "EUR", "country": "DE", "time_zone": "Europe/Berlin"}
    key = {"label": "till", "role": "read-only"}
    revoked = {"key": made.ids["key"]}
    return {
        "create_tenant": Row(Asked(body={"tenant_id": "umbrella", "preferences": told})),
        "list_tenants": Row(),
        "suspend_tenant": Row(Asked(path={"tenant": "globex"})),
        "resume_tenant": Row(Asked(path={"tenant": "initech"})),
        "read_settings": Row(),
        "change_settings": Row(Asked(body={"name": "Acme 2"}, reader="read_settings")),
        "create_key": Row(Asked(body=key)),
        "list_keys": Row(),
        "revoke_key": Row(Asked(path=revoked)),
    }


def _others(made: Retailer) -> dict[str, Row]:
    ids = made.ids
    connection, endpoint = {"connection": ids["connection"]}, {"endpoint": ids["endpoint"]}
    wanted = {"url": "http://127.0.0.1:9/acme-too", "events": ["order.*"]}
    changed = Asked(path=endpoint, body=wanted, reader="read_webhook_endpoint")
    delivery = endpoint | {"delivery": ids["delivery"]}
    parked = {"parked": ids["parked"]}
    act = {"action": ids["action"], "sku": SKU}
    return {
        "list_connections": Row(),
        "save_connection": Row(
            Asked(path=connection, body={"channel": "shopify", "secret": SECRET}), own=True
        ),
        "keep_access_token": Row(Asked(path=connection, body={"token": "shpat_0123456789"})),
        "forget_access_token": Row(Asked(path=connection)),
        "forget_connection": Row(Asked(path=connection)),
        "create_webhook_endpoint": Row(Asked(body=wanted)),
        "list_webhook_endpoints": Row(),
        "read_webhook_endpoint": Row(Asked(path=endpoint)),
        "change_webhook_endpoint": Row(changed),
        "forget_webhook_endpoint": Row(Asked(path=endpoint)),
        "rotate_webhook_secret": Row(Asked(path=endpoint)),
        "drop_webhook_secret": Row(Asked(path=endpoint)),
        "enable_webhook_endpoint": Row(Asked(path=endpoint)),
        "disable_webhook_endpoint": Row(Asked(path=endpoint)),
        "test_webhook_endpoint": Row(Asked(path=endpoint)),
        "list_webhook_deliveries": Row(Asked(path=endpoint)),
        "replay_webhook_delivery": Row(Asked(path=delivery)),
        "list_exceptions": Row(),
        "settle_exception": Row(Asked(path={"exception": ids["exception"]}, body=act)),
        "read_kpis": Row(),
        "list_parked": Row(),
        "replay_parked": Row(Asked(path=parked)),
        "discard_parked": Row(Asked(path=parked)),
    }
