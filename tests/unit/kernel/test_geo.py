"""Distances against known city pairs (great circle, published to the kilometer)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.kernel.geo import GeoPoint, distance_m

BERLIN = GeoPoint(latitude=52.5200, longitude=13.4050)
PARIS = GeoPoint(latitude=48.8566, longitude=2.3522)
NEW_YORK = GeoPoint(latitude=40.7128, longitude=-74.0060)
LOS_ANGELES = GeoPoint(latitude=34.0522, longitude=-118.2437)
SYDNEY = GeoPoint(latitude=-33.8688, longitude=151.2093)
AUCKLAND = GeoPoint(latitude=-36.8485, longitude=174.7633)

points = st.builds(
    GeoPoint,
    latitude=st.floats(-90, 90, allow_subnormal=False),
    longitude=st.floats(-180, 180, allow_subnormal=False),
)


@pytest.mark.parametrize(
    ("start", "end", "kilometers"),
    [
        (BERLIN, PARIS, 877),
        (NEW_YORK, LOS_ANGELES, 3_936),
        (NEW_YORK, PARIS, 5_837),
        (SYDNEY, AUCKLAND, 2_156),
        (BERLIN, SYDNEY, 16_093),
    ],
)
def test_cities_are_as_far_apart_as_the_atlas_says(
    start: GeoPoint, end: GeoPoint, kilometers: int
) -> None:
    assert distance_m(start, end) / 1000 == pytest.approx(kilometers, rel=0.002)


def test_the_way_over_the_date_line_is_the_short_one() -> None:
    west = GeoPoint(latitude=0.0, longitude=179.5)
    east = GeoPoint(latitude=0.0, longitude=-179.5)
    assert distance_m(west, east) == 111_195


def test_the_other_side_of_the_earth_is_half_its_circumference() -> None:
    pole = GeoPoint(latitude=90.0, longitude=0.0)
    assert distance_m(pole, GeoPoint(latitude=-90.0, longitude=77.0)) == 20_015_114


@given(points, points)
def test_a_way_is_as_long_as_its_way_back(start: GeoPoint, end: GeoPoint) -> None:
    assert distance_m(start, end) == distance_m(end, start) <= 20_015_114
    assert distance_m(start, start) == 0


@pytest.mark.parametrize(
    ("latitude", "longitude"), [(90.1, 0.0), (0.0, -180.1), (float("nan"), 0.0)]
)
def test_a_point_off_the_earth_is_refused(latitude: float, longitude: float) -> None:
    with pytest.raises(ValidationError):
        GeoPoint(latitude=latitude, longitude=longitude)
