"""Standard Webhooks, against the published vector and the package that reads them."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from shared.notifications.decide.signature import headers_of, key_of, secret_of, sign

OLD, NEW = secret_of(b"o" * 24), secret_of(b"n" * 24)
BODY = '{"type":"order.accepted","data":{"name":"Zoë"}}'.encode()


def test_the_published_vector_is_signed_alike(fixtures: Path) -> None:
    vector = json.loads((fixtures / "standard_webhooks" / "vector.json").read_text("utf-8"))
    body = vector["payload"].encode()
    found = sign(vector["secret"], vector["msg_id"], vector["timestamp"], body)
    assert found == vector["signature"]


def test_a_signature_is_what_the_published_package_expects() -> None:
    at = datetime.now(UTC)  # noqa: TID251 - the package compares with the real clock
    headers = dict(headers_of([NEW], "e_1", at, BODY))
    assert Webhook(NEW).verify(BODY, headers) == json.loads(BODY)


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_while_a_secret_is_rotated_either_one_verifies(secret: str) -> None:
    at = datetime.now(UTC)  # noqa: TID251 - the package compares with the real clock
    headers = dict(headers_of([NEW, OLD], "e_1", at, BODY))
    assert Webhook(secret).verify(BODY, headers) == json.loads(BODY)


def test_a_changed_body_and_an_old_time_are_refused_by_the_receiver() -> None:
    at = datetime.now(UTC)  # noqa: TID251 - the package compares with the real clock
    fresh = dict(headers_of([NEW], "e_1", at, BODY))
    old = dict(headers_of([NEW], "e_1", at - timedelta(minutes=6), BODY))
    for body, headers in ((BODY + b" ", fresh), (BODY, old)):
        with pytest.raises(WebhookVerificationError):
            Webhook(NEW).verify(body, headers)


def test_what_is_no_secret_signs_nothing() -> None:
    with pytest.raises(ValueError, match="not a webhook secret"):
        key_of("whsec_***")
