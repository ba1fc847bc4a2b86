import pytest

from shared.tenants.decide import new_token
from shared.tenants.keys import Token, digest_of, read_token, same_digest, write_token

TOKEN = Token("dev", "acme", "k" * 16, "s" * 52)
PEPPER = b"p" * 32


def test_a_key_reads_back_as_it_was_written() -> None:
    text = write_token(TOKEN)
    assert text.startswith("ol_dev_acme.kkkkkkkkkkkkkkkk_")
    assert read_token(text) == TOKEN


@pytest.mark.parametrize("place", range(len(write_token(TOKEN))))
def test_one_changed_character_anywhere_is_noticed(place: int) -> None:
    text = write_token(TOKEN)
    other = "1" if text[place] == "0" else "0"
    assert read_token(text[:place] + other + text[place + 1 :]) is None


@pytest.mark.parametrize(
    "text", ["", "ol_", "Bearer x", "ol_dev_ac_me.k_s", "ol_dev_acme.k_" + "s" * 60]
)
def test_what_has_not_the_form_of_a_key_is_none(text: str) -> None:
    assert read_token(text) is None


def test_a_tenant_swapped_into_a_key_breaks_its_checksum() -> None:
    assert read_token(write_token(TOKEN).replace("_acme.", "_evil.")) is None


def test_the_digest_depends_on_tenant_key_secret_and_pepper() -> None:
    others = [
        digest_of(Token("dev", "evil", TOKEN.key_id, TOKEN.secret), PEPPER),
        digest_of(Token("dev", "acme", "x" * 16, TOKEN.secret), PEPPER),
        digest_of(Token("dev", "acme", TOKEN.key_id, "x" * 52), PEPPER),
        digest_of(TOKEN, b"q" * 32),
    ]
    assert digest_of(TOKEN, PEPPER) not in others
    assert len(set(others)) == 4


def test_digests_are_compared_whole() -> None:
    assert same_digest("ab", "ab")
    assert not same_digest("ab", "ac")


@pytest.mark.parametrize(("key_id", "secret"), [("k" * 15, "s" * 52), ("k" * 16, "s" * 51)])
def test_too_little_randomness_is_a_fault_of_ours(key_id: str, secret: str) -> None:
    with pytest.raises(ValueError, match="wrong length"):
        new_token("dev", "acme", key_id, secret)
