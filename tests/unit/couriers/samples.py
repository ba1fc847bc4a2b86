"""Usual couriers' things: a test names only what matters to it."""

from datetime import UTC, datetime, time
from typing import Any

from shared.couriers.cards import RateCard, Service, Tariff
from shared.couriers.model import Parcel, Place, Quote, RateRequest, Site
from shared.kernel.calendar import Calendar, OpeningHours, WeeklyHours, Window

MONDAY_NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
NINE_TO_SIX = (Window(opens=time(9), closes=time(18)),)
WEEKDAYS = WeeklyHours(
    monday=NINE_TO_SIX,
    tuesday=NINE_TO_SIX,
    wednesday=NINE_TO_SIX,
    thursday=NINE_TO_SIX,
    friday=NINE_TO_SIX,
)
BERLIN = Place("DE", "10115")
MUNICH = Place("DE", "80331")


def a_tariff(**changes: Any) -> Tariff:
    """Return 1 kg for 4.00 and 5 kg for 6.00, nothing beyond."""
    bands = ({"up_to_g": 1_000, "price_minor": 400}, {"up_to_g": 5_000, "price_minor": 600})
    return Tariff.model_validate({"bands": bands} | changes, strict=False)


def a_service(**changes: Any) -> Service:
    """Return a two-day service to the one zone of the card."""
    usual = {
        "code": "standard",
        "name": "Standard",
        "speed_rank": 2,
        "cutoff": time(14),
        "zones": ({"zone": "home", "days_min": 1, "days_max": 2, "tariff": a_tariff()},),
    }
    return Service.model_validate(usual | changes, strict=False)


def a_card(**changes: Any) -> RateCard:
    """Return a card without surcharges, fuel or dimensional weight."""
    usual = {
        "card_id": "home",
        "carrier": "postbus",
        "currency": "EUR",
        "services": (a_service(),),
        "zones": ({"zone": "home", "origin_country": "DE", "destination_country": "DE"},),
        "working_week": {},
    }
    return RateCard.model_validate(usual | changes, strict=False)


def a_parcel(**changes: Any) -> Parcel:
    """Return 800 g without sides."""
    usual: dict[str, Any] = {"weight_g": 800}
    return Parcel(**(usual | changes))


def a_site(**changes: Any) -> Site:
    """Return a location in UTC, weekdays 9 to 18, that hands over at once."""
    hours = OpeningHours(zone="UTC", weekly=WEEKDAYS)
    usual: dict[str, Any] = {"place": BERLIN, "calendar": Calendar(hours)}
    return Site(**(usual | changes))


def a_request(**changes: Any) -> RateRequest:
    usual: dict[str, Any] = {
        "site": a_site(),
        "destination": MUNICH,
        "parcels": (a_parcel(),),
        "now": MONDAY_NOON,
    }
    return RateRequest(**(usual | changes))


def a_quote(**changes: Any) -> Quote:
    """Return 5.00 by Wednesday evening."""
    usual = {
        "carrier": "postbus",
        "service": "standard",
        "cost_minor": 500,
        "currency": "EUR",
        "days_min": 1,
        "days_max": 2,
        "ship_by": datetime(2026, 11, 23, 18, tzinfo=UTC),
        "arrive_by": datetime(2026, 11, 25, 20, tzinfo=UTC),
        "speed_rank": 2,
        "parcel_costs_minor": (500,),
        "source": "ratecard:home",
        "expires_at": datetime(2026, 11, 24, 12, tzinfo=UTC),
    }
    return Quote.model_validate(usual | changes, strict=False)
