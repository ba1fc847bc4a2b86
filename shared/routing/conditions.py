"""Conditions of rules as data: which orders, which locations."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from shared.kernel.model import Natural, Strict

VALUES_MAX = 500

Name = Annotated[str, Field(min_length=1, max_length=80)]
Values = Annotated[tuple[str | int, ...], Field(max_length=VALUES_MAX)]
Names = Annotated[tuple[Name, ...], Field(min_length=1, max_length=VALUES_MAX)]


class Operator(StrEnum):
    EQUALS = "equals"
    NOT_EQUALS = "not-equals"
    IN = "in"
    NOT_IN = "not-in"
    LESS = "less"
    LESS_EQUALS = "less-equals"
    GREATER = "greater"
    GREATER_EQUALS = "greater-equals"
    IS_NULL = "is-null"
    NOT_NULL = "not-null"


class OrderField(StrEnum):
    CHANNEL = "channel"
    ORDER_TYPE = "order-type"
    SHIPPING_METHOD = "shipping-method"
    PRIORITY = "priority"
    VALUE = "value"
    CUSTOMER_TIER = "customer-tier"
    ORDER_TAG = "order-tag"
    PRODUCT_TAG = "product-tag"
    CATEGORY = "category"
    COUNTRY = "country"
    POSTCODE = "postcode"
    ADMIN_AREA = "admin-area"
    PROMISE_DATE = "promise-date"
    PROMISE_HOURS = "promise-hours"
    QUEUE = "queue"


NUMBERS = frozenset({OrderField.PRIORITY, OrderField.VALUE, OrderField.PROMISE_HOURS})
UNARY = frozenset({Operator.IS_NULL, Operator.NOT_NULL})
MANY = frozenset({Operator.IN, Operator.NOT_IN})
SETS = frozenset(
    {
        OrderField.SHIPPING_METHOD,
        OrderField.ORDER_TAG,
        OrderField.PRODUCT_TAG,
        OrderField.CATEGORY,
    }
)
ORDERED = frozenset(
    {Operator.LESS, Operator.LESS_EQUALS, Operator.GREATER, Operator.GREATER_EQUALS}
)


class OrderFilter(Strict):
    """One condition on the order. Value is minor units; promise-date is an ISO date in UTC.

    A field that has several values (tags, categories, methods) is equal when one of them is.
    """

    field: OrderField
    operator: Operator
    values: Values = ()

    @model_validator(mode="after")
    def _values_fit(self) -> Self:
        wanted = 0 if self.operator in UNARY else 1
        if len(self.values) < wanted:
            raise ValueError(f"{self.operator} needs a value")
        if len(self.values) > wanted and self.operator not in MANY:
            raise ValueError(f"{self.operator} takes {wanted} value(s)")
        if self.operator in ORDERED and self.field in SETS:
            raise ValueError(f"{self.field} has no order")
        kind = int if self.field in NUMBERS else str
        if not all(isinstance(value, kind) for value in self.values):
            raise ValueError(f"{self.field} compares with {kind.__name__} values")
        return self


class GroupIn(Strict):
    kind: Literal["group-in"] = "group-in"
    groups: Names


class GroupOut(Strict):
    kind: Literal["group-out"] = "group-out"
    groups: Names


class KindIn(Strict):
    kind: Literal["kind-in"] = "kind-in"
    kinds: Names


class LocationIn(Strict):
    kind: Literal["location-in"] = "location-in"
    locations: Names


class SameCountry(Strict):
    kind: Literal["same-country"] = "same-country"


class MaxDistance(Strict):
    """Locations or destinations without coordinates are out: their distance is unknown."""

    kind: Literal["max-distance"] = "max-distance"
    distance_m: Natural


class UnitsRemain(Strict):
    """Units beyond safety stock that must remain after the allocation."""

    kind: Literal["units-remain"] = "units-remain"
    units: Natural


class CapacityLeft(Strict):
    kind: Literal["capacity-left"] = "capacity-left"
    at_least: Natural


class Capability(Strict):
    kind: Literal["capability"] = "capability"
    all_of: Names


class IsOpen(Strict):
    kind: Literal["open"] = "open"


class BeforeCutoff(Strict):
    kind: Literal["before-cutoff"] = "before-cutoff"


class FreshFeed(Strict):
    kind: Literal["fresh-feed"] = "fresh-feed"


LocationFilter = Annotated[
    GroupIn
    | GroupOut
    | KindIn
    | LocationIn
    | SameCountry
    | MaxDistance
    | UnitsRemain
    | CapacityLeft
    | Capability
    | IsOpen
    | BeforeCutoff
    | FreshFeed,
    Field(discriminator="kind"),
]
