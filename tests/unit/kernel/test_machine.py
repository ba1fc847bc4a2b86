"""A state machine that is not whole does not come to be."""

from enum import StrEnum

import pytest

from shared.kernel.errors import NotAllowed
from shared.kernel.machine import Machine, kebab


class Light(StrEnum):
    RED = "red"
    GREEN = "green"


class GoAhead: ...


class Stop: ...


LIGHT = Machine(
    "light", Light.RED, edges={Light.RED: {GoAhead: Light.GREEN}, Light.GREEN: {Stop: Light.RED}}
)


def test_a_row_leads_to_its_state() -> None:
    assert LIGHT.next(Light.RED, GoAhead) is Light.GREEN
    assert LIGHT.allows(Light.RED, GoAhead)


def test_a_command_without_a_row_is_refused_with_the_legal_ones() -> None:
    with pytest.raises(NotAllowed) as refused:
        LIGHT.next(Light.RED, Stop)
    assert refused.value.legal == ("go-ahead",)
    assert str(refused.value) == "light is red: stop is not possible; legal: go-ahead"


def test_a_state_without_an_entry_fails_at_construction() -> None:
    with pytest.raises(ValueError, match="no entry"):
        Machine("light", Light.RED, edges={Light.RED: {}})


def test_a_state_that_cannot_be_reached_fails_at_construction() -> None:
    with pytest.raises(ValueError, match="cannot be reached"):
        Machine("light", Light.RED, edges={Light.RED: {}, Light.GREEN: {}})


def test_class_names_become_kebab_case() -> None:
    assert kebab("ConfirmCancel") == "confirm-cancel"
