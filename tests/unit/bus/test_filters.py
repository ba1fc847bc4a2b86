"""The SQL dialect and correlation filters of subscriptions, by example."""

import re

import pytest

from shared.adapters.embedded.bus_filters import (
    DEPTH_MAX,
    FILTER_CHARS_MAX,
    FilterError,
    compile_sql,
    correlation,
)
from tests.unit.bus.samples import a_message

ORDER = a_message(
    tenant="acme", priority=7, share=0.5, is_late=True, note="50% off_now", **{"odd name": "x]y"}
)


@pytest.mark.parametrize(
    "text",
    [
        "sys.Label = 'orders.accepted'",
        "SYS.label = 'orders.accepted' and Tenant = 'acme'",
        "sys.MessageId = 'm-1' AND sys.CorrelationId = 'c-1'",
        "sys.SessionId LIKE 'acme:%' AND sys.ContentType <> 'text/plain'",
        "user.tenant = 'acme'",
        "[tenant] = 'acme' AND \"tenant\" = 'acme'",
        "[odd name] = 'x]y'",
        "priority = 7 AND priority = 7.0 AND priority <> 8 AND priority != 8",
        "priority < 8 AND priority <= 7 AND priority > 6 AND priority >= 7",
        "priority > -1 AND priority < +1e2 AND share = .5",
        "tenant > 'abc' AND 'acme' = tenant",
        "is_late = TRUE AND is_late <> false",
        "tenant IN ('other', 'acme')",
        "tenant NOT IN ('other', 'else')",
        "priority IN (1, 7.0)",
        "tenant IN ('acme', nobody)",
        "sys.Label LIKE 'orders.%'",
        "sys.Label LIKE '%.accepted'",
        "sys.Label LIKE 'orders_accepted'",
        "sys.Label LIKE '%'",
        "sys.Label LIKE 'o%s.%t%d'",
        "sys.Label NOT LIKE 'orders'",
        r"note LIKE '50\% off\_now' ESCAPE '\'",
        "note LIKE '50!% %' ESCAPE '!'",
        "nobody IS NULL AND tenant IS NOT NULL AND sys.To IS NULL",
        "EXISTS(tenant) AND NOT EXISTS(nobody) AND EXISTS(sys.Label)",
        "NOT NOT tenant = 'acme'",
        "nobody = 1 OR tenant = 'acme'",
        "(tenant = 'other' OR tenant = 'acme') AND NOT (priority = 1)",
        "tenant = 'other' AND tenant = 'none' OR tenant = 'acme'",
        "1 = 1",
        "'it''s' = 'it''s'",
    ],
)
def test_a_filter_that_is_true_delivers(text: str) -> None:
    assert compile_sql(text)(ORDER) is True


@pytest.mark.parametrize(
    "text",
    [
        "sys.Label = 'Orders.accepted'",
        "priority = 8",
        "is_late = FALSE",
        "tenant IN ('other')",
        "tenant NOT IN ('acme', nobody)",
        "sys.Label LIKE 'orders'",
        "sys.Label LIKE 'returns.%'",
        r"note LIKE '50\% off\_later' ESCAPE '\'",
        "tenant IS NULL",
        "nobody IS NOT NULL",
        "EXISTS(nobody)",
        "nobody = 1 AND tenant = 'other'",
        "1 = 2",
    ],
)
def test_a_filter_that_is_false_does_not(text: str) -> None:
    assert compile_sql(text)(ORDER) is False


@pytest.mark.parametrize(
    "text",
    [
        "nobody = 'x'",
        "nobody <> 'x'",
        "NOT nobody = 'x'",
        "nobody IN ('x')",
        "nobody NOT IN ('x')",
        "nobody IN ('x', 1)",
        "tenant IN ('other', nobody)",
        "nobody LIKE '%'",
        "tenant LIKE nobody",
        "priority LIKE '7'",
        "tenant LIKE 'a%' ESCAPE nobody",
        "tenant LIKE 'a%' ESCAPE 'ab'",
        "nobody = 1 OR tenant = 'other'",
        "nobody = 1 AND tenant = 'acme'",
        "tenant = NULL",
        "tenant = 7",
        "is_late = 1",
        "is_late > FALSE",
        "sys.ReplyTo = 'x' OR sys.ReplyToSessionId = 'x'",
    ],
)
def test_a_filter_that_is_unknown_does_not_either(text: str) -> None:
    assert compile_sql(text)(ORDER) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "expected a property or a value, found the end, at character 1"),
        ("tenant", "expected a comparison, IN, LIKE or IS, found the end, at character 7"),
        ("tenant = ", "expected a property or a value"),
        ("tenant = 'acme' priority = 1", "expected AND, OR or the end, found priority,"),
        ("tenant == 'acme'", "expected a property or a value, found =, at character 9"),
        ("tenant LIKES 'a'", "expected a comparison, IN, LIKE or IS, found LIKES, at character 8"),
        ("tenant = 'acme", "unreadable character at character 10"),
        ("tenant = #", "unreadable character at character 10"),
        ("(tenant = 'acme'", "expected ), found the end"),
        ("tenant IN 'acme'", "expected (, found 'acme'"),
        ("tenant IN ()", "expected a property or a value"),
        ("tenant IS 'x'", "expected NULL, found 'x'"),
        ("7 IS NULL", "only a property can be NULL"),
        ("tenant NOT = 'x'", "expected a comparison"),
        ("EXISTS('x')", "expected the name of a property, found 'x'"),
        ("EXISTS(and)", "a keyword needs brackets"),
        ("sys.Wrong = 'x'", "no such system property: sys.Wrong, at character 5"),
        ("property('x') = 'x'", "the function property is not supported"),
        ("priority + 1 = 8", "expected a comparison, IN, LIKE or IS, found +"),
        ("priority = -share", "a sign stands before a number only"),
        ("(" * (DEPTH_MAX + 1) + "1 = 1", "more than 32 levels"),
        ("x" * (FILTER_CHARS_MAX + 1), "longer than 1024 characters"),
    ],
)
def test_a_filter_that_cannot_be_read_says_where(text: str, why: str) -> None:
    with pytest.raises(FilterError, match=re.escape(why)):
        compile_sql(text)


def test_a_correlation_filter_asks_for_all_its_conditions() -> None:
    wanted = correlation({"Label": "orders.accepted", "sessionid": "acme:o-1"}, {"priority": 7})
    assert wanted(a_message(priority=7)) is True
    assert wanted(a_message(priority=8)) is False
    assert wanted(a_message(priority="7")) is False
    assert wanted(a_message()) is False
    assert wanted(a_message("orders.edited", priority=7)) is False


@pytest.mark.parametrize(
    ("system", "own", "why"),
    [
        ({}, {}, "needs a condition"),
        ({"Wrong": "x"}, {}, "no such system property: wrong"),
        ({"Label": "x"}, {"tags": ["a"]}, "compares with text, numbers and true or false"),
    ],
)
def test_a_wrong_correlation_filter_is_refused(
    system: dict[str, str], own: dict[str, object], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        correlation(system, own)  # type: ignore[arg-type]  # as read from a file
