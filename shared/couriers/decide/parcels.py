"""Parcels: first-fit decreasing under weight, sides and volume (semantics 10).

Goods go by falling volume, then weight, into the first open parcel that still holds them; a new
parcel opens in the roomiest carton that takes the unit; at the end each parcel shrinks into the
smallest carton that holds what is in it. A unit that no carton takes travels in its own packaging.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import prod

from shared.couriers.model import Carton, Goods, Parcel
from shared.kernel.errors import Refused

PARCELS_MAX = 1_000


class TooManyParcels(Refused):
    """More parcels than one shipment may have; mostly a faulty weight, or a carton of 1 g."""

    code, status = "too-many-parcels", 422

    def __init__(self) -> None:
        super().__init__(f"the goods need more than {PARCELS_MAX} parcels")


@dataclass(frozen=True, slots=True)
class _Box:
    carton: Carton
    sides_mm: tuple[int, int, int]
    room_mm3: int
    load_g: int  # what goods may weigh, the carton's own weight taken off

    def takes(self, sides_mm: tuple[int, int, int]) -> bool:
        return all(side <= limit for side, limit in zip(sides_mm, self.sides_mm, strict=True))

    def holds(self, sides_mm: tuple[int, int, int], volume_mm3: int, weight_g: int) -> bool:
        fits = volume_mm3 <= self.room_mm3 and weight_g <= self.load_g
        return fits and self.takes(sides_mm)


@dataclass(slots=True)
class _Open:
    box: _Box
    weight_g: int = 0
    volume_mm3: int = 0
    longest_mm: tuple[int, int, int] = (0, 0, 0)  # of the goods' sorted sides, each the greatest
    contents: list[tuple[str, int]] = field(default_factory=list)
    is_hazmat: bool = False

    def fits(self, goods: Goods, sides_mm: tuple[int, int, int]) -> int:
        """Return how many units still fit."""
        if not self.box.takes(sides_mm):
            return 0
        count = goods.quantity
        if goods.weight_g:
            count = min(count, (self.box.load_g - self.weight_g) // goods.weight_g)
        if volume := prod(sides_mm):
            count = min(count, (self.box.room_mm3 - self.volume_mm3) // volume)
        return count

    def add(self, goods: Goods, sides_mm: tuple[int, int, int], count: int) -> None:
        self.weight_g += goods.weight_g * count
        self.volume_mm3 += prod(sides_mm) * count
        first, second, third = self.longest_mm
        self.longest_mm = (
            max(first, sides_mm[0]),
            max(second, sides_mm[1]),
            max(third, sides_mm[2]),
        )
        self.contents.append((goods.sku, count))
        self.is_hazmat = self.is_hazmat or goods.is_hazmat


def pack(goods: Iterable[Goods], cartons: Sequence[Carton]) -> tuple[Parcel, ...]:
    """Pack goods into parcels; every unit stands in exactly one.

    Raises:
        TooManyParcels: more than `PARCELS_MAX`.
    """
    boxes = sorted(map(_box, cartons), key=lambda box: (box.room_mm3, box.load_g, box.carton.name))
    opened: list[_Open] = []
    alone: list[Parcel] = []
    for row in sorted(goods, key=_by_falling_size):
        if row.quantity <= 0:
            continue
        sides = _longest_first(row.sides_mm)
        largest = next((box for box in reversed(boxes) if _holds_one(box, row, sides)), None)
        if largest is None:
            check_count(len(opened) + len(alone) + row.quantity)
            alone.extend([_own_packaging(row, sides)] * row.quantity)
        else:
            _fill(row, sides, opened, largest)
            check_count(len(opened) + len(alone))
    return (*(_shrunk(parcel, boxes) for parcel in opened), *alone)


def uncartoned(goods: Goods) -> Parcel:
    """Return a unit in its own packaging: what `pack` makes of it when there is no carton."""
    return _own_packaging(goods, _longest_first(goods.sides_mm))


def _fill(goods: Goods, sides_mm: tuple[int, int, int], opened: list[_Open], largest: _Box) -> None:
    left = goods.quantity
    for parcel in opened:
        count = min(left, parcel.fits(goods, sides_mm))
        if count > 0:
            parcel.add(goods, sides_mm, count)
            left -= count
    while left > 0 and len(opened) <= PARCELS_MAX:
        parcel = _Open(largest)
        count = min(left, parcel.fits(goods, sides_mm))
        parcel.add(goods, sides_mm, count)
        opened.append(parcel)
        left -= count


def check_count(count: int) -> None:
    """Refuse more parcels than one shipment may have.

    Raises:
        TooManyParcels: more than `PARCELS_MAX`.
    """
    if count > PARCELS_MAX:
        raise TooManyParcels


def _box(carton: Carton) -> _Box:
    sides = _longest_first(carton.sides_mm)
    room = prod(sides) * carton.fill_percent // 100
    return _Box(carton, sides, room, carton.max_weight_g - carton.tare_g)


def _longest_first(sides_mm: tuple[int, int, int]) -> tuple[int, int, int]:
    longest, middle, shortest = sorted(sides_mm, reverse=True)
    return (longest, middle, shortest)


def _by_falling_size(goods: Goods) -> tuple[int, int, str]:
    return (-prod(goods.sides_mm), -goods.weight_g, goods.sku)


def _holds_one(box: _Box, goods: Goods, sides_mm: tuple[int, int, int]) -> bool:
    return box.holds(sides_mm, prod(sides_mm), goods.weight_g)


def _own_packaging(goods: Goods, sides_mm: tuple[int, int, int]) -> Parcel:
    contents, is_hazmat = ((goods.sku, 1),), goods.is_hazmat
    return Parcel(goods.weight_g, sides_mm, prod(sides_mm), contents, is_hazmat=is_hazmat)


def _shrunk(parcel: _Open, boxes: Sequence[_Box]) -> Parcel:
    box = next(
        box
        for box in boxes  # the one it was packed in is among them
        if box.holds(parcel.longest_mm, parcel.volume_mm3, parcel.weight_g)
    )
    return Parcel(
        weight_g=parcel.weight_g + box.carton.tare_g,
        sides_mm=box.sides_mm,
        volume_mm3=prod(box.sides_mm),
        contents=tuple(parcel.contents),
        carton=box.carton.name,
        is_hazmat=parcel.is_hazmat,
    )
