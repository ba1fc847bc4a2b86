"""A bundle comes back by the line that was sold, by its own code, or component by component."""

from typing import Any

import pytest

from shared.contracts.returns import RequestReturn
from shared.kernel.errors import Invalid, NotFound
from shared.returns import decide
from shared.returns.decide import Named, Out, Policy, Sale, SoldLine, Terms
from shared.returns.model import NotReturnable, OfBundle, Return
from tests.unit.returns.samples import NOON, a_receipt, a_request, a_sale, a_sold_line


def a_component(line_id: str, sku: str, per_bundle: int, units: int, sold: str = "1") -> SoldLine:
    bundle = OfBundle(line=sold, sku="SET", per_bundle=per_bundle)
    return a_sold_line(line_id=line_id, sku=sku, out=(Out(units, NOON),), bundle=bundle)


def two_sets(sold: str = "1") -> tuple[SoldLine, SoldLine]:
    """Return two sets of a boot and two socks."""
    return (
        a_component(f"{sold}~1", "BOOT", 1, 2, sold),
        a_component(f"{sold}~2", "SOCK", 2, 4, sold),
    )


def named(*rows: Named, sale: Sale | None = None) -> dict[str, int]:
    units = decide.units_by_line(sale or a_sale(*two_sets()), rows)
    return {line_id: quantity for line_id, (quantity, _) in units.items()}


def asked_for(*rows: Named, **changes: Any) -> Return:
    request: RequestReturn = a_request(**changes)
    terms = Terms(Policy(30, decide.customer_zone(None, "UTC")), 0, "k", "c1")
    return decide.new_return(a_sale(*two_sets()), request, rows, terms, NOON)


def test_a_set_named_by_the_line_that_was_sold_is_all_that_is_in_it() -> None:
    assert named(Named("1", None, 2, "late")) == {"1~1": 2, "1~2": 4}


def test_a_set_named_by_its_own_code_comes_from_the_lines_that_have_it() -> None:
    sale = a_sale(*two_sets("1"), *two_sets("2"))
    assert named(Named(None, "SET", 3), sale=sale) == {"1~1": 2, "1~2": 4, "2~1": 1, "2~2": 2}


def test_a_component_comes_back_alone() -> None:
    assert named(Named("1~2", None, 1)) == {"1~2": 1}
    assert named(Named(None, "SOCK", 3)) == {"1~2": 3}


def test_what_names_neither_a_line_nor_a_set_is_not_found() -> None:
    for row in (Named("7", None, 1), Named(None, "HAT", 1), Named(None, None, 1)):
        with pytest.raises(NotFound):
            named(row)


def test_more_sets_than_the_customer_has_do_not_come_back() -> None:
    with pytest.raises(NotReturnable):
        asked_for(Named("1", None, 3, "late"))


def test_a_parcel_of_sets_is_received_by_component() -> None:
    made = asked_for(Named("1", None, 2, "late"))
    assert decide.named_in(made, [Named("1", None, 1)]) == [("1~1", 1), ("1~2", 2)]
    assert decide.named_in(made, [Named(None, "SET", 2)]) == [("1~1", 2), ("1~2", 4)]
    with pytest.raises(NotFound):
        decide.named_in(made, [Named("7", None, 1)])


def test_a_set_is_exchanged_at_the_worth_of_all_that_came_of_it() -> None:
    row = {"sku": "SET-2", "quantity": 1, "for_line": "1"}
    made = decide.approve(asked_for(Named("1", None, 2, "late"), exchange=[row]))
    assert made is not None
    worth = {"1~1": decide.Worth(5_001, 801), "1~2": decide.Worth(2_000, 320)}
    back = decide.receive(made, a_receipt(("1~1", 2), ("1~2", 3)), worth)
    (out,) = decide.exchange_lines(back)
    assert (out.quantity, out.unit_price_minor, out.tax_minor) == (1, 2_501 + 1_334, 401 + 214)


def test_nothing_goes_out_for_a_set_of_which_a_component_did_not_come() -> None:
    row = {"sku": "SET-2", "quantity": 1, "for_line": "1"}
    made = decide.approve(asked_for(Named("1", None, 2, "late"), exchange=[row]))
    assert made is not None
    back = decide.receive(made, a_receipt(("1~1", 2), ("1~2", 1)), {})
    assert decide.exchange_lines(back) == ()


def test_what_comes_back_is_exchanged_once_as_a_set_or_as_a_component() -> None:
    rows = [
        {"sku": "SET-2", "quantity": 1, "for_line": "1"},
        {"sku": "SOCK-2", "quantity": 1, "for_line": "1~2"},
    ]
    with pytest.raises(Invalid) as refused:
        asked_for(Named("1", None, 1, "late"), exchange=rows)
    assert [fault.code for fault in refused.value.faults] == ["line-twice"]
    with pytest.raises(Invalid) as more:
        asked_for(Named("1", None, 1, "late"), exchange=[rows[0] | {"quantity": 2}])
    assert [fault.code for fault in more.value.faults] == ["more-than-returned"]
