"""Distance on the sphere, on plain floats: a plan measures hundreds of locations."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt

from shared.kernel.geo import EARTH_RADIUS_M
from shared.routing.model import Candidate, Place


def haversine_m(lat: float, lon: float, other_lat: float, other_lon: float) -> int:
    """Return the great-circle distance in whole meters; coordinates in degrees."""
    phi, other_phi = radians(lat), radians(other_lat)
    rise = sin((other_phi - phi) / 2) ** 2
    run = cos(phi) * cos(other_phi) * sin(radians(other_lon - lon) / 2) ** 2
    return round(2 * EARTH_RADIUS_M * asin(sqrt(min(1.0, rise + run))))


class Distances:
    """Distances to one destination, each computed when first asked for."""

    __slots__ = ("_known", "_place")

    def __init__(self, place: Place) -> None:
        self._place = place
        self._known: dict[str, int | None] = {}

    def to(self, candidate: Candidate) -> int | None:
        """Return meters, or None where a coordinate is unknown."""
        location_id = candidate.location_id
        if location_id not in self._known:
            self._known[location_id] = self._measure(candidate)
        return self._known[location_id]

    def _measure(self, candidate: Candidate) -> int | None:
        place = self._place
        if place.lat is None or place.lon is None:
            return None
        if candidate.lat is None or candidate.lon is None:
            return None
        return haversine_m(place.lat, place.lon, candidate.lat, candidate.lon)
