"""Quotes, the choice among them, and what the customer pays."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.couriers.decide import (
    Choice,
    Dropped,
    Journey,
    Offer,
    Preference,
    Way,
    choose,
    compile_card,
    customer_fee_minor,
    lateness_risk_minor,
    offer,
    quote,
)
from shared.couriers.model import FeeBand, Parcel, Place, Quote
from shared.couriers.seeds import example_de_card
from shared.kernel.calendar import WeeklyHours
from tests.unit.couriers.samples import (
    MONDAY_NOON,
    MUNICH,
    a_card,
    a_parcel,
    a_quote,
    a_request,
    a_service,
    a_site,
)
from tests.unit.couriers.test_promise import a_site_open

EUROS = Preference("EUR")
WEDNESDAY_EVENING = datetime(2026, 11, 25, 20, tzinfo=UTC)


def chosen(quotes: list[Quote], promise_by: datetime | None = None, **wish: Any) -> Choice:
    return choose(quotes, promise_by, Preference("EUR", **wish), MONDAY_NOON)


def test_a_quote_tells_price_dates_and_source() -> None:
    card = compile_card(a_card(fuel_bp=1_000, residential_minor=100))
    home = Place("DE", "80331", is_residential=True)
    request = a_request(destination=home, parcels=(a_parcel(), a_parcel(weight_g=3_000)))
    assert quote(card, request) == (
        a_quote(
            cost_minor=550 + 770,
            parcel_costs_minor=(550, 770),
            surcharges=(
                {"kind": "residential", "amount_minor": 200},
                {"kind": "fuel", "amount_minor": 120},
            ),
        ),
    )


def test_a_quote_of_an_invented_card_says_so() -> None:
    found = quote(compile_card(example_de_card()), a_request())
    assert [q.service for q in found] == ["economy", "standard", "express"]
    assert all(q.example and q.source == "ratecard:example-de" for q in found)


def test_a_service_that_cannot_take_one_of_the_parcels_gives_no_quote() -> None:
    request = a_request(parcels=(a_parcel(), a_parcel(weight_g=9_000)))
    assert quote(compile_card(a_card()), request) == ()


def test_without_parcels_a_zone_or_an_open_location_there_is_no_quote() -> None:
    card = compile_card(a_card())
    assert quote(card, a_request(parcels=())) == ()
    assert quote(card, a_request(destination=Place("US"))) == ()
    assert quote(card, a_request(site=a_site_open(WeeklyHours()))) == ()


def test_the_cheapest_quote_that_keeps_the_promise_is_chosen_and_all_are_kept() -> None:
    cheap = a_quote(service="economy", cost_minor=300, arrive_by=WEDNESDAY_EVENING + timedelta(1))
    fast = a_quote(service="express", cost_minor=900, arrive_by=WEDNESDAY_EVENING - timedelta(1))
    standard = a_quote()
    choice = chosen([fast, cheap, standard], WEDNESDAY_EVENING)
    assert choice.chosen == standard
    assert [(row.quote.service, row.dropped) for row in choice.ranking] == [
        ("standard", None),
        ("express", None),
        ("economy", Dropped.LATE),
    ]


def test_without_a_promise_the_cheapest_is_chosen() -> None:
    slow = a_quote(cost_minor=100, arrive_by=WEDNESDAY_EVENING + timedelta(30))
    assert chosen([a_quote(), slow]).chosen == slow


def test_when_all_are_late_none_is_chosen_and_the_soonest_is_named() -> None:
    late = a_quote(service="economy", cost_minor=1, arrive_by=WEDNESDAY_EVENING + timedelta(2))
    choice = chosen([late, a_quote()], WEDNESDAY_EVENING - timedelta(seconds=1))
    assert (choice.chosen, choice.soonest) == (None, a_quote())
    assert chosen([]) == Choice(None, None, ())


def test_quotes_in_another_currency_and_expired_ones_are_set_aside() -> None:
    dollars = a_quote(currency="USD", cost_minor=1)
    stale = a_quote(cost_minor=2, expires_at=MONDAY_NOON)
    choice = chosen([dollars, stale, a_quote()])
    assert choice.chosen == a_quote()
    assert [row.dropped for row in choice.ranking] == [
        None,
        Dropped.OTHER_CURRENCY,
        Dropped.EXPIRED,
    ]


def test_the_risk_of_being_late_can_outweigh_the_price() -> None:
    risky = a_quote(service="economy", cost_minor=480, late_bp=1_000)
    sure = a_quote(cost_minor=500, late_bp=100)
    assert chosen([risky, sure], WEDNESDAY_EVENING).chosen == risky
    assert chosen([risky, sure], WEDNESDAY_EVENING, late_penalty_minor=1_000).chosen == sure


def test_a_whole_day_to_spare_halves_the_risk() -> None:
    arrive = WEDNESDAY_EVENING
    risks = [
        lateness_risk_minor(1_000, arrive, arrive + timedelta(hours=hours), 1_000)
        for hours in (0, 23, 24, 48, 24 * 30)
    ]
    assert risks == [100, 100, 50, 25, 0]
    assert lateness_risk_minor(1_000, arrive, None, 1_000) == 0
    assert lateness_risk_minor(1_000, arrive, arrive - timedelta(1), 1_000) == 0


def test_ties_go_to_the_faster_then_to_the_preferred_then_to_the_name() -> None:
    faster = a_quote(carrier="zebra", speed_rank=1)
    alpha, beta = a_quote(carrier="alpha"), a_quote(carrier="beta")
    assert chosen([alpha, faster]).chosen == faster
    assert chosen([beta, alpha]).chosen == alpha
    assert chosen([beta, alpha], carriers=("beta",)).chosen == beta
    assert chosen([beta, alpha], carriers=("gamma", "beta/standard")).chosen == beta
    assert chosen([beta, alpha], carriers=("alpha", "beta/standard")).chosen == alpha


quotes = st.builds(
    lambda carrier, cost, rank, late, hours: a_quote(
        carrier=carrier,
        cost_minor=cost,
        speed_rank=rank,
        late_bp=late,
        arrive_by=WEDNESDAY_EVENING + timedelta(hours=hours),
    ),
    st.sampled_from(["alpha", "beta", "gamma"]),
    st.integers(300, 305),
    st.integers(1, 3),
    st.integers(0, 2_000),
    st.integers(-30, 30),
)


@given(
    st.lists(quotes, max_size=3, unique_by=lambda found: found.carrier),
    st.randoms(use_true_random=False),
)
def test_the_order_of_the_quotes_does_not_matter(found: list[Quote], random: Any) -> None:
    wish: dict[str, Any] = {"late_penalty_minor": 500, "carriers": ("gamma",)}
    first = chosen(found, WEDNESDAY_EVENING, **wish)
    shuffled = list(found)
    random.shuffle(shuffled)
    assert chosen(shuffled, WEDNESDAY_EVENING, **wish) == first


def a_journey(**changes: Any) -> Journey:
    usual: dict[str, Any] = {
        "destination": MUNICH,
        "now": MONDAY_NOON,
        "promise_by": None,
        "preference": EUROS,
    }
    return Journey(**(usual | changes))


def test_an_offer_names_the_cheapest_way_for_any_parcels() -> None:
    found = offer([compile_card(a_card())], a_site(), a_journey())
    assert found.cheapest((a_parcel(), a_parcel())) == Way(
        800, 0, "postbus", "standard", WEDNESDAY_EVENING
    )
    assert found.cheapest((a_parcel(weight_g=9_000),)) is None
    assert found.cheapest((a_parcel(), a_parcel(weight_g=9_000))) is None
    assert found.arrivals()[("postbus", "standard")].arrive_by == WEDNESDAY_EVENING


def test_an_offer_holds_only_what_keeps_the_promise_in_the_orders_currency() -> None:
    card = compile_card(a_card())
    too_soon = a_journey(promise_by=WEDNESDAY_EVENING - timedelta(seconds=1))
    others: list[tuple[Any, Journey]] = [
        (a_site(), too_soon),
        (a_site(), a_journey(preference=Preference("USD"))),
        (a_site(), a_journey(destination=Place("US"))),
        (a_site_open(WeeklyHours()), a_journey()),
    ]
    assert [dict(offer([card], site, wish).arrivals()) for site, wish in others] == [{}] * 4
    on_time = offer([card], a_site(), a_journey(promise_by=WEDNESDAY_EVENING))
    assert len(on_time.arrivals()) == 1


@given(
    weights=st.lists(st.integers(1, 40_000), min_size=1, max_size=3),
    days=st.none() | st.integers(1, 8),
    penalty=st.integers(0, 5_000),
)
def test_routing_and_booking_choose_the_same_service(
    weights: list[int], days: int | None, penalty: int
) -> None:
    rival = a_card(
        card_id="rival",
        services=(a_service(late_bp=50), a_service(code="slow", speed_rank=3)),
    )
    cards = [compile_card(example_de_card()), compile_card(rival)]
    promise_by = None if days is None else MONDAY_NOON + timedelta(days=days)
    wish = Preference("EUR", late_penalty_minor=penalty, carriers=("postbus",))
    parcels = tuple(Parcel(weight) for weight in weights)
    quotes = [q for card in cards for q in quote(card, a_request(parcels=parcels))]
    booked = choose(quotes, promise_by, wish, MONDAY_NOON)
    way = offer(cards, a_site(), a_journey(promise_by=promise_by, preference=wish)).cheapest(
        parcels
    )
    if booked.chosen is None:
        assert way is None
    else:
        best = booked.chosen
        risk = booked.ranking[0].risk_minor
        assert way == Way(best.cost_minor, risk, best.carrier, best.service, best.arrive_by)


def test_an_empty_offer_has_no_way() -> None:
    assert Offer((), EUROS).cheapest((a_parcel(),)) is None


def test_customer_fee_bands_as_published() -> None:
    # BL-BANDS
    bands = [FeeBand(minimum_minor=value, fee_minor=value) for value in (10, 20, 30)]
    fees = [customer_fee_minor(bands, value) for value in (20, 9, 30, 25, 100)]
    assert fees == [20, 0, 30, 20, 30]


def test_of_equal_minima_the_cheapest_fee_holds() -> None:
    bands = [FeeBand(minimum_minor=10, fee_minor=fee) for fee in (500, 300, 400)]
    assert customer_fee_minor(bands, 10) == 300
    assert customer_fee_minor([], 10) == 0


def test_a_quote_comes_back_from_its_document_as_it_was() -> None:
    found = quote(compile_card(a_card(fuel_bp=900)), a_request())[0]
    assert Quote.model_validate_json(found.model_dump_json()) == found
