"""What Azure's registry refuses is refused here, with the function's name and the reason."""

from collections.abc import Callable
from typing import Any, List  # noqa: UP035 - the platform knows typing.List, not list

import azure.functions as func
import pytest
from pydantic import BaseModel

from local.host.change_feed import container_of, retry_delay_s
from local.host.index import RefusedFunction, index
from local.host.timers import schedule_of
from tests.host.apps import an_app, an_app_with


class Body(BaseModel):
    sku: str


async def pydantic_body(req: Body) -> func.HttpResponse:
    return func.HttpResponse(req.sku)


async def dict_answer(req: func.HttpRequest) -> dict[str, str]:
    return {"url": req.url}


async def optional_answer(req: func.HttpRequest) -> func.HttpResponse | None:
    return None if req.url else func.HttpResponse()


async def nothing_answer(req: func.HttpRequest) -> None:
    del req


async def other_name(request: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(request.url)


async def extra_parameter(req: func.HttpRequest, store: str) -> func.HttpResponse:
    return func.HttpResponse(req.url + store)


async def wrong_context(req: func.HttpRequest, context: str) -> func.HttpResponse:
    return func.HttpResponse(req.url + context)


async def unresolved(req: "func.HttpRequestOfNobody") -> func.HttpResponse:  # type: ignore[name-defined] # the fault under test
    return func.HttpResponse(str(req))


def without_wraps(function: Callable[..., object]) -> Callable[..., object]:
    def wrapper(*arguments: object, **named: object) -> object:
        return function(*arguments, **named)

    return wrapper


async def usual(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(req.url)


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (pydantic_body, "cannot be given as Body"),
        (dict_answer, "returns func.HttpResponse, not"),
        (optional_answer, "returns func.HttpResponse, not"),
        (nothing_answer, "returns func.HttpResponse, not"),
        (other_name, "no trigger or binding fills the parameters {'request'}"),
        (extra_parameter, "no trigger or binding fills the parameters {'store'}"),
        (wrong_context, "the parameter context is a func.Context"),
        (unresolved, "an annotation does not resolve"),
        (without_wraps(usual), "no trigger or binding fills the parameters"),
    ],
)
def test_an_http_function_that_azure_refuses_is_refused(
    function: Callable[..., object], why: str
) -> None:
    with pytest.raises(RefusedFunction) as refused:
        index(an_app_with("v1/x", function))
    assert str(refused.value).startswith("function answer is refused: ")
    assert why in str(refused.value)


async def one_message(msg: func.ServiceBusMessage) -> None:
    del msg


async def builtin_list(msg: list[func.ServiceBusMessage]) -> None:
    del msg


async def typing_list(msg: List[func.ServiceBusMessage]) -> None:  # noqa: UP006 - see the import
    del msg


def listening(function: Callable[..., object], cardinality: str) -> func.FunctionApp:
    app = an_app()
    app.service_bus_queue_trigger(
        arg_name="msg", queue_name="orders-in", connection="SERVICEBUS", cardinality=cardinality
    )(function)
    return app


def test_many_messages_are_a_typing_list() -> None:
    (found,) = index(listening(typing_list, "many"))
    assert (found.kind, found.argument, found.is_async) == ("serviceBusTrigger", "msg", True)


@pytest.mark.parametrize(
    ("function", "cardinality"),
    [(builtin_list, "many"), (one_message, "many"), (typing_list, "one")],
)
def test_other_forms_of_many_messages_are_refused(
    function: Callable[..., object], cardinality: str
) -> None:
    with pytest.raises(RefusedFunction, match=r"typing\.List"):
        index(listening(function, cardinality))


def test_two_functions_of_one_name_are_refused() -> None:
    app = an_app_with("v1/a", usual)
    app.function_name("answer")(app.route(route="v1/b", methods=["GET"])(dict_answer))
    with pytest.raises(RefusedFunction, match="does not have a unique function name"):
        index(app)


def test_a_binding_that_nothing_here_feeds_is_refused() -> None:
    app = an_app()

    @app.blob_trigger(arg_name="blob", path="x/{name}", connection="BLOB")
    async def read_blob(blob: func.InputStream) -> None:
        del blob

    with pytest.raises(RefusedFunction, match="this host has no trigger blobTrigger"):
        index(app)


def test_an_app_is_indexed_once_and_the_result_kept() -> None:
    app = an_app_with("v1/x", usual)
    assert index(app) is index(app)


async def changed(documents: func.DocumentList) -> None:
    del documents


def following(container: str, retry: dict[str, Any]) -> func.FunctionApp:
    app = an_app()
    decorated = app.cosmos_db_trigger(
        arg_name="documents", connection="COSMOS", database_name="d", container_name=container
    )(changed)
    if retry:
        app.retry(**retry)(decorated)
    return app


WITHOUT_END: dict[str, Any] = {
    "strategy": "fixed_delay",
    "max_retry_count": "-1",
    "delay_interval": "00:00:05",
}


def test_a_change_feed_is_retried_without_end_or_refused() -> None:
    (found,) = index(following("orders", WITHOUT_END))
    assert retry_delay_s(found) == 5.0
    for retry in (
        {},
        WITHOUT_END | {"max_retry_count": "3"},
        WITHOUT_END | {"delay_interval": "5"},
    ):
        (found,) = index(following("orders", retry))
        with pytest.raises(RefusedFunction, match="function changed is refused"):
            retry_delay_s(found)


def test_a_change_feed_of_an_unknown_container_is_refused() -> None:
    (found,) = index(following("nothing", WITHOUT_END))
    with pytest.raises(RefusedFunction, match="'nothing' is not a valid Container"):
        container_of(found)


def test_a_timer_without_a_schedule_is_refused() -> None:
    app = an_app()

    @app.timer_trigger(arg_name="timer", schedule="every day")
    async def sweep(timer: func.TimerRequest) -> None:
        del timer

    (found,) = index(app)
    with pytest.raises(RefusedFunction, match="has not the six fields of NCRONTAB"):
        schedule_of(found)
