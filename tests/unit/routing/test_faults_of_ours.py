"""What must never happen is said loudly when it does."""

import pytest

from shared.routing.conditions import Operator, OrderField, OrderFilter
from shared.routing.decide import hold_to_account, parcel_of
from shared.routing.filters import holds
from shared.routing.outcome import Outcome
from shared.routing.pricing import DEFAULT, Pricer
from shared.routing.problem import Placement
from shared.routing.site import Site
from tests.unit.routing.samples import a_candidate, a_line, a_request, costs


def test_a_plan_that_loses_units_is_a_fault() -> None:
    nothing = Outcome(None, (), (), (), ())
    with pytest.raises(AssertionError, match="order o_1: 2 asked, 0 answered"):
        hold_to_account(a_request(a_line("1", 2)), nothing)


def test_a_parcel_that_cannot_go_is_never_chosen() -> None:
    pricer, contents = Pricer(costs({})), ((a_line(), 1),)
    candidate = a_candidate("a", {"sku-1": 1})
    with pytest.raises(ValueError, match="a was chosen for what it cannot ship"):
        pricer.known_cost(pricer.priced(contents, DEFAULT), candidate)
    with pytest.raises(ValueError, match="a was chosen for what it cannot ship"):
        parcel_of(pricer, Placement(Site(candidate, "a", 0), contents, 1))


def test_a_field_of_several_values_has_no_order_however_the_condition_was_made() -> None:
    condition = OrderFilter.model_construct(
        field=OrderField.ORDER_TAG, operator=Operator.LESS, values=("a",)
    )
    with pytest.raises(ValueError, match="has no order"):
        holds(condition, a_request())
