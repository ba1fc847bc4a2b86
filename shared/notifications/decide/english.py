"""What customers are written in English."""

from collections.abc import Mapping
from typing import Final

from shared.notifications.decide.words import Phrases, Words
from shared.notifications.model import MessageKind

_K = MessageKind
DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
PHRASES: Final = Phrases(
    hello="Hello {name},",
    hello_nameless="Hello,",
    code="Your pickup code",
    total="Total",
    tracking="Tracking number",
    address="Address",
    closing="Your {shop} team",
)
CARRIER: Final = "our carrier"
WORDS: Final[Mapping[MessageKind, Words]] = {
    _K.CONFIRMED: Words(
        "Your order {number} at {shop}",
        ("Thank you. We have received your order {number}.",),
    ),
    _K.READY: Words(
        "Your order {number} is ready for pickup",
        (
            "Your order {number} is ready at {store}.",
            "Please bring the code below. We keep your goods until {until}.",
        ),
    ),
    _K.CODE: Words(
        "Your new pickup code for order {number}",
        (
            "Here is a new code for your order {number} at {store}; the one before is void.",
            "We keep your goods until {until}.",
        ),
    ),
    _K.REMINDER: Words(
        "Your order {number} is waiting for you",
        (
            "Your order {number} is still waiting at {store}.",
            "We keep your goods until {until}.",
        ),
    ),
    _K.EXPIRED: Words(
        "Your order {number} was not collected",
        (
            "Your order {number} was not collected at {store} in time, so we have cancelled"
            " what was waiting there.",
            "What you paid for it is paid back.",
        ),
    ),
    _K.SHIPPED: Words(
        "Your order {number} is on its way",
        (
            "We have handed these goods of your order {number} to {carrier}:",
            "We expect them to arrive by {arrival}.",
        ),
    ),
    _K.CANCELLED: Words(
        "Cancelled: your order {number}",
        (
            "These goods of your order {number} were cancelled:",
            "We pay back {amount}.",
        ),
    ),
    _K.REFUND_ADVISED: Words(
        "Your refund for order {number}",
        ("We have asked for {amount} to be paid back to you for your order {number}.",),
    ),
    _K.REFUNDED: Words(
        "Refunded: your order {number}",
        ("We have paid back {amount} for your order {number}.",),
    ),
}
