"""What tells who someone is, and what becomes of a record."""

from datetime import timedelta
from typing import Any

import pytest

from shared.contracts.intake import Address, Contact
from shared.customers.decide import (
    Mark,
    changed,
    hashes_of_contact,
    mark,
    marks_of,
    marks_of_contact,
    new_customer,
    normal_phone,
    patched,
    redacted,
    refuse_taken,
    to_add,
    with_order,
)
from shared.customers.decide.record import CLAIM_GRACE
from shared.customers.model import (
    ADDRESSES_MAX,
    IDENTIFIERS_MAX,
    SUGGESTIONS_MAX,
    Customer,
    CustomerErased,
    IdentifierKind,
    IdentifierTaken,
    Keyring,
    Lookup,
    MergeSuggestion,
)
from shared.kernel.errors import Invalid
from tests.unit.catalog.samples import NOW

EMAIL, PHONE, LOYALTY = IdentifierKind.EMAIL, IdentifierKind.PHONE, IdentifierKind.LOYALTY
RING = Keyring(b"k" * 32, "DE")
HOME = Address(lines=("Main 1",), country="DE")
WORK = Address(lines=("Office 2",), country="DE")


def a_customer(**changes: Any) -> Customer:
    return new_customer("c_1", NOW).model_copy(update={"version": 1, **changes})


def a_suggestion(number: int = 2, order_id: str = "o_1") -> MergeSuggestion:
    return MergeSuggestion(customer_id=f"c_{number}", kind=PHONE, order_id=order_id, at=NOW)


def told(customer: Customer, **changes: Any) -> Customer:
    usual: dict[str, Any] = {"name": None, "marks": [], "addresses": [], "suggestions": []}
    return with_order(customer, **(usual | changes), now=NOW + timedelta(hours=1))


@pytest.mark.parametrize(
    ("raw", "country", "number"),
    [
        ("+49 30 123456", "US", "+4930123456"),
        ("0049 (0)30 / 123456", "DE", "+4930123456"),
        ("+49 (0)30 123456", "DE", "+4930123456"),
        ("030 123-456", "DE", "+4930123456"),
        ("49 30 123456", "DE", "+4930123456"),
        ("(212) 555-0142", "US", "+12125550142"),
        ("1 212 555 0142", "US", "+12125550142"),
        ("212-555-0142 ext. 7", "US", "+12125550142"),
        ("06 1 234 5678", "HU", "+3612345678"),
        ("06 1234 5678", "IT", "+390612345678"),
        ("612 345 678", "ES", "+34612345678"),
        ("30 123456", "DE", "+4930123456"),
        ("123 4567", "XX", "1234567"),
    ],
)
def test_a_number_has_one_form_however_it_is_dialed(raw: str, country: str, number: str) -> None:
    assert normal_phone(raw, country) == number


@pytest.mark.parametrize("raw", ["", "none", "12345", "+1234567890123456", "0000000", "+49111111"])
def test_what_could_be_anybodys_number_tells_nobody(raw: str) -> None:
    assert normal_phone(raw, "XX") is None


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        (EMAIL, " Ada@Example.COM ", "ada@example.com"),
        (EMAIL, "ada", None),
        (EMAIL, "ada@home", None),
        (EMAIL, "a b@example.com", None),
        (EMAIL, "@example.com", None),
        (EMAIL, "a" * 250 + "@b.de", None),
        (LOYALTY, " VIP-7 ", "VIP-7"),
        (LOYALTY, " ", None),
        (LOYALTY, "x" * 101, None),
        (PHONE, "030 123456", "+4930123456"),
    ],
)
def test_identifiers_have_one_form(kind: IdentifierKind, raw: str, value: str | None) -> None:
    assert mark(kind, raw, "DE") == (Mark(kind, value) if value else None)


def test_the_strongest_identifier_of_a_contact_comes_first() -> None:
    contact = Contact(email="ada@example.com", phone="030 123456", loyalty_id="VIP-7")
    kinds = [one.kind for one in marks_of_contact(contact, "DE")]
    assert kinds == [LOYALTY, EMAIL, PHONE]
    assert marks_of_contact(Contact(name="Ada", email="?"), "DE") == ()


def test_hashes_are_equal_for_equal_people_and_differ_by_kind_and_tenant() -> None:
    one = hashes_of_contact(Contact(email="ADA@example.com", phone="030 123456"), RING)
    same = hashes_of_contact(Contact(email="ada@example.com", phone="+4930123456"), RING)
    other = hashes_of_contact(Contact(email="ada@example.com"), Keyring(b"x" * 32, "DE"))
    assert one == same
    assert len({*one, *other}) == 3
    assert Mark(EMAIL, "1234567").hashed(RING) != Mark(PHONE, "1234567").hashed(RING)
    assert hashes_of_contact(None, RING) == ()


def test_an_order_fills_what_the_record_lacks_and_overwrites_nothing() -> None:
    first = told(
        new_customer("c_1", NOW),
        name="Ada",
        marks=[Mark(EMAIL, "ada@example.com"), Mark(PHONE, "+4930123456")],
        addresses=[HOME, HOME],
    )
    assert (first.version, first.name, first.addresses) == (1, "Ada", (HOME,))
    assert marks_of(first) == (Mark(EMAIL, "ada@example.com"), Mark(PHONE, "+4930123456"))
    second = told(first, name="A. Lovelace", addresses=[HOME, WORK], suggestions=[a_suggestion()])
    assert (second.version, second.name, second.addresses) == (2, "Ada", (HOME, WORK))
    assert second.suggestions == (a_suggestion(),)


def test_the_same_order_again_changes_nothing() -> None:
    once = told(a_customer(), name="Ada", addresses=[HOME], suggestions=[a_suggestion()])
    again = told(once, name="Ada", addresses=[HOME], suggestions=[a_suggestion(order_id="o_9")])
    assert again is once


def test_a_record_grows_to_its_bounds_and_no_further() -> None:
    emails = tuple(f"ada{n}@example.com" for n in range(IDENTIFIERS_MAX))
    full = a_customer(emails=emails)
    known, fresh = Mark(EMAIL, emails[0]), Mark(EMAIL, "new@example.com")
    assert to_add(full, [known, fresh, Mark(PHONE, "+4930123456")]) == (Mark(PHONE, "+4930123456"),)
    many = [Address(lines=(str(n),)) for n in range(ADDRESSES_MAX + 1)]
    offers = [a_suggestion(n) for n in range(SUGGESTIONS_MAX + 1)]
    grown = told(full, addresses=many, suggestions=offers)
    assert (len(grown.addresses), len(grown.suggestions)) == (ADDRESSES_MAX, SUGGESTIONS_MAX)


def test_a_change_to_the_same_values_is_no_change() -> None:
    record = a_customer(name="Ada")
    assert changed(record, {"name": "Ada"}, NOW) is record


def test_a_patch_sets_normal_forms_and_null_takes_away() -> None:
    record = a_customer(name="Ada", phones=("+4930123456",), addresses=(HOME,))
    after = patched(
        record,
        {"emails": ["Ada@Example.com", "ada@example.com"], "phones": None, "tier": "gold"},
        "DE",
        NOW,
    )
    assert (after.emails, after.phones, after.tier) == (("ada@example.com",), (), "gold")
    assert (after.name, after.addresses, after.version) == ("Ada", (HOME,), 2)
    assert patched(after, {"tier": "gold", "name": "Ada"}, "DE", NOW) is after


def test_every_fault_of_a_patch_is_listed_at_once() -> None:
    with pytest.raises(Invalid) as unknown:
        patched(a_customer(), {"version": 7, "age": 36}, "DE", NOW)
    with pytest.raises(Invalid) as unfit:
        patched(a_customer(), {"name": 7, "emails": "x"}, "DE", NOW)
    with pytest.raises(Invalid) as nobody:
        patched(a_customer(), {"emails": ["a@b.de", "?"], "phones": ["1"]}, "DE", NOW)
    assert [fault.pointer for fault in unknown.value.faults] == ["/age", "/version"]
    assert {fault.pointer for fault in unfit.value.faults} == {"/name", "/emails"}
    assert {(fault.pointer, fault.code) for fault in nobody.value.faults} == {
        ("/emails/1", "not-an-identifier"),
        ("/phones/0", "not-an-identifier"),
    }


def test_erasing_takes_all_personal_data_and_leaves_the_id() -> None:
    record = a_customer(
        name="Ada",
        emails=("ada@example.com",),
        phones=("+4930123456",),
        loyalty_ids=("VIP-7",),
        addresses=(HOME,),
        tier="gold",
        suggestions=(a_suggestion(),),
    )
    gone = redacted(record, NOW)
    assert gone == Customer(
        customer_id="c_1", version=2, created_at=NOW, changed_at=NOW, erased_at=NOW
    )
    assert redacted(gone, NOW + timedelta(days=1)) is gone
    with pytest.raises(CustomerErased):
        patched(gone, {"name": "Ada"}, "DE", NOW)


def test_an_identifier_is_its_holders_until_the_holder_is_erased_or_never_was() -> None:
    wanted = Mark(EMAIL, "ada@example.com")
    claim = Lookup(customer_id="c_1", kind=EMAIL, claimed_at=NOW)
    holder = a_customer(emails=("ada@example.com",))
    later = NOW + CLAIM_GRACE
    refuse_taken(claim, holder, wanted, "c_1", NOW)
    refuse_taken(claim, redacted(holder, NOW), wanted, "c_2", NOW)
    refuse_taken(claim, None, wanted, "c_2", later)
    refuse_taken(claim, a_customer(), wanted, "c_2", later)
    for who, when in ((holder, later), (None, NOW), (a_customer(), NOW)):
        with pytest.raises(IdentifierTaken):
            refuse_taken(claim, who, wanted, "c_2", when)
