"""Messages and channel updates as files."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from shared.adapters.embedded.channel_folder import FolderWriteBack
from shared.adapters.embedded.outbox import FolderOutbox
from shared.channels.model import Connection
from shared.channels.ports import Shipped
from shared.notifications.model import CustomerMessage, MessageKind

MESSAGE = CustomerMessage(
    message_id="e_1",
    tenant_id="acme",
    order_id="o_1",
    kind=MessageKind.CONFIRMED,
    to_address="zoe@example.com",
    to_name="Zoë\nBcc: all@example.com",
    sender="Acme",
    subject="Order",
    text="Hello\n",
    html="<!doctype html><title>Order</title>",
    language="en",
    at="Monday",
)
SHIPPED = Shipped("4711", "o_1.f1.s1", {"11": 2}, "DHL", ("T-1",))


def pages(folder: Path) -> list[Path]:
    return sorted(folder.glob("acme/o_1/*.html"))


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def test_a_message_is_a_page_and_a_text_and_a_line_of_the_index(tmp_path: Path) -> None:
    outbox = FolderOutbox(tmp_path)
    await outbox.send(MESSAGE)
    await outbox.send(replace(MESSAGE, message_id="e_2", kind=MessageKind.SHIPPED))
    assert [page.name.split("-")[0] for page in pages(tmp_path)] == ["order", "shipped"]
    index = (tmp_path / "index.html").read_text("utf-8")
    assert index.count("<p>") == 2
    assert all(page.relative_to(tmp_path).as_posix() in index for page in pages(tmp_path))


async def test_the_same_message_again_is_the_same_file(tmp_path: Path) -> None:
    outbox = FolderOutbox(tmp_path)
    await outbox.send(MESSAGE)
    await outbox.send(replace(MESSAGE, html="other"))
    (page,) = pages(tmp_path)
    assert page.read_text("utf-8") == MESSAGE.html
    assert (tmp_path / "index.html").read_text("utf-8").count("<p>") == 1


async def test_a_line_break_in_a_name_begins_no_header(tmp_path: Path) -> None:
    await FolderOutbox(tmp_path).send(MESSAGE)
    (page,) = pages(tmp_path)
    head = page.with_suffix(".txt").read_text("utf-8").partition("\n\n")[0]
    assert "To: Zoë Bcc: all@example.com <zoe@example.com>" in head.splitlines()
    assert len(head.splitlines()) == 5


async def test_no_tenant_or_order_names_a_path_outside_the_folder(tmp_path: Path) -> None:
    outbox = FolderOutbox(tmp_path / "outbox")
    await outbox.send(replace(MESSAGE, tenant_id="../..", order_id="../../x"))
    assert names_in(tmp_path) == {"outbox"}


async def test_an_orders_messages_can_be_forgotten(tmp_path: Path) -> None:
    outbox = FolderOutbox(tmp_path)
    await outbox.send(MESSAGE)
    assert await outbox.forget("acme", "o_1") == 1
    assert pages(tmp_path) == []
    assert await outbox.forget("acme", "o_1") == 0


async def test_a_channel_without_credentials_is_told_in_a_file_once(tmp_path: Path) -> None:
    at = datetime(2026, 11, 2, tzinfo=UTC)
    connection = Connection(connection_id="web", channel="shopify", created_at=at)
    back = FolderWriteBack(tmp_path)
    assert await back.ship("acme", connection, SHIPPED)
    assert not await back.ship("acme", connection, SHIPPED)
    found = json.loads((tmp_path / "acme" / "web" / "o_1.f1.s1.json").read_text("utf-8"))
    assert (found["order"], found["units_by_line"]) == ("4711", {"11": 2})
