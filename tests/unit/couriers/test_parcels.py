"""How goods become parcels."""

from collections import Counter
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.couriers.decide import TooManyParcels, pack, uncartoned
from shared.couriers.model import Carton, Goods, Parcel

SMALL = Carton(name="small", sides_mm=(100, 200, 300), max_weight_g=5_000, tare_g=50)
LARGE = Carton(name="large", sides_mm=(600, 400, 400), max_weight_g=20_000, tare_g=300)


def test_goods_that_fit_together_travel_together_in_the_smallest_carton() -> None:
    goods = [Goods("SHIRT", 2, 200, (300, 200, 20)), Goods("SOCKS", 1, 80, (150, 100, 30))]
    assert pack(goods, [LARGE, SMALL]) == (
        Parcel(530, (300, 200, 100), 6_000_000, (("SHIRT", 2), ("SOCKS", 1)), "small"),
    )


def test_weight_divides_goods_over_parcels() -> None:
    parcels = pack([Goods("IRON", 5, 8_000, (100, 100, 100))], [LARGE])
    assert [parcel.contents for parcel in parcels] == [
        (("IRON", 2),),
        (("IRON", 2),),
        (("IRON", 1),),
    ]
    assert [parcel.weight_g for parcel in parcels] == [16_300, 16_300, 8_300]


def test_volume_divides_goods_over_parcels_and_leaves_air() -> None:
    # 85 % of 96 liters hold ten blocks of 8 liters
    parcels = pack([Goods("FOAM", 11, 10, (200, 200, 200))], [LARGE])
    assert [parcel.contents for parcel in parcels] == [(("FOAM", 10),), (("FOAM", 1),)]


def test_small_goods_fill_the_first_parcel_that_holds_them() -> None:
    goods = [Goods("PIN", 3, 1_000, (10, 10, 10)), Goods("IRON", 3, 9_000, (100, 100, 100))]
    parcels = pack(goods, [LARGE])
    assert [parcel.contents for parcel in parcels] == [
        (("IRON", 2), ("PIN", 1)),
        (("IRON", 1), ("PIN", 2)),
    ]


def test_what_no_carton_takes_travels_in_its_own_packaging() -> None:
    goods = [Goods("SKI", 2, 3_000, (100, 1_800, 80)), Goods("WAX", 1, 100, (50, 50, 50))]
    assert pack(goods, [LARGE]) == (
        Parcel(400, (600, 400, 400), 96_000_000, (("WAX", 1),), "large"),
        Parcel(3_000, (1_800, 100, 80), 14_400_000, (("SKI", 1),)),
        Parcel(3_000, (1_800, 100, 80), 14_400_000, (("SKI", 1),)),
    )


def test_long_goods_do_not_go_into_an_open_parcel_that_is_too_short() -> None:
    tube = Carton(name="tube", sides_mm=(1_200, 80, 80), max_weight_g=5_000)
    goods = [Goods("CUBE", 1, 500, (300, 300, 300)), Goods("POSTER", 1, 200, (1_000, 60, 60))]
    parcels = pack(goods, [tube, LARGE])
    assert [(parcel.carton, parcel.contents) for parcel in parcels] == [
        ("large", (("CUBE", 1),)),
        ("tube", (("POSTER", 1),)),
    ]


def test_goods_of_unknown_size_and_weight_are_packed_by_count() -> None:
    parcels = pack([Goods("CARD", 500, 0), Goods("NOTHING", 0, 10)], [SMALL, LARGE])
    assert [(parcel.carton, parcel.contents) for parcel in parcels] == [
        ("small", (("CARD", 500),)),
    ]


def test_without_cartons_each_unit_is_a_parcel() -> None:
    assert len(pack([Goods("A", 3, 100)], [])) == 3
    assert pack([], [LARGE]) == ()


@pytest.mark.parametrize("cartons", [[], [LARGE]])
def test_more_parcels_than_a_shipment_may_have_are_refused(cartons: list[Carton]) -> None:
    with pytest.raises(TooManyParcels, match="more than 1000 parcels"):
        pack([Goods("ANVIL", 1_001, 15_000, (100, 100, 100))], cartons)


def test_one_hazardous_unit_makes_its_parcel_hazardous() -> None:
    fuel = Goods("FUEL", 1, 300, (100, 100, 100), is_hazmat=True)
    shirt = Goods("SHIRT", 1, 200, (100, 100, 100))
    assert [parcel.is_hazmat for parcel in pack([fuel, shirt], [LARGE])] == [True]
    assert [parcel.is_hazmat for parcel in pack([shirt], [LARGE])] == [False]
    by_sku = {parcel.contents[0][0]: parcel.is_hazmat for parcel in pack([fuel, shirt], [])}
    assert by_sku == {"FUEL": True, "SHIRT": False}


sides = st.tuples(st.integers(0, 700), st.integers(0, 500), st.integers(0, 300))
goods_lists = st.lists(
    st.tuples(st.integers(1, 20), st.integers(0, 22_000), sides), max_size=8
).map(lambda rows: [Goods(f"S{number}", *row) for number, row in enumerate(rows)])


@given(goods_lists, st.sampled_from([[], [SMALL], [LARGE, SMALL]]))
def test_every_unit_is_packed_once_and_no_carton_is_overfilled(
    goods: list[Goods], cartons: list[Carton]
) -> None:
    parcels = pack(goods, cartons)
    packed: Counter[str] = Counter()
    by_sku = {row.sku: row for row in goods}
    by_name = {carton.name: carton for carton in cartons}
    for parcel in parcels:
        packed.update(dict(parcel.contents))
        weight = sum(by_sku[sku].weight_g * count for sku, count in parcel.contents)
        volume = sum(prod(by_sku[sku].sides_mm) * count for sku, count in parcel.contents)
        carton = by_name.get(parcel.carton)
        if carton is None:
            assert [count for _, count in parcel.contents] == [1]
            assert parcel.weight_g == weight
            continue
        assert parcel.weight_g == weight + carton.tare_g <= carton.max_weight_g
        assert volume * 100 <= prod(carton.sides_mm) * carton.fill_percent
        for sku, _ in parcel.contents:
            limits = zip(sorted(by_sku[sku].sides_mm), sorted(carton.sides_mm), strict=True)
            assert all(side <= limit for side, limit in limits)
    assert packed == Counter({row.sku: row.quantity for row in goods})


@given(goods_lists)
def test_the_order_of_the_lines_does_not_matter(goods: list[Goods]) -> None:
    assert pack(goods, [SMALL, LARGE]) == pack(list(reversed(goods)), [LARGE, SMALL])


def test_a_unit_without_a_carton_is_what_packing_makes_of_it() -> None:
    goods = Goods("LAMP", 1, 900, (100, 300, 200), is_hazmat=True)
    expected = Parcel(900, (300, 200, 100), 6_000_000, (("LAMP", 1),), is_hazmat=True)
    assert uncartoned(goods) == expected
    assert pack([goods], []) == (expected,)
