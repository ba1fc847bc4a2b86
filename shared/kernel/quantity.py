"""Quantities are whole counts of a SKU's selling step (style 11)."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from shared.kernel.errors import Refused

STEP_DEFAULT: Final = Decimal(1)
COUNT_MAX: Final = 1_000_000_000


class NotACountOfSteps(Refused):
    """A payload's quantity is not a whole count of the SKU's selling step."""

    code, status = "quantity-not-a-multiple-of-step", 422

    def __init__(self, raw: str, step: Decimal) -> None:
        super().__init__(f"the quantity is not a whole number of steps of {step}")
        self.raw, self.step = raw, step


@dataclass(frozen=True, slots=True)
class Step:
    """The selling step of a SKU: 1 for pieces, 0.5 for half meters."""

    size: Decimal = STEP_DEFAULT

    def __post_init__(self) -> None:
        if not self.size.is_finite() or self.size <= 0:
            raise ValueError(f"a selling step is positive, not {self.size}")

    def count(self, raw: int | str | Decimal) -> int:
        """Return how many steps `raw` (in the unit of sale) is; negative for returns.

        Raises:
            NotACountOfSteps: not a number, not finite, or not a whole number of steps.
        """
        try:
            counted = Decimal(raw) / self.size
        except InvalidOperation as error:
            raise NotACountOfSteps(str(raw)[:40], self.size) from error
        if (
            not counted.is_finite()
            or counted != counted.to_integral_value()
            or abs(counted) > COUNT_MAX
        ):
            raise NotACountOfSteps(str(raw)[:40], self.size)
        return int(counted)

    def show(self, count: int) -> Decimal:
        """Return a count in the unit of sale: 17 half meters are 8.5."""
        return (self.size * count).normalize() + Decimal(0)
