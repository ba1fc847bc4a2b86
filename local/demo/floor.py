"""What people in stores and warehouses do: they look at their queue and work it, round by round."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from local.demo.doors import Doors
from local.demo.outbox import code_for
from local.demo.seed import FLOOR
from local.demo.shape import Retailer
from shared.catalog.model import LocationDetails, LocationKind
from shared.contracts.fulfillment import (
    ConfirmAccepted,
    ConfirmShipped,
    ParcelTold,
    ReportTracking,
)
from shared.fulfillment.model import FULFILLMENTS, Status
from shared.kernel.bus import Entity
from shared.kernel.calendar import calendar_of
from shared.kernel.conditions import Condition
from shared.kernel.documents import pages

QUEUE_MAX: Final = "200"
PAGE: Final = 200
REJECT_PERCENT: Final = {LocationKind.STORE: 18, LocationKind.WAREHOUSE: 3}
SHORT_PERCENT: Final = 3
REASONS: Final = ("not-in-stock", "damaged", "worn-display", "mismatch", "no-variance")


@dataclass(slots=True)
class Tally:
    """What the floor did, for the summary."""

    rejected: int = 0
    short_picks: int = 0
    wrong_codes: int = 0
    asked: int = 0  # cancels of what was picked already
    ready: dict[str, str] = field(default_factory=dict)  # fulfillment: location
    shipped: list[str] = field(default_factory=list)
    collected: list[str] = field(default_factory=list)


class Floor:
    """The teams of one retailer. `patient` work is left alone by its team: nobody answers."""

    def __init__(
        self,
        doors: Doors,
        retailer: Retailer,
        places: Sequence[LocationDetails],
        barcodes: Mapping[str, str],
        rng: random.Random,
    ) -> None:
        self.tally = Tally()
        self.busy: set[str] = set()
        self.ignored: set[str] = set()
        self.untouched: set[str] = set()  # work that has a story of its own
        self._doors, self._retailer, self._rng = doors, retailer, rng
        self._places = {place.location_id: place for place in places}
        self._barcodes = barcodes
        self._who = (retailer.tenant_id, FLOOR)

    async def hear_bells(self) -> None:
        """Learn where new work has come in: each location is told by a bell of its own."""
        open_now = (Condition("status", "eq", Status.OPEN.value),)
        walk = pages(
            self._doors.store, self._retailer.tenant_id, FULFILLMENTS, where=open_now, limit=PAGE
        )
        self.busy.update([row.body.location_id async for row in walk])

    async def round(self, now: datetime) -> None:
        """Let every team with work that is open look at its queue once."""
        for code in sorted(self.busy):
            place = self._places[code]
            if not calendar_of(place.hours).is_open(now):
                continue
            query = {"location": code, "limit": QUEUE_MAX}
            page = await self._doors.ask(self._who, "GET", "/fulfillments", query=query)
            rows = page["items"]
            if not rows:
                self.busy.discard(code)
            for row in rows:
                if row["fulfillment_id"] not in self.ignored | self.untouched:
                    await self._work(place, row)

    async def _work(self, place: LocationDetails, row: dict[str, Any]) -> None:
        if any(item["cancel_asked"] for item in row["items"]):
            self.tally.asked += 1
            answer = "confirm-cancel" if self.tally.asked % 3 else "refuse-cancel"
            await self._post(row, answer)
            return
        if place.kind is LocationKind.VENDOR:
            await self._vendor(row)
            return
        match row["status"]:
            case "open":
                await self._answer(place, row)
            case "accepted" | "picking":
                await self.pick(row)
            case "picked":
                await self._post(row, "pack", {})
            case "packed":
                await self._send_off(row)
            case _:
                return

    async def _answer(self, place: LocationDetails, row: dict[str, Any]) -> None:
        share = REJECT_PERCENT.get(place.kind, 0) if row["method"] == "ship" else 0
        if self._rng.randrange(100) < share:
            self.tally.rejected += 1
            reason = REASONS[self.tally.rejected % len(REASONS)]
            await self._post(row, "reject", {"reason": reason}, is_creating=True)
            await self._doors.settled()
            return
        await self._post(row, "accept")

    async def pick(self, row: dict[str, Any]) -> None:
        """Scan what the work asks for; now and then a unit is not on the shelf."""
        scans = [
            {"code": self._barcodes.get(item["sku"], item["sku"]), "quantity": item["quantity"]}
            for item in row["items"]
        ]
        body: dict[str, Any] = {"scans": scans, "total": True}
        units = sum(scan["quantity"] for scan in scans)
        is_short = units > 1 and self._rng.randrange(100) < SHORT_PERCENT
        if is_short and row["method"] == "ship":
            self.tally.short_picks += 1
            body = {"scans": _one_less(scans), "total": True, "complete": "not-in-stock"}
        await self._post(row, "pick", body, is_creating=True)
        if is_short:
            await self._doors.settled()

    async def _send_off(self, row: dict[str, Any]) -> None:
        if row["method"] == "ship":
            done = await self._post(row, "ship", {}, is_creating=True)
            if done is not None:
                self.tally.shipped += done["shipments"]
            return
        if await self._post(row, "ready") is not None:
            self.tally.ready[row["fulfillment_id"]] = row["location_id"]

    async def _vendor(self, row: dict[str, Any]) -> None:
        """The vendor has a system of its own and confirms by messages."""
        tenant_id, name = self._retailer.tenant_id, row["fulfillment_id"]
        if row["status"] == "open":
            told = ConfirmAccepted(tenant_id=tenant_id, fulfillment_id=name)
            await self._doors.put_on(Entity.FULFILLMENT_IN, told, name=f"{name}.accepted")
            return
        shipped = ConfirmShipped(
            tenant_id=tenant_id,
            fulfillment_id=name,
            carrier="vendor-freight",
            parcels=(ParcelTold(weight_g=30_000, tracking=f"VF{len(self.tally.shipped):06d}"),),
        )
        await self._doors.put_on(Entity.FULFILLMENT_IN, shipped, name=f"{name}.shipped")
        self.tally.shipped.append(f"{name}.s1")

    async def hand_over(self, fulfillment_id: str, collector: str) -> bool:
        """Give the goods to whoever shows the code; a wrong code first is refused."""
        code = await code_for(self._doors, self._retailer.tenant_id, fulfillment_id)
        if self._rng.randrange(100) < 10:
            wrong = {"code": "00000000", "collector": collector}
            await self._post({"fulfillment_id": fulfillment_id}, "handover", wrong)
            self.tally.wrong_codes += 1
        body = {"code": code, "collector": collector}
        done = await self._post({"fulfillment_id": fulfillment_id}, "handover", body)
        if done is not None:
            self.tally.ready.pop(fulfillment_id, None)
            self.tally.collected.append(fulfillment_id)
        return done is not None

    async def deliver(self, now: datetime, share_percent: int) -> None:
        """Let the carriers report: some parcels have arrived."""
        for name in self.tally.shipped:
            if self._rng.randrange(100) >= share_percent:
                continue
            for report in ("scanned", "delivered"):
                told = ReportTracking.model_validate(
                    {
                        "tenant_id": self._retailer.tenant_id,
                        "shipment_id": name,
                        "report": report,
                        "at": now,
                    },
                    strict=False,
                )
                await self._doors.put_on(Entity.FULFILLMENT_IN, told, name=f"{name}.{report}")
                await self._doors.settled()

    async def _post(
        self,
        row: Mapping[str, Any],
        command: str,
        body: Mapping[str, Any] | None = None,
        *,
        is_creating: bool = False,
    ) -> Any:
        name = row["fulfillment_id"]
        key = f"{name}:{command}:{row.get('version', 0)}" if is_creating else None
        path = f"/fulfillments/{name}:{command}"
        return await self._doors.attempt(self._who, "POST", path, body, key=key)


def _one_less(scans: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return list(_without_one(scans))


def _without_one(scans: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the scans without one unit of the first."""
    first, *others = scans
    if first["quantity"] > 1:
        yield first | {"quantity": first["quantity"] - 1}
    yield from others
