"""The packing slip as a page to print; every text of it is escaped."""

from collections.abc import Iterable
from html import escape
from typing import Final

from shared.flows.packing_slip import PackingSlip, SlipPart

CONTENT_TYPE: Final = "text/html"
# The page holds names and addresses: no script runs on it and nothing is fetched from elsewhere.
POLICY: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline';"
    " frame-ancestors 'none'"
}
PART: Final = "– "  # stands before what a bundle holds
_STYLE: Final = (
    "body{font:14px/1.4 sans-serif;margin:2em}table{border-collapse:collapse;width:100%}"
    "th,td{border-bottom:1px solid #999;padding:.4em;text-align:left}.n{text-align:right}"
    "address{font-style:normal;margin:1em 0}"
)


def page_of(slip: PackingSlip) -> bytes:
    """Return the slip as HTML."""
    rows = "".join(
        _row(line) + "".join(_row(part, PART) for part in line.components) for line in slip.lines
    )
    parcels = "".join(
        f"<li>Parcel {parcel.parcel}{_after(': ', parcel.tracking)}</li>" for parcel in slip.parcels
    )
    others = f"<p>{slip.others} more of your order come separately.</p>" if slip.others else ""
    to = [slip.recipient or "", *slip.address]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>Packing slip {escape(slip.number)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>Packing slip</h1><p>Order {escape(slip.number)}, placed "
        f"{slip.placed_at.date().isoformat()}</p>"
        f"<address>{_lines([slip.sender, *slip.sender_address])}</address>"
        f"<address><strong>{'To' if slip.method == 'ship' else 'For'}</strong><br>{_lines(to)}"
        "</address><table><thead><tr><th>SKU</th><th>Article</th>"
        '<th class="n">Here</th><th class="n">Ordered</th></tr></thead>'
        f"<tbody>{rows}</tbody></table><ul>{parcels}</ul>{others}"
        f"<p>{escape(slip.fulfillment_id)}</p></body></html>"
    ).encode()


def _row(line: SlipPart, mark: str = "") -> str:
    return (
        f"<tr><td>{mark}{escape(line.sku)}</td><td>{escape(line.title or '')}</td>"
        f'<td class="n">{line.quantity}</td><td class="n">{line.ordered}</td></tr>'
    )


def _lines(texts: Iterable[str]) -> str:
    return "<br>".join(escape(text) for text in texts if text)


def _after(between: str, text: str | None) -> str:
    return f"{between}{escape(text)}" if text else ""
