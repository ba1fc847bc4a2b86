"""Points on the earth and the great-circle distance between them."""

from math import asin, cos, radians, sin, sqrt
from typing import Final

from pydantic import Field

from shared.kernel.model import Strict

# Mean radius of the WGS 84 ellipsoid (IUGG R1); the sphere is off by at most 0.6 %.
EARTH_RADIUS_M: Final = 6_371_008.8


class GeoPoint(Strict):
    """A place in decimal degrees, WGS 84."""

    latitude: float = Field(ge=-90, le=90, allow_inf_nan=False)
    longitude: float = Field(ge=-180, le=180, allow_inf_nan=False)


def distance_m(start: GeoPoint, end: GeoPoint) -> int:
    """Return the great-circle distance in whole meters (haversine)."""
    start_latitude, end_latitude = radians(start.latitude), radians(end.latitude)
    half_height = sin((end_latitude - start_latitude) / 2)
    half_width = sin(radians(end.longitude - start.longitude) / 2)
    chord = half_height**2 + cos(start_latitude) * cos(end_latitude) * half_width**2
    # Rounding lifts the chord of two opposite points just over 1, where asin has no answer.
    return round(2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(chord))))
