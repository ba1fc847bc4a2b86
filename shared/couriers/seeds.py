"""INVENTED EXAMPLE rate cards for two countries. No carrier charges these prices.

They show every feature of a card (zones by distance, by prefix and by country, step tariffs with
and without a rate beyond, dimensional weight, surcharges, fuel) at plausible sizes.
"""

from collections.abc import Sequence
from datetime import date, time
from typing import Final

from shared.couriers.cards import (
    Band,
    Beyond,
    Oversize,
    RateCard,
    RemoteArea,
    Service,
    Tariff,
    ZoneRule,
    ZoneTariff,
)
from shared.kernel.hours import WorkingWeek

POUND_G: Final = 454  # a started gram more than a pound, so that a pound is within its band
KILOGRAM_G: Final = 1_000

US_EXAMPLE: Final = "example-us"
DE_EXAMPLE: Final = "example-de"

_US_ZONES: Final = {  # zone: up to so many meters
    "us-2": 240_000,
    "us-3": 480_000,
    "us-4": 970_000,
    "us-5": 1_600_000,
    "us-6": 2_250_000,
    "us-7": 2_900_000,
}
_NEAR_EU: Final = ("AT", "BE", "CZ", "DK", "FR", "LU", "NL", "PL")
_FAR_EU: Final = ("ES", "FI", "HU", "IE", "IT", "PT", "SE", "SI", "SK")


def _steps(count: int, step_g: int, first_minor: int, increment_minor: int) -> Tariff:
    """Return equal steps, and beyond them the same increment for each started step."""
    bands = tuple(
        Band(up_to_g=step_g * number, price_minor=first_minor + increment_minor * (number - 1))
        for number in range(1, count + 1)
    )
    last = bands[-1]
    beyond = Beyond(
        threshold_g=last.up_to_g,
        rate_minor=last.price_minor,
        increment_minor=increment_minor,
        step_g=step_g,
    )
    return Tariff(bands=bands, beyond=beyond)


def _bands(steps: Sequence[tuple[int, int]], extra_minor: int) -> Tariff:
    """Return (kilograms, price) steps, each dearer by the extra; nothing beyond."""
    return Tariff(
        bands=tuple(
            Band(up_to_g=kilograms * KILOGRAM_G, price_minor=price + extra_minor)
            for kilograms, price in steps
        )
    )


def _us_service(
    code: str, rank: int, prices: tuple[int, int], days: Sequence[tuple[int, int]], **terms: object
) -> Service:
    first, increment = prices
    rows = tuple(
        ZoneTariff(
            zone=zone,
            days_min=shortest,
            days_max=longest,
            tariff=_steps(20, POUND_G, first + first * number // 9, increment + 9 * number),
        )
        for number, (zone, (shortest, longest)) in enumerate(
            zip((*_US_ZONES, "us-8", "us-9"), days, strict=True)
        )
    )
    base = {"code": code, "name": f"Example {code}", "speed_rank": rank, "zones": rows}
    return Service.model_validate(base | terms, strict=False)


def _us_zone_rules() -> list[ZoneRule]:
    rules = [
        ZoneRule(zone=zone, origin_country="US", destination_country="US", up_to_m=limit)
        for zone, limit in _US_ZONES.items()
    ]
    # Ends without coordinates, and all that is farther, pay the dearest zone of the mainland.
    rules.append(ZoneRule(zone="us-8", origin_country="US", destination_country="US"))
    rules.append(
        ZoneRule(
            zone="us-9",
            origin_country="US",
            destination_country="US",
            destination_prefixes=("967", "968", "995", "996", "997", "998", "999"),
        )
    )
    return rules


def _us_services() -> tuple[Service, ...]:
    ground = ((1, 2), (1, 3), (2, 3), (2, 4), (3, 5), (4, 5), (4, 6), (6, 9))
    return (
        _us_service(
            *("economy", 3, (640, 38), tuple((a + 1, b + 3) for a, b in ground)),
            cutoff=time(15),
            late_bp=800,
            max_weight_g=70 * POUND_G,
        ),
        _us_service("standard", 2, (890, 52), ground, cutoff=time(16), late_bp=300, hazmat=True),
        _us_service(
            *("express", 1, (2_450, 165), ((1, 1),) * 7 + ((2, 3),)),
            cutoff=time(14),
            delivered_by=time(12),
            late_bp=100,
            max_weight_g=150 * POUND_G,
        ),
    )


def example_us_card() -> RateCard:
    """Return the invented card of the United States: dollars, pounds, zones by distance."""
    return RateCard(
        card_id=US_EXAMPLE,
        carrier=US_EXAMPLE,
        currency="USD",
        example=True,
        services=_us_services(),
        zones=tuple(_us_zone_rules()),
        working_week=WorkingWeek(
            holidays=(
                *(date(2026, 11, 26), date(2026, 12, 25), date(2027, 1, 1), date(2027, 5, 31)),
                *(date(2027, 7, 5), date(2027, 9, 6), date(2027, 11, 25), date(2027, 12, 24)),
            )
        ),
        dim_divisor=5_022,  # 139 cubic inches a pound
        residential_minor=395,
        remote=(RemoteArea(country="US", prefixes=("590", "821", "967", "995"), amount_minor=640),),
        oversize=Oversize(amount_minor=2_400, over_length_mm=1_219, over_girth_mm=2_667),
        fuel_bp=1_250,
    )


def _de_service(
    code: str,
    rank: int,
    steps: Sequence[tuple[int, int]],
    zones: Sequence[tuple[str, int, int, int]],
    **terms: object,
) -> Service:
    rows = tuple(
        ZoneTariff(zone=zone, days_min=shortest, days_max=longest, tariff=_bands(steps, extra))
        for zone, shortest, longest, extra in zones
    )
    base = {"code": code, "name": f"Example {code}", "speed_rank": rank, "zones": rows}
    return Service.model_validate(base | terms, strict=False)


def _de_zone_rules() -> list[ZoneRule]:
    rules = [ZoneRule(zone="de", origin_country="DE", destination_country="DE")]
    for zone, countries in (("eu-near", _NEAR_EU), ("eu-far", _FAR_EU)):
        rules.extend(
            ZoneRule(zone=zone, origin_country="DE", destination_country=country)
            for country in countries
        )
    return rules


def _de_services() -> tuple[Service, ...]:
    standard = ((2, 449), (5, 549), (10, 779), (20, 1_149), (31, 1_549))
    express = ((2, 1_190), (5, 1_390), (10, 1_790), (20, 2_490), (31, 3_290))
    economy = ((1, 349), (2, 399), (5, 499))
    return (
        _de_service(
            *("economy", 3, economy, (("de", 2, 4, 0), ("eu-near", 4, 7, 410))),
            cutoff=time(15),
            late_bp=700,
            max_length_mm=600,
        ),
        _de_service(
            *("standard", 2, standard),
            (("de", 1, 2, 0), ("eu-near", 2, 4, 620), ("eu-far", 4, 6, 1_040)),
            cutoff=time(17),
            late_bp=250,
            hazmat=True,
            max_length_mm=1_200,
            max_girth_mm=3_600,
        ),
        _de_service(
            *("express", 1, express),
            (("de", 1, 1, 0), ("eu-near", 1, 2, 1_480), ("eu-far", 2, 3, 2_220)),
            cutoff=time(16),
            delivered_by=time(12),
            late_bp=80,
            max_length_mm=1_200,
        ),
    )


def example_de_card() -> RateCard:
    """Return the invented card of Germany and the EU: euros, kilograms, zones by country."""
    return RateCard(
        card_id=DE_EXAMPLE,
        carrier=DE_EXAMPLE,
        currency="EUR",
        example=True,
        services=_de_services(),
        zones=tuple(_de_zone_rules()),
        working_week=WorkingWeek(
            weekdays=(1, 2, 3, 4, 5, 6),
            holidays=(
                *(date(2026, 12, 25), date(2026, 12, 26), date(2027, 1, 1), date(2027, 3, 26)),
                *(date(2027, 3, 29), date(2027, 5, 1), date(2027, 5, 6), date(2027, 5, 17)),
                *(date(2027, 10, 3), date(2027, 12, 25)),
            ),
        ),
        dim_divisor=5_000,
        remote=(
            RemoteArea(
                country="DE",
                prefixes=("18565", "25849", "25859", "25946", "25980", "26465", "27498"),
                amount_minor=590,
            ),
        ),
        oversize=Oversize(amount_minor=2_200, over_length_mm=1_000),
        fuel_bp=875,
    )


def example_cards() -> tuple[RateCard, ...]:
    """Return all invented cards."""
    return (example_us_card(), example_de_card())
