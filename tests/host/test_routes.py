"""Route templates as Azure matches them, and the traps that this host refuses."""

import azure.functions as func
import pytest

from local.host.index import RefusedFunction, index
from local.host.routes import Router
from tests.host.apps import add_route, an_app


async def handler(req: func.HttpRequest) -> str:
    return str(req.url)


def a_router(*routes: tuple[str, str, str]) -> Router:
    app = an_app()
    for name, method, route in routes:
        add_route(app, route, handler, method, name=name)
    return Router(index(app))


def found(router: Router, method: str, path: str) -> tuple[str, dict[str, str]] | None:
    endpoint, values, _ = router.find(method, path.split("/"))
    return None if endpoint is None else (endpoint.function.name, values)


def test_a_literal_wins_over_a_verb_and_a_verb_over_a_parameter() -> None:
    router = a_router(
        ("a_recent", "GET", "orders/recent"),
        ("b_cancel", "GET", "orders/{id}:cancel"),
        ("c_read", "GET", "orders/{order}"),
        ("d_lines", "GET", "orders/{id}/lines/{line:int}"),
    )
    assert found(router, "GET", "Orders/RECENT") == ("a_recent", {})
    assert found(router, "GET", "orders/o_1:cancel") == ("b_cancel", {"id": "o_1"})
    assert found(router, "GET", "orders/o_1") == ("c_read", {"order": "o_1"})
    assert found(router, "GET", "orders/o_1/lines/7") == ("d_lines", {"id": "o_1", "line": "7"})
    assert found(router, "GET", "orders/o_1/lines/x") is None
    assert found(router, "GET", "orders/:cancel") == ("c_read", {"order": ":cancel"})


def test_verbs_of_one_resource_do_not_hide_one_another() -> None:
    verbs = ("accept", "confirm-cancel", "pick", "refuse-cancel")
    router = a_router(*((f"v_{v}", "POST", f"fulfillments/{{id}}:{v}") for v in verbs))
    for verb in verbs:
        assert found(router, "POST", f"fulfillments/o_1.f1:{verb}") == (
            f"v_{verb}",
            {"id": "o_1.f1"},
        )


def test_a_path_of_other_methods_tells_them() -> None:
    router = a_router(("list_orders", "GET", "orders"), ("make_order", "POST", "orders"))
    assert router.find("PUT", ["orders"]) == (None, {}, {"GET", "POST"})
    assert router.find("GET", ["nothing"]) == (None, {}, set())


def test_optional_and_catch_all_parameters_take_what_is_left() -> None:
    router = a_router(("a_page", "GET", "pages/{name?}"), ("b_file", "GET", "files/{*path}"))
    assert found(router, "GET", "pages") == ("a_page", {})
    assert found(router, "GET", "pages/one") == ("a_page", {"name": "one"})
    assert found(router, "GET", "files/a/b.txt") == ("b_file", {"path": "a/b.txt"})
    assert found(router, "GET", "files") == ("b_file", {})


@pytest.mark.parametrize(
    ("constraint", "yes", "no"),
    [
        ("int", "-17", "1.5"), ("long", "9223372036854775807", "9223372036854775808"),
        ("guid", "0f8fad5b-d9cb-469f-a165-70867728950e", "0f8f"), ("alpha", "abc", "ab1"),
        ("bool", "True", "yes"), ("length(3)", "abc", "ab"), ("length(2,3)", "ab", "abcd"),
        ("minlength(2)", "ab", "a"), ("maxlength(2)", "ab", "abc"), ("min(5)", "5", "4"),
        ("max(5)", "5", "6"), ("range(2,4)", "3", "5"), ("regex(^o_)", "o_1", "x_1"),
        ("int:min(5)", "5", "4"),
    ],
)  # fmt: skip
def test_a_constraint_lets_through_what_it_names(constraint: str, yes: str, no: str) -> None:
    router = a_router(("read", "GET", f"things/{{id:{constraint}}}"))
    assert found(router, "GET", f"things/{yes}") == ("read", {"id": yes})
    assert found(router, "GET", f"things/{no}") is None


@pytest.mark.parametrize(
    "template",
    [
        "/orders", "orders//x", "orders?x", "orders/{id", "orders/id}", "orders/{id}{other}",
        "orders/{id}/{ID}", "orders/{id?}/x", "{*rest}/x", "x{*rest}", "orders/{id:odd}",
        "orders/{id:length(a)}", "orders/{id:range(1)}",
    ],
)  # fmt: skip
def test_a_template_that_azure_or_this_host_cannot_match_is_refused(template: str) -> None:
    with pytest.raises(RefusedFunction, match="function read is refused"):
        a_router(("read", "GET", template))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("orders/{id}", "orders/recent"), ("orders/{id}", "orders/{id}:cancel"),
        ("orders/{id}", "orders/{other}"), ("{*rest}", "orders/recent"), ("orders/{id?}", "orders"),
        ("{id}/lines", "orders/{id}"),
    ],
)  # fmt: skip
def test_a_function_that_azure_would_hide_behind_another_is_refused(
    first: str, second: str
) -> None:
    # Azure matches in the order of names, whatever the templates are.
    with pytest.raises(RefusedFunction, match=r"function b is refused: .* of a takes paths of"):
        a_router(("a", "GET", first), ("b", "GET", second))


def test_other_methods_and_other_literals_hide_nothing() -> None:
    router = a_router(
        ("a", "GET", "orders/{id}"),
        ("b", "POST", "orders/recent"),
        ("c", "GET", "orders/{id:length(30)}:cancel/x"),
        ("d", "GET", "returns/{id}"),
        ("e", "GET", "orders/{id}/lines"),
    )
    assert found(router, "GET", "orders/recent") == ("a", {"id": "recent"})
    assert found(router, "POST", "orders/recent") == ("b", {})
    assert found(router, "GET", "returns/7") == ("d", {"id": "7"})
    assert found(router, "GET", "orders/7/lines") == ("e", {"id": "7"})
