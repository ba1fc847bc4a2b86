"""What a newer version of a channel's order asks for, against the order as we have it (pure)."""

from collections.abc import Iterator

from shared.channels.model import (
    AwaitPayment,
    CancelOrder,
    CancelUnits,
    ChannelCommand,
    Difference,
    EditOrder,
    KnownLine,
    KnownOrder,
    MarkPaid,
)
from shared.contracts.intake import Payment, PlaceLine, PlaceOrder


def difference(known: KnownOrder, newer: PlaceOrder) -> Difference | None:
    """Return the difference as commands; None when the version is older than ours, or ours.

    What no command can make (a line added, more units, a cancel taken back) is named in
    `unapplied`, for one exception.
    """
    if not _is_newer(known, newer):
        return None
    if newer.cancelled:
        return Difference() if known.is_cancelled else Difference((CancelOrder("channel"),))
    commands: list[ChannelCommand] = list(_payment(known, newer))
    unapplied = ["uncancelled"] if known.is_cancelled else []
    for line in newer.lines:
        row = known.lines.get(line.channel_line or "")
        if row is None:
            unapplied.append(f"line-added:{line.channel_line}")
            continue
        _compare(row, line, commands, unapplied)
    seen = {line.channel_line for line in newer.lines}
    for channel_line, row in known.lines.items():
        left = row.ordered - row.cancelled - row.out
        if channel_line not in seen and left > 0:
            commands.append(CancelUnits(channel_line, left))
    commands += _edit(known, newer)
    return Difference(tuple(commands), tuple(unapplied))


def _is_newer(known: KnownOrder, newer: PlaceOrder) -> bool:
    if known.source_version is None or newer.source_version is None:
        return newer.source_version is not None
    return newer.source_version > known.source_version


def _payment(known: KnownOrder, newer: PlaceOrder) -> Iterator[ChannelCommand]:
    if known.awaits_payment and newer.payment is Payment.PAID:
        yield MarkPaid()
    if not known.awaits_payment and newer.payment is Payment.UNPAID:
        yield AwaitPayment()


def _compare(
    row: KnownLine, line: PlaceLine, commands: list[ChannelCommand], unapplied: list[str]
) -> None:
    # A quantity given as a measure is compared by the count that it became when it was accepted.
    quantity = row.ordered if line.quantity is None else line.quantity
    if quantity > row.ordered:
        unapplied.append(f"quantity-raised:{line.channel_line}")
    wanted = line.cancelled + max(0, row.ordered - quantity)
    if wanted > row.cancelled:
        _cancel(row, line, wanted - row.cancelled, commands, unapplied)
    if line.fulfilled > row.out:
        unapplied.append(f"fulfilled-elsewhere:{line.channel_line}")


def _cancel(
    row: KnownLine,
    line: PlaceLine,
    units: int,
    commands: list[ChannelCommand],
    unapplied: list[str],
) -> None:
    """Cancel what has not left; the channel counts returned units as removed as well."""
    possible = min(units, row.ordered - row.cancelled - row.out)
    if possible > 0:
        commands.append(CancelUnits(line.channel_line or "", possible))
    if units > possible and row.out < units - possible:
        unapplied.append(f"removed-more-than-open:{line.channel_line}")


def _edit(known: KnownOrder, newer: PlaceOrder) -> Iterator[ChannelCommand]:
    edit = EditOrder(
        ship_to=newer.ship_to if newer.ship_to != known.ship_to else None,
        bill_to=newer.bill_to if newer.bill_to != known.bill_to else None,
        customer=newer.customer if newer.customer != known.customer else None,
    )
    if edit != EditOrder():
        yield edit
