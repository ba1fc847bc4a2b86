"""Builders of the bus's unit tests."""

from shared.kernel.bus import Message, Property


def a_message(subject: str | None = "orders.accepted", **properties: Property) -> Message:
    return Message(
        message_id="m-1",
        body=b"",
        session_id="acme:o-1",
        subject=subject,
        correlation_id="c-1",
        content_type="application/json",
        properties=properties,
    )
