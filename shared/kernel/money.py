"""Money: integer minor units and an ISO 4217 code; splitting never loses a cent (style 10)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from pydantic import ConfigDict

from shared.kernel.errors import Refused
from shared.kernel.model import INTEGER_MAX, Currency, Integer

# ISO 4217 exponents that are not 2 (a test compares the table with the `iso4217` package).
_EXPONENTS: Final = {
    code: exponent
    for exponent, codes in {
        0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
        3: "BHD IQD JOD KWD LYD OMR TND",
        4: "CLF UYW",
    }.items()
    for code in codes.split()
}


class NotMoney(Refused):
    """A payload's amount cannot be read in its currency."""

    code, status = "amount-unreadable", 422


def exponent(currency: str) -> int:
    """Return how many decimals the currency has: JPY 0, EUR 2, KWD 3."""
    return _EXPONENTS.get(currency, 2)


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in minor units of one currency; negative for refunds."""

    __pydantic_config__ = ConfigDict(strict=True, extra="forbid")

    currency: Currency
    amount_minor: Integer

    def __post_init__(self) -> None:
        if abs(self.amount_minor) > INTEGER_MAX:
            raise ValueError("an amount beyond 2^53 minor units")

    @classmethod
    def parse(cls, currency: str, raw: str | int | Decimal) -> "Money":
        """Read an amount in major units: ("EUR", "19.99") is 1999.

        Raises:
            NotMoney: not a finite decimal, or finer than the currency's minor unit.
        """
        try:
            minor = Decimal(raw).scaleb(exponent(currency))
        except InvalidOperation as error:
            raise NotMoney("not a decimal amount") from error
        if not minor.is_finite() or minor != minor.to_integral_value() or abs(minor) > INTEGER_MAX:
            raise NotMoney(f"not a whole number of minor units of {currency}")
        return cls(currency, int(minor))

    def __str__(self) -> str:
        amount = Decimal(self.amount_minor).scaleb(-exponent(self.currency))
        return f"{amount:.{exponent(self.currency)}f} {self.currency}"

    def __add__(self, other: "Money") -> "Money":
        return Money(self.currency, self.amount_minor + self._same(other))

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.currency, self.amount_minor - self._same(other))

    def __neg__(self) -> "Money":
        return Money(self.currency, -self.amount_minor)

    def times(self, count: int) -> "Money":
        return Money(self.currency, self.amount_minor * count)

    def split(self, weights: Sequence[int]) -> tuple["Money", ...]:
        """Divide by weights, largest remainder first; the parts sum to the whole."""
        return tuple(Money(self.currency, part) for part in split_minor(self.amount_minor, weights))

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not mix")
        return other.amount_minor


def split_minor(amount: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Divide minor units by non-negative weights; the remainder goes to the largest fractions.

    Ties go to the earlier part. All weights 0 counts as equal weights.

    Raises:
        ValueError: no weights, or a negative one.
    """
    if not weights or min(weights) < 0:
        raise ValueError("weights are at least one and none negative")
    if not any(weights):
        weights = [1] * len(weights)
    sign, size, total = (-1 if amount < 0 else 1), abs(amount), sum(weights)
    shares = [size * weight // total for weight in weights]
    by_fraction = sorted(range(len(weights)), key=lambda i: (-(size * weights[i] % total), i))
    for index in by_fraction[: size - sum(shares)]:
        shares[index] += 1
    return tuple(sign * share for share in shares)


def cumulative_share(amount: int, counted: int, whole: int) -> int:
    """Return what the first `counted` of `whole` units are worth: A(n) of semantics 8.

    The sum of the first parts of `split_minor(amount, equal weights)`, so that the refund of any
    further units, A(n + q) - A(n), never loses or invents a cent however the units are grouped.

    Raises:
        ValueError: not 0 <= counted <= whole, or no units at all.
    """
    if not 0 <= counted <= whole or whole <= 0:
        raise ValueError(f"{counted} of {whole} units")
    sign, size = (-1 if amount < 0 else 1), abs(amount)
    return sign * (size // whole * counted + min(counted, size % whole))
