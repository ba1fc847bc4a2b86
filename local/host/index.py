"""Indexing: what functions an app has, refused here for what the platform's worker refuses.

The rules are those of Microsoft's registry (`azure-functions-runtime`, which is for Python 3.13
and for tests): what indexes here indexes there. On the platform a refusal shows only as a function
that is missing; here it is a line that names the function and the reason.
"""

import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TypeAlias
from weakref import WeakKeyDictionary

import azure.functions as func
from azure.functions.decorators.core import Binding, Trigger
from azure.functions.decorators.function_app import Function

RETURN: Final = "$return"
HTTP: Final = "httpTrigger"
SERVICE_BUS: Final = "serviceBusTrigger"
CHANGE_FEED: Final = "cosmosDBTrigger"
TIMER: Final = "timerTrigger"
TRIGGERS: Final = frozenset({HTTP, SERVICE_BUS, CHANGE_FEED, TIMER})

Annotations: TypeAlias = Mapping[str, object]


class RefusedFunction(Exception):
    """A function that the platform would not run; `name` is the function's."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"function {name} is refused: {why}")
        self.name, self.why = name, why


class _InConverter(Protocol):
    @classmethod
    def check_input_type_annotation(cls, pytype: object) -> bool: ...


class _OutConverter(Protocol):
    @classmethod
    def check_output_type_annotation(cls, pytype: object) -> bool: ...


@dataclass(frozen=True, slots=True)
class Indexed:
    """A function as the host runs it.

    Attributes:
        name: unique in the app.
        call: the function itself.
        is_async: it runs on the event loop; others run in a thread.
        argument: the parameter that takes what triggered it.
        needs_context: it also takes a parameter `context`.
        directory: where its module lies.
        trigger: the decorator's own record, with type and settings.
        retry: its retry policy as declared, if any.
    """

    name: str
    call: Callable[..., object]
    is_async: bool
    argument: str
    needs_context: bool
    directory: Path
    trigger: Trigger
    retry: Mapping[str, str] | None = None

    @property
    def kind(self) -> str:
        """The trigger's type as in function.json."""
        return str(self.trigger.type)

    def setting(self, name: str) -> str:
        """Return a setting of the trigger; empty when it is not set."""
        value = getattr(self.trigger, name, None)
        return "" if value is None else str(value)

    def is_set(self, name: str) -> bool:
        """Tell whether a flag of the trigger is true."""
        return getattr(self.trigger, name, None) is True


_indexed: "WeakKeyDictionary[func.FunctionApp, tuple[Indexed, ...]]" = WeakKeyDictionary()


def index(app: func.FunctionApp) -> tuple[Indexed, ...]:
    """Return the app's functions in the order of their names.

    The result is kept: an app can be asked for its functions only once in its life.

    Raises:
        RefusedFunction: the platform would refuse it, or this host has nothing to feed it with.
    """
    if app not in _indexed:
        try:
            functions: Sequence[Function] = app.get_functions()
        except ValueError as error:
            raise RefusedFunction("(any)", str(error)) from error
        found = (_index_one(function) for function in functions)
        _indexed[app] = tuple(sorted(found, key=lambda each: each.name.lower()))
    return _indexed[app]


def _index_one(function: Function) -> Indexed:
    name = str(function.get_function_name())
    call = function.get_user_function()
    trigger = function.get_trigger()
    if trigger is None or trigger.type not in TRIGGERS:
        raise RefusedFunction(name, f"this host has no trigger {getattr(trigger, 'type', None)}")
    annotations = _annotations(name, call)
    needs_context = _check_parameters(name, call, annotations, function.get_bindings())
    _check_trigger_type(name, trigger, annotations)
    if any(binding.name == RETURN for binding in function.get_bindings()):
        _check_return_type(name, annotations)
    return Indexed(
        name=name,
        call=call,
        is_async=inspect.iscoroutinefunction(call),
        argument=str(trigger.name),
        needs_context=needs_context,
        directory=Path(inspect.getfile(call)).parent,
        trigger=trigger,
        retry=function.get_settings_dict("retry_policy"),
    )


def _annotations(name: str, call: Callable[..., object]) -> Annotations:
    try:
        return typing.get_type_hints(call)
    except (NameError, TypeError, AttributeError) as error:
        raise RefusedFunction(name, f"an annotation does not resolve: {error}") from error


def _check_parameters(
    name: str, call: Callable[..., object], annotations: Annotations, bindings: Sequence[Binding]
) -> bool:
    """Compare parameters with bindings; tell whether the function takes a context."""
    bound = {binding.name: binding.type for binding in bindings if binding.name != RETURN}
    foreign = {each for each, kind in bound.items() if kind not in TRIGGERS}
    if foreign:
        raise RefusedFunction(name, f"this host feeds triggers only, not the bindings {foreign}")
    parameters = set(inspect.signature(call).parameters)
    needs_context = "context" in parameters - set(bound)
    if needs_context:
        _check_context(name, annotations)
        parameters.remove("context")
    if unbound := parameters - set(bound):
        raise RefusedFunction(name, f"no trigger or binding fills the parameters {unbound}")
    if missing := set(bound) - parameters:
        raise RefusedFunction(name, f"the arg_name {missing} is no parameter of the function")
    return needs_context


def _check_context(name: str, annotations: Annotations) -> None:
    found = annotations.get("context", func.Context)
    if getattr(found, "__name__", "") != "Context":
        raise RefusedFunction(name, "the parameter context is a func.Context or not annotated")


def _check_trigger_type(name: str, trigger: Trigger, annotations: Annotations) -> None:
    found = annotations.get(trigger.name)
    if found is None:
        return
    if not isinstance(found, type) and not _is_typing_generic(found):
        raise RefusedFunction(
            name, f"{found!r} is not a type to the platform; typing.List[...] would be"
        )
    converter: _InConverter = func.get_binding_registry().get(trigger.type)
    if not converter.check_input_type_annotation(found):
        shown = getattr(found, "__name__", repr(found))
        raise RefusedFunction(name, f"a {trigger.type} cannot be given as {shown}")
    is_many = str(getattr(trigger, "cardinality", None) or "one").lower().endswith("many")
    if trigger.type == SERVICE_BUS and is_many is isinstance(found, type):
        raise RefusedFunction(name, "cardinality many goes with typing.List, one without")


def _is_typing_generic(annotation: object) -> bool:
    """Tell `typing.List[X]` from `list[X]` and unions, as the platform does."""
    is_alias = type(annotation).__module__ == "typing" and hasattr(annotation, "__origin__")
    return is_alias and typing.get_origin(annotation) is not typing.Union


def _check_return_type(name: str, annotations: Annotations) -> None:
    if "return" not in annotations:
        return
    found = annotations["return"]
    converter: _OutConverter = func.get_binding_registry().get("http")
    if not isinstance(found, type) or not converter.check_output_type_annotation(found):
        raise RefusedFunction(name, f"an HTTP function returns func.HttpResponse, not {found!r}")
