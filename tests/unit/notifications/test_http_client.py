"""Outbound calls over real sockets on this machine."""

import asyncio
import json
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.adapters.embedded.channel_folder import NoWriteBack
from shared.adapters.embedded.vault import MemoryVault
from shared.adapters.http.client import HttpOutbound, resolve
from shared.adapters.http.shopify import ShopifyWriteBack, WriteBackRefused
from shared.adapters.http.wire import request_bytes, target_of
from shared.channels.model import Connection
from shared.channels.ports import Shipped, token_name
from shared.kernel.errors import Unavailable
from shared.kernel.outbound import ANSWER_BYTES_MAX, Answer, CallFailure, Request
from tests.unit.notifications.samples import Outside

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


@asynccontextmanager
async def a_server(
    answer: bytes, *, tls: ssl.SSLContext | None = None, silent: bool = False
) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Serve one answer to everybody, as it stands; `silent` never closes."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answer)
            await writer.drain()
            if silent:
                await reader.read()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1], asked
    finally:
        server.close()


async def called(answer: bytes) -> Answer:
    async with a_server(answer) as (port, _):
        outbound = HttpOutbound(loopback=True, within_s=2)
        return await outbound.call(Request("POST", f"http://127.0.0.1:{port}/x?y=1", body=b"{}"))


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (OK, 200, b"hi"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, 200, b"hi"),
        (b"HTTP/1.0 500 Oops\r\n\r\nto the end", 500, b"to the end"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"2;x=1\r\nhi\r\n1\r\n!\r\n0\r\n\r\n",
            200,
            b"hi!",
        ),
        (
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n",
            302,
            b"",
        ),
    ],
)
async def test_an_answer_is_read_as_it_is_framed(answer: bytes, status: int, body: bytes) -> None:
    assert await called(answer) == Answer(status, body)


@pytest.mark.parametrize(
    "answer",
    [
        *(b"", b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi"),
        *(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"x" * 80_000),
        b"HTTP/1.1 100 Continue\r\n\r\n" * 9,
    ],
)
async def test_what_is_no_answer_is_told_as_that(answer: bytes) -> None:
    assert (await called(answer)).failure is CallFailure.UNREADABLE


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 9999999\r\n\r\n",
        b"\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n" + b"f4240\r\n",
    ],
)
async def test_no_more_than_64_kb_of_an_answer_are_read(head: bytes) -> None:
    answer = b"HTTP/1.1 200 OK\r\n" + head + b"x" * 200_000
    assert len((await called(answer)).body) == ANSWER_BYTES_MAX


async def test_who_never_ends_an_answer_is_left_after_the_time() -> None:
    async with a_server(b"HTTP/1.1 200 OK\r\n\r\n", silent=True) as (port, _):
        outbound = HttpOutbound(loopback=True, within_s=0.2)
        answer = await outbound.call(Request("GET", f"http://127.0.0.1:{port}/"))
    assert answer.failure is CallFailure.TIMED_OUT


async def test_retry_after_is_read_in_seconds_and_bounded() -> None:
    for raw, wait in ((b"120", 120), (b"999999999", 86_400), (b"Wed, 21 Oct 2026", None)):
        head = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nRetry-After: " + raw + b"\r\n\r\n"
        assert (await called(head)).retry_after_s == wait


async def test_what_is_sent_has_the_host_its_length_and_no_kept_connection() -> None:
    async with a_server(OK) as (port, asked):
        outbound = HttpOutbound(loopback=True)
        request = Request("POST", f"http://127.0.0.1:{port}/x?y=1", {"webhook-id": "e_1"}, b"{}")
        answers = await outbound.call_all([request, request])
    assert [answer.status for answer in answers] == [200, 200]
    lines = asked[0].decode().split("\r\n")
    assert lines[0] == "POST /x?y=1 HTTP/1.1"
    wanted = {
        f"Host: 127.0.0.1:{port}",
        "Content-Length: 2",
        "Connection: close",
        "webhook-id: e_1",
    }
    assert wanted <= set(lines)


@pytest.mark.parametrize(
    "addresses",
    [["10.0.0.1"], ["93.184.215.14", "127.0.0.1"], ["64:ff9b::a00:1"], ["168.63.129.16"], []],
)
async def test_a_name_with_any_address_that_is_not_public_is_not_called(
    addresses: list[str],
) -> None:
    async def lies(_host: str, _port: int) -> Sequence[str]:
        return addresses

    answer = await HttpOutbound(resolve_with=lies).call(Request("POST", "https://shop.example/"))
    assert answer == Answer(0, failure=CallFailure.ADDRESS_REFUSED)


@pytest.mark.parametrize(
    "url",
    [
        *("http://shop.example/", "http://127.0.0.1/", "https://127.0.0.1/", "https://[::1]/"),
        *("https://169.254.169.254/metadata", "https://2130706433/", "nonsense", "https://a b/"),
    ],
)
async def test_a_url_that_leads_inside_is_not_called_without_leave(url: str) -> None:
    answer = await HttpOutbound().call(Request("GET", url))
    assert answer.failure in {CallFailure.ADDRESS_REFUSED, CallFailure.NO_SUCH_HOST}


async def test_a_name_that_nobody_has_and_a_port_that_nobody_serves_are_told_apart() -> None:
    async def unknown(_host: str, _port: int) -> Sequence[str]:
        raise OSError

    answer = await HttpOutbound(resolve_with=unknown).call(Request("GET", "https://x.example/"))
    assert answer.failure is CallFailure.NO_SUCH_HOST
    async with a_server(OK) as (port, _):
        free = port
    closed = await HttpOutbound(loopback=True).call(Request("GET", f"http://127.0.0.1:{free}/"))
    assert closed.failure is CallFailure.NOT_CONNECTED


async def test_this_machines_own_name_is_resolved_once_to_its_addresses() -> None:
    assert await resolve("127.0.0.1", 443) == ["127.0.0.1"]


def test_a_header_cannot_break_out_of_its_line() -> None:
    target = target_of("https://shop.example/")
    for headers in ({"A": "x\r\nB: y"}, {"A B": "x"}):
        with pytest.raises(ValueError, match="cannot be sent"):
            request_bytes(Request("GET", "", headers), target)
    with pytest.raises(ValueError, match="not a method"):
        request_bytes(Request("GET /", ""), target)
    with pytest.raises(ValueError, match="visible ASCII"):
        target_of("https://shop.example/ü")


def test_the_host_header_leaves_the_usual_port_out() -> None:
    assert target_of("https://shop.example/a").authority == "shop.example"
    assert target_of("https://[2606:4700::1]:8443/").authority == "[2606:4700::1]:8443"


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return the contexts of a server called hook.test and of who trusts it."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: certificates are not tried")
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    subject = ["-subj", "/CN=hook.test", "-addext", "subjectAltName=DNS:hook.test"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run([*made, "-keyout", key, "-out", cert], check=True, capture_output=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, key)
    return server, ssl.create_default_context(cafile=str(cert))


async def test_the_certificate_is_of_the_name_though_the_call_goes_to_the_address(
    certificate: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    serving, trusting = certificate
    names: list[str] = []

    async def found(host: str, _port: int) -> Sequence[str]:
        names.append(host)
        return ["127.0.0.1"]

    def client(trust: ssl.SSLContext | None) -> HttpOutbound:
        return HttpOutbound(resolve_with=found, trust=trust, is_allowed=lambda _: True)

    async with a_server(OK, tls=serving) as (port, asked):
        good = await client(trusting).call(Request("GET", f"https://hook.test:{port}/"))
        other = await client(trusting).call(Request("GET", f"https://other.test:{port}/"))
        unknown = await client(None).call(Request("GET", f"https://hook.test:{port}/"))
    assert (good.status, names) == (200, ["hook.test", "other.test", "hook.test"])
    assert [other.failure, unknown.failure] == [CallFailure.NOT_TRUSTED] * 2
    assert len(asked) == 1


SHIPPED = Shipped("4711", "o_1.f1.s1", {"11": 2}, "DHL", ("T-1",))
OPEN = {
    "fulfillment_orders": [
        {"id": 7, "status": "open", "line_items": [
            {"id": 8, "line_item_id": 11, "fulfillable_quantity": 2}]}
    ]
}  # fmt: skip


def a_connection(domain: str | None = "shop.example") -> Connection:
    at = datetime(2026, 11, 2, tzinfo=UTC)
    return Connection(connection_id="web", channel="shopify", domain=domain, created_at=at)


async def write_back(outside: Outside, *, reference: str = "4711") -> bool:
    vault = MemoryVault()
    await vault.put("acme", token_name("web"), b"shpat_x")
    shipped = Shipped(reference, SHIPPED.shipment_id, SHIPPED.units, "DHL", ("T-1",))
    return await ShopifyWriteBack(outside, vault, NoWriteBack()).ship(
        "acme", a_connection(), shipped
    )


async def test_shopify_is_told_what_left_against_its_open_fulfillment_orders() -> None:
    outside = Outside()
    outside.answers = [Answer(200, json.dumps(OPEN).encode()), Answer(201)]
    assert await write_back(outside)
    read, posted = outside.asked
    assert read.url.endswith("/admin/api/2026-10/orders/4711/fulfillment_orders.json")
    assert posted.headers["X-Shopify-Access-Token"] == "shpat_x"
    rows = json.loads(posted.body)["fulfillment"]["line_items_by_fulfillment_order"]
    assert rows[0]["fulfillment_order_line_items"] == [{"id": 8, "quantity": 2}]


async def test_what_shopify_counts_as_done_is_not_sent_again() -> None:
    outside = Outside()
    outside.answers = [Answer(200, b'{"fulfillment_orders": []}')]
    assert not await write_back(outside)
    assert len(outside.asked) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(429), Unavailable),
        (Answer(502), Unavailable),
        (Answer(0, failure=CallFailure.TIMED_OUT), Unavailable),
        (Answer(200, b"<html>"), Unavailable),
        (Answer(401), WriteBackRefused),
        (Answer(404), WriteBackRefused),
    ],
)
async def test_a_refusal_of_shopify_is_parked_and_a_failure_tried_again(
    answer: Answer, error: type[Exception]
) -> None:
    outside = Outside()
    outside.answers = [answer]
    with pytest.raises(error):
        await write_back(outside)


async def test_a_reference_that_is_no_order_of_shopify_asks_nothing() -> None:
    outside = Outside()
    with pytest.raises(WriteBackRefused):
        await write_back(outside, reference="../../shop")
    assert outside.asked == []


async def test_a_connection_without_a_token_goes_the_other_way() -> None:
    outside = Outside()
    back = ShopifyWriteBack(outside, MemoryVault(), NoWriteBack())
    assert not await back.ship("acme", a_connection(), SHIPPED)
    assert outside.asked == []
