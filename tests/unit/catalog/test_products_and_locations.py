"""What makes products, locations and names whole."""

from datetime import timedelta
from typing import Any

import pytest

from shared.catalog.decide import (
    CLAIM_GRACE,
    canonical,
    check_location,
    check_product,
    could_be_sku,
    gained_and_lost,
    is_gtin,
    is_named,
    is_same,
    is_same_location,
    location_of,
    name_key,
    names_of,
    product_of,
    refuse_taken,
)
from shared.catalog.model import NameDocument, NameTaken, Product
from shared.kernel.errors import Invalid
from tests.unit.catalog.samples import EAN, NOW, UPC, a_location, a_product, stored_product


def faults_of_product(before: Product | None = None, **changes: Any) -> set[tuple[str, str]]:
    known = {"SOCK": stored_product(sku="SOCK"), "SET": stored_product(sku="SET", kind="bundle")}
    try:
        check_product(a_product(**changes), before, known)
    except Invalid as error:
        return {(fault.pointer, fault.code) for fault in error.faults}
    return set()


@pytest.mark.parametrize("code", ["96385074", UPC, EAN, "10012345678902"])
def test_a_gtin_of_each_length_has_its_check_digit(code: str) -> None:
    assert is_gtin(code)


@pytest.mark.parametrize("code", ["4006381333932", "400638133393", "400638133393X", "", "1" * 13])
def test_a_wrong_check_digit_length_or_letter_is_no_gtin(code: str) -> None:
    assert not is_gtin(code)


def test_a_plain_product_has_no_faults() -> None:
    assert faults_of_product() == set()


def test_every_fault_of_a_product_is_listed_at_once() -> None:
    assert faults_of_product(
        step="0.0",
        barcodes=["1", "1"],
        barcode_kind="gtin",
        aliases=["a", "a"],
        tags=["x", "y", "x"],
        components=[{"sku": "SOCK", "quantity": 1}],
        components_may_split=True,
        image="javascript:alert(1)",
    ) == {
        ("/step", "step-not-positive"),
        ("/barcodes/0", "not-a-gtin"),
        ("/barcodes/1", "not-a-gtin"),
        ("/barcodes/1", "listed-twice"),
        ("/aliases/1", "listed-twice"),
        ("/tags/2", "listed-twice"),
        ("/components", "not-a-bundle"),
        ("/components_may_split", "not-a-bundle"),
        ("/image", "not-a-web-address"),
    }


def test_a_barcode_is_held_to_its_check_digit_only_where_it_is_declared_a_gtin() -> None:
    assert faults_of_product(barcodes=["4006381333932"]) == set()
    assert faults_of_product(barcodes=[EAN, UPC], barcode_kind="gtin") == set()


def test_a_bundle_holds_products_that_exist_and_are_no_bundles() -> None:
    parts = [{"sku": sku, "quantity": 1} for sku in ("SOCK", "GONE", "SET", "KIT", "SOCK")]
    assert faults_of_product(sku="KIT", kind="bundle", components=parts) == {
        ("/components/1/sku", "unknown-component"),
        ("/components/2/sku", "component-is-bundle"),
        ("/components/3/sku", "component-of-itself"),
        ("/components/4", "listed-twice"),
    }
    assert faults_of_product(kind="bundle") == {("/components", "bundle-empty")}


def test_a_selling_step_is_fixed_once_the_sku_exists() -> None:
    before = stored_product(step="0.5")
    assert faults_of_product(before, step="0.50") == set()
    assert faults_of_product(before, step="1") == {("/step", "step-is-fixed")}


def test_the_next_version_of_a_product_counts_on_and_says_what_was_told() -> None:
    first = product_of(a_product(), None)
    second = product_of(a_product(name="BOOT Größe 42"), first)
    assert (first.version, second.version) == (1, 2)
    assert second.search_name == "boot grösse 42"
    assert is_same(a_product(), first)
    assert not is_same(a_product(), second)


def test_a_upc_and_its_ean_are_one_name() -> None:
    assert canonical(UPC) == canonical("0" + UPC) == "00036000291452"
    assert canonical("4006381333932") == "4006381333932"


def test_a_name_that_no_id_may_hold_gets_a_key_of_its_hash() -> None:
    assert name_key("shop-17") == "alias:shop-17"
    assert name_key("red / 42").startswith("alias:n_")
    assert could_be_sku("red-42")
    assert not could_be_sku("red / 42")


def test_a_products_names_are_its_barcodes_and_aliases_without_its_sku() -> None:
    told = a_product(barcodes=[UPC, "0" + UPC, "BOOT-42"], aliases=["shop-17"])
    assert names_of(told) == ("00036000291452", "shop-17")
    assert is_named(told, "0" + UPC)
    assert not is_named(told, "shop-18")
    assert not is_named(None, "shop-17")


def test_names_are_claimed_when_new_and_freed_when_gone() -> None:
    before, after = a_product(aliases=["a", "b"]), a_product(aliases=["b", "c"])
    assert gained_and_lost(before, after) == (("c",), ("a",))
    assert gained_and_lost(None, after) == (("b", "c"), ())


def test_a_name_belongs_to_the_product_that_lists_it() -> None:
    claim = NameDocument(name="shop-17", sku="SOCK", claimed_at=NOW)
    holder = stored_product(sku="SOCK", aliases=["shop-17"])
    refuse_taken(None, None, "shop-17", "BOOT-42", NOW)
    refuse_taken(claim, holder, "shop-17", "SOCK", NOW)
    with pytest.raises(NameTaken) as refused:
        refuse_taken(claim, holder, "shop-17", "BOOT-42", NOW + timedelta(days=9))
    assert (refused.value.name, refused.value.sku) == ("shop-17", "SOCK")


def test_a_claim_left_over_from_a_crash_ends_after_its_grace() -> None:
    claim = NameDocument(name="shop-17", sku="SOCK", claimed_at=NOW)
    with pytest.raises(NameTaken):
        refuse_taken(claim, None, "shop-17", "BOOT-42", NOW + CLAIM_GRACE - timedelta(seconds=1))
    refuse_taken(claim, None, "shop-17", "BOOT-42", NOW + CLAIM_GRACE)


def test_a_usual_location_is_whole() -> None:
    check_location(a_location())
    check_location(a_location(place={"country": "DE", "lat_e6": 1, "lon_e6": 2}))


def test_every_fault_of_a_location_is_listed_at_once() -> None:
    told = a_location(
        groups=["city", "city"],
        capabilities=["gift-wrap", "gift-wrap"],
        place={"country": "DE", "lat_e6": 1},
        hours={"zone": "Europe/Berlin", "weekly": {}},
    )
    with pytest.raises(Invalid) as refused:
        check_location(told)
    assert {(fault.pointer, fault.code) for fault in refused.value.faults} == {
        ("/groups/1", "listed-twice"),
        ("/capabilities/1", "listed-twice"),
        ("/place", "half-a-point"),
        ("/hours/weekly", "never-open"),
    }


def test_a_location_that_does_nothing_may_be_closed_all_week() -> None:
    closed = {"zone": "Europe/Berlin", "weekly": {}}
    check_location(a_location(hours=closed, active=False))
    check_location(a_location(hours=closed, ship_enabled=False))


def test_the_next_version_of_a_location_counts_on() -> None:
    first = location_of(a_location(), None)
    second = location_of(a_location(priority=5), first)
    assert (first.version, second.version, second.priority) == (1, 2, 5)
    assert is_same_location(a_location(), first)
    assert not is_same_location(a_location(), second)
