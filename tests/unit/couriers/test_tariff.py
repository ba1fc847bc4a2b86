"""What one parcel costs on one lane."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.couriers.cards import Band, Beyond, Tariff, ZoneRule
from shared.couriers.decide import billed_weight_g, compile_card, parcel_cost
from shared.couriers.decide import tariff as subject
from shared.couriers.decide.tariff import zone_of_lane
from shared.couriers.model import Parcel, Place
from shared.couriers.seeds import example_cards
from shared.kernel.geo import GeoPoint
from tests.unit.couriers.samples import BERLIN, MUNICH, a_card, a_parcel, a_service, a_tariff

POUND_G = 454


def price(parcel: Parcel, destination: Place = MUNICH, **card: Any) -> int | None:
    return parcel_cost(compile_card(a_card(**card)), BERLIN, destination, parcel, "standard")


def a_card_with(tariff: Tariff, **service: Any) -> dict[str, Any]:
    row = {"zone": "home", "days_min": 1, "days_max": 2, "tariff": tariff}
    return {"services": (a_service(zones=(row,), **service),)}


def test_beyond_the_threshold_each_started_step_adds_the_increment() -> None:
    # IOM-RATE: threshold 5 lb, rate 8, increment 0.75: 10 lb cost 11.75
    beyond = Beyond(threshold_g=5 * POUND_G, rate_minor=800, increment_minor=75, step_g=POUND_G)
    card = a_card_with(Tariff(beyond=beyond))
    assert price(a_parcel(weight_g=10 * POUND_G), **card) == 1_175
    assert price(a_parcel(weight_g=9 * POUND_G + 1), **card) == 1_175
    assert price(a_parcel(weight_g=5 * POUND_G), **card) == 800
    assert price(a_parcel(weight_g=1), **card) == 800


@pytest.mark.parametrize(
    ("weight_g", "expected"), [(0, 400), (1_000, 400), (1_001, 600), (5_000, 600), (5_001, None)]
)
def test_a_weight_costs_what_its_band_says_and_without_a_band_has_no_price(
    weight_g: int, expected: int | None
) -> None:
    assert price(a_parcel(weight_g=weight_g)) == expected


def test_bands_go_on_with_the_rate_beyond() -> None:
    tariff = Tariff(
        bands=(Band(up_to_g=1_000, price_minor=400),),
        beyond=Beyond(threshold_g=1_000, rate_minor=400, increment_minor=50, step_g=500),
    )
    card = a_card_with(tariff)
    assert [price(a_parcel(weight_g=g), **card) for g in (1_000, 1_001, 1_501)] == [400, 450, 500]


def test_the_greater_of_actual_and_dimensional_weight_is_billed() -> None:
    light = a_parcel(weight_g=500, volume_mm3=20_000_001)  # 20 liters and a bit
    assert billed_weight_g(light, 5_000) == 4_001
    assert billed_weight_g(a_parcel(weight_g=4_500, volume_mm3=20_000_001), 5_000) == 4_500
    assert billed_weight_g(light, None) == 500
    assert price(light, dim_divisor=5_000) == 600
    assert price(light) == 400


def test_surcharges_come_before_fuel_and_half_a_cent_is_rounded_up() -> None:
    at_home = Place("DE", "80331", is_residential=True)
    # (400 + 150) x 1.045 = 574.75
    assert price(a_parcel(), at_home, residential_minor=150, fuel_bp=450) == 575
    assert price(a_parcel(), MUNICH, residential_minor=150, fuel_bp=450) == 418
    assert price(a_parcel(), fuel_bp=125) == 405
    assert price(a_parcel(), residential_minor=2, destination=at_home, fuel_bp=125) == 407


def test_of_remote_areas_that_fit_the_longest_prefix_holds() -> None:
    remote = (
        {"country": "DE", "prefixes": ("25",), "amount_minor": 900},
        {"country": "DE", "prefixes": ("25980", "25996"), "amount_minor": 300},
        {"country": "FR", "prefixes": ("25980",), "amount_minor": 5_000},
    )
    assert price(a_parcel(), Place("DE", "25980"), remote=remote) == 700
    assert price(a_parcel(), Place("DE", "25-100"), remote=remote) == 1_300
    assert price(a_parcel(), MUNICH, remote=remote) == 400


def test_a_parcel_over_any_limit_is_oversize() -> None:
    card: dict[str, Any] = {
        "oversize": {
            "amount_minor": 1_000,
            "over_weight_g": 4_000,
            "over_length_mm": 1_000,
            "over_girth_mm": 2_000,
        }
    }
    assert price(a_parcel(), **card) == 400
    assert price(a_parcel(weight_g=4_001), **card) == 1_600
    assert price(a_parcel(sides_mm=(1_001, 10, 10)), **card) == 1_400
    assert price(a_parcel(sides_mm=(1_000, 251, 250)), **card) == 1_400
    assert price(a_parcel(sides_mm=(1_000, 250, 250)), **card) == 400
    assert price(a_parcel(sides_mm=(1_000, 250, 250)), oversize={"amount_minor": 9}) == 400


def test_a_service_does_not_take_what_is_too_heavy_too_long_or_too_thick() -> None:
    card = a_card_with(a_tariff(), max_weight_g=2_000, max_length_mm=600, max_girth_mm=1_000)
    assert price(a_parcel(weight_g=2_000, sides_mm=(600, 100, 100)), **card) == 600
    assert price(a_parcel(weight_g=2_001), **card) is None
    assert price(a_parcel(sides_mm=(601, 10, 10)), **card) is None
    assert price(a_parcel(sides_mm=(600, 101, 100)), **card) is None


def test_without_a_zone_or_a_service_there_is_no_price() -> None:
    card = compile_card(a_card())
    assert parcel_cost(card, BERLIN, Place("US", "10001"), a_parcel(), "standard") is None
    assert parcel_cost(card, BERLIN, MUNICH, a_parcel(), "overnight") is None


def test_a_service_that_does_not_go_to_a_zone_has_no_rate_there() -> None:
    zones = (
        {"zone": "home", "origin_country": "DE", "destination_country": "DE"},
        {"zone": "abroad", "origin_country": "DE", "destination_country": "AT"},
    )
    lane = compile_card(a_card(zones=zones)).lane(BERLIN, Place("AT", "1010"))
    assert lane is not None
    assert (lane.zone, lane.rates) == ("abroad", ())


def a_rule(zone: str, **changes: Any) -> ZoneRule:
    usual = {"zone": zone, "origin_country": "DE", "destination_country": "DE"}
    return ZoneRule.model_validate(usual | changes, strict=False)


def test_the_most_specific_zone_rule_holds() -> None:
    rules = (
        a_rule("country"),
        a_rule("far-prefix", destination_prefixes=("8", "80")),
        a_rule("both", destination_prefixes=("80",), origin_prefixes=("10",)),
        a_rule("other-origin", destination_prefixes=("803",), origin_prefixes=("2",)),
        a_rule("later", destination_prefixes=("80",), origin_prefixes=("10",)),
    )
    assert zone_of_lane(rules, BERLIN, MUNICH) == "both"
    assert zone_of_lane(rules, Place("DE", "50667"), MUNICH) == "far-prefix"
    assert zone_of_lane(rules, BERLIN, Place("DE", "50667")) == "country"
    assert zone_of_lane(rules[1:], BERLIN, Place("DE", "50667")) is None


def test_the_narrowest_distance_band_holds_and_needs_both_ends() -> None:
    rules = (a_rule("far", up_to_m=1_000_000), a_rule("near", up_to_m=600_000), a_rule("unknown"))
    berlin = Place("DE", "10115", GeoPoint(latitude=52.52, longitude=13.405))
    munich = Place("DE", "80331", GeoPoint(latitude=48.137, longitude=11.575))
    paris = Place("FR", "75001", GeoPoint(latitude=48.857, longitude=2.352))
    assert zone_of_lane(rules, berlin, munich) == "near"  # 504 km
    assert zone_of_lane(rules, berlin, paris) == "far"  # 878 km
    assert zone_of_lane(rules, berlin, MUNICH) == "unknown"
    assert zone_of_lane(rules, BERLIN, munich) == "unknown"


def test_lanes_of_a_card_with_distances_differ_by_their_points() -> None:
    service = a_service(
        zones=(
            {"zone": "near", "days_min": 1, "days_max": 1, "tariff": a_tariff()},
            {"zone": "far", "days_min": 2, "days_max": 3, "tariff": a_tariff()},
        )
    )
    rule = {"origin_country": "DE", "destination_country": "DE"}
    zones = ({"zone": "near", "up_to_m": 100_000, **rule}, {"zone": "far", **rule})
    card = compile_card(a_card(services=(service,), zones=zones))
    start = Place("DE", "", GeoPoint(latitude=52.0, longitude=13.0))
    near = Place("DE", "", GeoPoint(latitude=52.5, longitude=13.0))
    far = Place("DE", "", GeoPoint(latitude=54.0, longitude=13.0))
    found = [card.lane(start, end) for end in (near, far, near)]
    assert [lane.zone for lane in found if lane] == ["near", "far", "near"]


def test_a_card_forgets_lanes_before_it_grows_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "LANES_KEPT_MAX", 2)
    card = compile_card(a_card())
    lanes = [card.lane(BERLIN, Place("DE", str(number))) for number in range(5)]
    assert {lane.zone for lane in lanes if lane} == {"home"}


@given(
    weight=st.integers(1, 80_000),
    sides=st.tuples(st.integers(1, 2_000), st.integers(1, 900), st.integers(1, 500)),
    residential=st.booleans(),
)
def test_the_parts_of_a_price_sum_to_it(
    weight: int, sides: tuple[int, int, int], *, residential: bool
) -> None:
    longest, middle, shortest = sorted(sides, reverse=True)
    parcel = Parcel(weight, (longest, middle, shortest), longest * middle * shortest)
    for card, country in zip(example_cards(), ("US", "DE"), strict=True):
        lane = compile_card(card).lane(
            Place(country, "10115"), Place(country, "25980", is_residential=residential)
        )
        assert lane is not None
        for rate in lane.rates:
            charges, cost = rate.charges(parcel), rate.cost_minor(parcel)
            assert cost == (None if charges is None else charges.total_minor)


@given(st.integers(1, 60_000), st.integers(1, 60_000))
def test_more_weight_never_costs_less_on_the_example_cards(light: int, heavy: int) -> None:
    light, heavy = min(light, heavy), max(light, heavy)
    for card, country in zip(example_cards(), ("US", "DE"), strict=True):
        lane = compile_card(card).lane(Place(country, "10115"), Place(country, "80331"))
        assert lane is not None
        for rate in lane.rates:
            less, more = rate.cost_minor(Parcel(light)), rate.cost_minor(Parcel(heavy))
            assert more is None or (less is not None and less <= more)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"bands": ()}, "a band or a rate beyond"),
        ({"bands": ({"up_to_g": 5, "price_minor": 1},) * 2}, "ascending order"),
        (
            {
                "beyond": {
                    "threshold_g": 4_999,
                    "rate_minor": 1,
                    "increment_minor": 1,
                    "step_g": 1,
                }
            },
            "where the last band ends",
        ),
    ],
)
def test_a_tariff_with_holes_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        a_tariff(**changes)


def test_a_card_that_contradicts_itself_is_refused() -> None:
    row = {"zone": "moon", "days_min": 1, "days_max": 2, "tariff": a_tariff()}
    with pytest.raises(ValidationError, match="no rule leads to zone moon"):
        a_card(services=(a_service(zones=(row,)),))
    with pytest.raises(ValidationError, match="each service once"):
        a_card(services=(a_service(), a_service()))
    with pytest.raises(ValidationError, match="each zone once"):
        a_service(zones=(row, row))
    with pytest.raises(ValidationError, match="longest transit"):
        a_service(zones=(row | {"days_max": 0},))


def test_the_example_cards_are_marked_and_come_back_from_their_documents() -> None:
    for card in example_cards():
        assert card.example
        assert [service.code for service in card.services] == ["economy", "standard", "express"]
        assert type(card).model_validate_json(card.model_dump_json(exclude_none=True)) == card
    assert {card.currency for card in example_cards()} == {"USD", "EUR"}
