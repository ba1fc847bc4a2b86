"""What makes a location whole: every fault at once (semantics 2)."""

from collections.abc import Iterator

from shared.catalog.decide.products import twice
from shared.catalog.model import Location, LocationDetails
from shared.kernel.errors import Fault, Invalid


def check_location(told: LocationDetails) -> None:
    """Hold a location to its rules.

    Raises:
        Invalid: every fault with its pointer and code.
    """
    faults = [
        *twice("groups", told.groups),
        *twice("capabilities", told.capabilities),
        *_place_faults(told),
        *_hours_faults(told),
    ]
    if faults:
        raise Invalid(faults)


def is_same_location(told: LocationDetails, before: Location) -> bool:
    """Tell whether a location says already what is told of it."""
    return all(getattr(told, name) == getattr(before, name) for name in location_fields())


def location_of(told: LocationDetails, before: Location | None) -> Location:
    """Return the location to store; its version counts the changes."""
    version = before.version + 1 if before else 1
    return Location(**{name: getattr(told, name) for name in location_fields()}, version=version)


def location_fields() -> tuple[str, ...]:
    """Return the names of what an owner tells of a location."""
    return tuple(LocationDetails.model_fields)


def _place_faults(told: LocationDetails) -> Iterator[Fault]:
    if (told.place.lat_e6 is None) != (told.place.lon_e6 is None):
        yield Fault("/place", "half-a-point", "latitude and longitude come together")


def _hours_faults(told: LocationDetails) -> Iterator[Fault]:
    days = (*told.hours.weekly.by_weekday(), *(day.windows for day in told.hours.special))
    is_working = told.active and (told.ship_enabled or told.pickup_enabled)
    if is_working and not any(days):
        # No promise could ever be computed for it.
        yield Fault("/hours/weekly", "never-open", "a location that works is open some day")
