"""A retailer on disk, the host as users run it over that folder, and customers who call it."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx

from local.audit.books import Books, read_books
from local.audit.command import Report, audit
from shared.catalog import service as catalog
from shared.contracts.inventory import Count
from shared.couriers.seeds import example_de_card
from shared.couriers.service import create_rate_card
from shared.inventory import service as inventory
from shared.kernel.clock import SystemClock
from shared.routing import service as routing
from shared.routing.model import ActionKind
from shared.routing.rules import Action, InventoryRule, Routing, RuleSet
from shared.tenants import service as tenants
from shared.tenants.model import Preferences, Shortage
from shared.wiring import Settings, World, embedded_world, office, use
from tests.builders import a_location, a_product

ROOT: Final = Path(__file__).resolve().parents[2]
TENANT: Final = "acme"
OPENED: Final = datetime(2026, 1, 5, tzinfo=UTC)
START_S: Final = 30.0
REST_S: Final = 60
ENVIRONMENT: Final = {
    "PATH": os.defpath,
    "ORDERLOOM_LOG_LEVEL": "ERROR",
    "ORDERLOOM_RATE_PER_S": "0",
    "ORDERLOOM_SYNCHRONOUS": "NORMAL",  # kill -9 is no power cut
}
UNFILLED: Final = {
    Shortage.BACKORDER: Action(do=ActionKind.BACKORDER),
    Shortage.QUEUE: Action(do=ActionKind.QUEUE, queue="unfillable"),
}

Stock = Mapping[str, Mapping[str, int]]  # units by SKU and location


def settings_of(data: Path) -> Settings:
    return Settings(data=data, synchronous="NORMAL", log_level="ERROR")


async def a_retailer(
    data: Path, stock: Stock, *, shortage: Shortage = Shortage.BACKORDER, **preferences: object
) -> str:
    """Put a retailer with these units into a folder; returns its admin's key.

    What becomes of a shortage is the rules' to say and, where they have no say, the settings'.
    """
    world = embedded_world(settings=settings_of(data))
    try:
        return await _seed(world, stock, {"shortage": shortage, **preferences}, UNFILLED[shortage])
    finally:
        await world.close()


async def _seed(
    world: World, stock: Stock, preferences: Mapping[str, object], unfilled: Action
) -> str:
    now, store = world.clock.now(), world.store
    usual = {"name": "Acme", "currency": "EUR", "country": "DE", "time_zone": "Europe/Berlin"}
    chosen = Preferences.model_validate(usual | dict(preferences), strict=False)
    with use(world):
        command = tenants.CreateTenant(tenant_id=TENANT, preferences=chosen)
        made = await tenants.create_tenant(office(), command, now=now)
    for place in sorted({place for places in stock.values() for place in places}):
        await catalog.create_location(store, TENANT, a_location(place))
    for sku, places in stock.items():
        await catalog.create_product(store, TENANT, a_product(sku), now=now)
        for place, units in places.items():
            told = Count(
                movement_id=f"first.{sku}.{place}",
                sku=sku,
                location_id=place,
                counted=units,
                as_of=OPENED,
            )
            await inventory.record(store, TENANT, told, now)
    rules = RuleSet(
        rule_set_id="plain",
        version=1,
        name="Plain",
        divide_lines="if-needed",
        unfilled=unfilled,
        routings=(Routing(name="all", rules=(InventoryRule(name="least cost"),)),),
    )
    await routing.save_draft(store, TENANT, rules)
    await routing.activate(store, TENANT, rules.rule_set_id, rules.version)
    await create_rate_card(TENANT, store, example_de_card())
    return made.admin_key.token


@dataclass
class Host:
    """The host in a process group of its own; `url` is where it answers."""

    process: "subprocess.Popen[str]"
    url: str

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def children(self) -> list[int]:
        pid = self.process.pid
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
        return [int(child) for child in found.split()]

    def kill(self) -> None:
        """End every process of it at once, as a power switch would."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate(timeout=START_S)


def start(data: Path, *, processes: int = 1, port: int = 0) -> Host:
    command = [sys.executable, "-m", "local", "serve", "--port", str(port), "--data", str(data)]
    process = subprocess.Popen(
        [*command, "--processes", str(processes)],
        cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line.startswith("Orderloom answers on "):
        process.kill()
        raise AssertionError(f"the host does not start: {line!r}")
    return Host(process, line.split()[3].rstrip(","))


@contextmanager
def served(data: Path, *, processes: int = 4) -> Iterator[Host]:
    """Run the host until the end of the block, and end it as a person would."""
    host = start(data, processes=processes)
    try:
        yield host
    finally:
        host.process.terminate()
        try:
            host.process.communicate(timeout=START_S)
        except subprocess.TimeoutExpired:
            host.kill()
            raise


@asynccontextmanager
async def customers(host: Host, token: str) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client whose calls each take a connection of their own, so any process answers."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    headers = {"Authorization": f"Bearer {token}"}
    base = f"{host.url}/api/v1"
    async with httpx.AsyncClient(
        base_url=base, headers=headers, limits=limits, timeout=60.0
    ) as client:
        yield client


def an_order(
    reference: str, sku: str, quantity: int = 1, line: Mapping[str, object] | None = None
) -> dict[str, Any]:
    """Return the body of a paid web order of one line."""
    price = {"amount_minor": 2_000, "currency": "EUR"}
    return {
        "connection": "webshop",
        "reference": reference,
        "channel": "web",
        "placed_at": "2026-11-02T08:00:00Z",
        "currency": "EUR",
        "customer": {"name": "Ada Example", "email": f"{reference.lower()}@example.com"},
        "ship_to": {"name": "Ada Example", "postcode": "80331", "country": "DE"},
        "lines": [{"sku": sku, "quantity": quantity, "unit_price": price, **(line or {})}],
    }


async def post(
    client: httpx.AsyncClient, path: str, body: object, key: str | None = None
) -> httpx.Response:
    """Post with an Idempotency-Key: the order's own reference unless another is given."""
    named = body.get("reference", path) if isinstance(body, dict) else path
    return await client.post(path, json=body, headers={"Idempotency-Key": key or str(named)})


async def at_once(
    client: httpx.AsyncClient, path: str, bodies: list[dict[str, Any]], most: int = 1_000
) -> list[httpx.Response]:
    """Post all bodies, so many at a time."""
    gate = asyncio.Semaphore(most)

    async def one(number: int, body: dict[str, Any]) -> httpx.Response:
        async with gate:
            return await post(client, path, body, f"{number}.{body.get('reference', path)}")

    return await asyncio.gather(*(one(n, body) for n, body in enumerate(bodies)))


async def audited(data: Path, wait_s: int = REST_S) -> Books:
    """Wait until nothing moves, audit everything, and return the retailer's books."""
    report: Report = await audit(data, wait_s)
    assert (report.moving, report.found) == ({}, ())
    world = embedded_world(settings=settings_of(data))
    try:
        return await read_books(world.store, TENANT, SystemClock().now())
    finally:
        await world.close()
