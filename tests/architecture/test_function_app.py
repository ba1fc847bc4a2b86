"""The exact list of functions with their triggers, and what the real registry refuses.

In Azure a fault at indexing shows only as "No job functions found", so the list is compared here.
`tools/openapi` writes the list anew; what changed in it is for the eyes of who reviews the change.
"""

# ruff: noqa: ARG001 - the functions here are indexed and never called
import importlib.util
import inspect
import json
import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Final, List  # noqa: UP035 - the registry knows typing.List only

import azure.functions as func
import pytest
from openapi_spec_validator import validate
from pydantic import BaseModel

from tests.architecture.tree import ROOT

EXPECTED: Final = ROOT / "tests" / "architecture" / "functions.txt"
DESCRIPTION: Final = ROOT / "docs" / "openapi.json"

PROTOS: Final = SimpleNamespace(BindingInfo=SimpleNamespace(out=1, inout=2, undefined=None))
ON_THE_WORKERS_PYTHON: Final = pytest.mark.skipif(
    importlib.util.find_spec("azure_functions_runtime") is None,
    reason="Microsoft's worker runtime needs Python 3.13",
)


@pytest.fixture(scope="module")
def app() -> dict[str, Any]:
    # A process of its own: get_functions() may be called once only in a process.
    command = [sys.executable, "tools/openapi", "--print"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_app_has_exactly_these_functions(app: dict[str, Any]) -> None:
    expected = EXPECTED.read_text(encoding="utf-8").splitlines()
    assert app["functions"] == expected


def test_every_file_of_triggers_is_registered() -> None:
    registered = (ROOT / "function_app.py").read_text(encoding="utf-8")
    files = [path.stem for path in (ROOT / "functions").glob("[a-z]*.py")]
    assert [name for name in sorted(files) if f"{name}.bp" not in registered] == []


def test_every_route_is_in_the_matrix_of_permissions(app: dict[str, Any]) -> None:
    assert app["unlisted"] == []


def test_every_route_that_creates_needs_an_idempotency_key(app: dict[str, Any]) -> None:
    assert app["without_key"] == []


def test_the_committed_description_of_the_api_is_the_generated_one(app: dict[str, Any]) -> None:
    """`tools/openapi` writes it anew."""
    assert json.loads(DESCRIPTION.read_text(encoding="utf-8")) == app["openapi"]


def test_the_description_of_the_api_is_valid_openapi(app: dict[str, Any]) -> None:
    validate(app["openapi"])


class Body(BaseModel):
    text: str


def pydantic_parameter(req: Body) -> func.HttpResponse:
    return func.HttpResponse()


def dict_answer(req: func.HttpRequest) -> dict[str, str]:
    return {}


def optional_answer(req: func.HttpRequest) -> func.HttpResponse | None:
    return func.HttpResponse()


def extra_parameter(req: func.HttpRequest, more: str) -> func.HttpResponse:
    return func.HttpResponse()


def other_name(request: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse()


def unresolved(req: "NowhereToBeFound") -> func.HttpResponse:  # type: ignore[name-defined]  # noqa: F821 - on purpose
    return func.HttpResponse()


def without_wraps(*args: Any, **kwargs: Any) -> func.HttpResponse:
    return func.HttpResponse()


async def good(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse()


async def builtin_list(messages: list[func.ServiceBusMessage]) -> None: ...
async def typing_list(messages: List[func.ServiceBusMessage]) -> None: ...  # noqa: UP006 - the form it takes


def index(function: Callable[..., Any], *, is_http: bool) -> str:
    """Index one function as Microsoft's worker does; returns the name it is known by then."""
    from azure_functions_runtime.bindings.meta import load_binding_registry
    from azure_functions_runtime.functions import Registry

    load_binding_registry()
    app = func.FunctionApp()
    if is_http:
        app.route(route="x")(function)
    else:
        app.service_bus_queue_trigger(
            arg_name="messages", queue_name="q", connection="C", cardinality="many"
        )(function)
    (indexed,) = app.get_functions()
    return str(Registry().add_indexed_function(indexed, PROTOS).name)


@ON_THE_WORKERS_PYTHON
@pytest.mark.parametrize(
    "function",
    [
        pydantic_parameter,
        dict_answer,
        optional_answer,
        extra_parameter,
        other_name,
        unresolved,
        without_wraps,
    ],
)
def test_the_real_registry_refuses_an_http_function_that_is_not_plain(
    function: Callable[..., Any],
) -> None:
    from azure_functions_runtime.functions import FunctionLoadError

    # What does not resolve at run time is Python's own NameError.
    with pytest.raises((FunctionLoadError, NameError)):
        index(function, is_http=True)


@ON_THE_WORKERS_PYTHON
def test_the_real_registry_takes_the_plain_form() -> None:
    assert index(good, is_http=True) == "good"
    assert index(typing_list, is_http=False) == "typing_list"


@ON_THE_WORKERS_PYTHON
def test_the_real_registry_refuses_a_builtin_list_of_messages() -> None:
    from azure_functions_runtime.functions import FunctionLoadError

    with pytest.raises(FunctionLoadError):
        index(builtin_list, is_http=False)


@ON_THE_WORKERS_PYTHON
def test_the_real_registry_takes_every_function_of_ours() -> None:
    """Indexing by Microsoft's own code, in a process of its own."""
    script = """
import function_app
from types import SimpleNamespace
from azure_functions_runtime.bindings.meta import load_binding_registry
from azure_functions_runtime.functions import Registry
protos = SimpleNamespace(BindingInfo=SimpleNamespace(out=1, inout=2, undefined=None))
load_binding_registry()
registry = Registry()
for function in function_app.app.get_functions():
    registry.add_indexed_function(function, protos)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_no_trigger_is_a_plain_function_around_an_async_one() -> None:
    """A sync wrapper around an async function indexes, and fails only when it is invoked."""
    from functions import operations, tenants

    assert inspect.iscoroutinefunction(tenants.create_tenant)
    assert inspect.iscoroutinefunction(operations.health)


def test_a_second_call_for_the_functions_is_refused() -> None:
    """Hence the embedded host keeps the result of its one call."""
    app = func.FunctionApp()
    app.route(route="x")(good)
    assert len(app.get_functions()) == 1
    with pytest.raises(ValueError, match="unique function name"):
        app.get_functions()
