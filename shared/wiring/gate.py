"""How much work a process takes on: a rate per tenant, and a bound on what is in work at once."""

from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Final

from shared.kernel.errors import TooManyRequests, Unavailable

BUCKETS_MAX: Final = 1_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: datetime


class Gate:
    """Token buckets per tenant, and a count of requests in work; one a process.

    At 1.5 times capacity with clients that retry, an unbounded queue loses nearly all work and a
    bound of some seconds none: what is beyond it is refused at once.
    """

    def __init__(self, *, rate_per_s: int, burst: int, in_flight_max: int) -> None:
        self._rate, self._burst, self._max = rate_per_s, burst, in_flight_max
        self._buckets: dict[str, _Bucket] = {}
        self.in_flight = 0

    def enter(self) -> None:
        """Take a place; give it back with `leave`.

        Raises:
            Unavailable: there is none.
        """
        if self.in_flight >= self._max:
            raise Unavailable("too much is in work here; try again")
        self.in_flight += 1

    def leave(self) -> None:
        """Give the place back."""
        self.in_flight -= 1

    def count(self, tenant_id: str, now: datetime) -> None:
        """Count one request of a tenant.

        Raises:
            TooManyRequests: its rate is used up.
        """
        if self._rate == 0:
            return
        bucket = self._buckets.get(tenant_id)
        if bucket is None:
            if len(self._buckets) >= BUCKETS_MAX:
                self._buckets.clear()  # in favor of the tenants; it happens with > 1,000 of them
            bucket = self._buckets[tenant_id] = _Bucket(self._burst, now)
        passed_s = max(0.0, (now - bucket.filled_at).total_seconds())
        bucket.tokens = min(float(self._burst), bucket.tokens + passed_s * self._rate)
        bucket.filled_at = now
        if bucket.tokens < 1:
            raise TooManyRequests(max(1, ceil((1 - bucket.tokens) / self._rate)))
        bucket.tokens -= 1
