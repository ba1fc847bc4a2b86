"""Problem documents (RFC 9457): what every refusal, failure and fault looks like from outside."""

import json
from typing import Any, Final

from shared.kernel.errors import Invalid, Outside, Refused, TooManyRequests, Unauthenticated

BASE: Final = "urn:orderloom:problem:"
CONTENT_TYPE: Final = "application/problem+json"
UNAVAILABLE_AFTER_S: Final = 1


def status_of(error: Exception) -> int:
    """Return the HTTP status of what went wrong; anything unexpected is a 500."""
    match error:
        case Refused():
            return error.status
        case Outside():
            return 503
        case _:
            return 500


def code_of(error: Exception) -> str:
    """Return the stable code of what went wrong."""
    match error:
        case Refused():
            return error.code
        case Outside():
            return "unavailable"
        case _:
            return "internal"


def headers_of(error: Exception) -> dict[str, str]:
    """Return what a client needs beside the document."""
    match error:
        case Unauthenticated():
            return {"WWW-Authenticate": 'Bearer realm="orderloom"'}
        case TooManyRequests():
            return {"Retry-After": str(error.retry_after_s)}
        case Outside():
            return {"Retry-After": str(UNAVAILABLE_AFTER_S)}
        case _:
            return {}


def problem_of(error: Exception, instance: str) -> bytes:
    """Return the document: type, title, status, detail, instance, code; faults or facts with them.

    Of failures and faults nothing is told but that they happened: the correlation id in `instance`
    finds the rest in the log.
    """
    document: dict[str, Any] = {
        "type": BASE + code_of(error),
        "title": _title(error),
        "status": status_of(error),
        "detail": _detail(error),
        "instance": instance,
        "code": code_of(error),
    }
    if isinstance(error, Invalid):
        document["errors"] = [
            {"pointer": fault.pointer, "code": fault.code, "detail": fault.detail}
            for fault in error.faults
        ]
    elif isinstance(error, Refused) and (facts := _facts(error)):
        document["facts"] = facts
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def _title(error: Exception) -> str:
    if isinstance(error, Refused):
        return type(error).__name__
    return "Unavailable" if isinstance(error, Outside) else "Internal"


def _detail(error: Exception) -> str:
    match error:
        case Invalid():
            return f"{len(error.faults)} fault(s), listed in errors"
        case Refused():
            return str(error)
        case Outside():
            return "something that this needs is busy or away; the same request may succeed later"
        case _:
            return "a fault of ours; the log has it under the correlation id"


def _facts(error: Refused) -> dict[str, Any]:
    """Return a refusal's attributes: numbers, words and lists of words."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in vars(error).items()
        if not name.startswith("_") and _is_fact(value)
    }


def _is_fact(value: object) -> bool:
    if isinstance(value, tuple):
        return all(isinstance(item, str | int) for item in value)
    return isinstance(value, str | int)
