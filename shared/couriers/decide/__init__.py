"""The pure rules of rating, promising and packing."""

from shared.couriers.decide.offers import Journey, Offer, Offers, Prices, Way, offer, parcel_cost
from shared.couriers.decide.parcels import TooManyParcels, check_count, pack, uncartoned
from shared.couriers.decide.promise import (
    Dispatch,
    handling_start,
    is_late,
    promise,
    ready_by,
    ship_day,
)
from shared.couriers.decide.quotes import (
    Choice,
    Dropped,
    Preference,
    Ranked,
    choose,
    customer_fee_minor,
    lateness_risk_minor,
    quote,
)
from shared.couriers.decide.tariff import (
    Charges,
    CompiledCard,
    Lane,
    Rate,
    billed_weight_g,
    compile_card,
)

__all__ = [
    "Charges",
    "Choice",
    "CompiledCard",
    "Dispatch",
    "Dropped",
    "Journey",
    "Lane",
    "Offer",
    "Offers",
    "Preference",
    "Prices",
    "Ranked",
    "Rate",
    "TooManyParcels",
    "Way",
    "billed_weight_g",
    "check_count",
    "choose",
    "compile_card",
    "customer_fee_minor",
    "handling_start",
    "is_late",
    "lateness_risk_minor",
    "offer",
    "pack",
    "parcel_cost",
    "promise",
    "quote",
    "ready_by",
    "ship_day",
    "uncartoned",
]
