"""OpenAPI 3.1 of all declared routes; the models' JSON Schemas are pydantic's own (2020-12)."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from functions._edge_problems import CONTENT_TYPE
from functions._edge_routes import Route

REFERENCE: Final = "#/components/schemas/{model}"
PROBLEM: Final = "Problem"
_PARAMETER: Final = re.compile(r"\{([a-z_]+)[^}]*\}")
_PROBLEM_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "description": "RFC 9457; `code` is stable.",
    "required": ["type", "title", "status", "detail", "instance", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "code": {"type": "string"},
        "facts": {"type": "object"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer (RFC 6901)"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}


def describe(routes: Iterable[Route], version: str) -> dict[str, Any]:
    """Return the description of these routes, the same for the same code."""
    ordered = sorted(routes, key=lambda route: (route.path, route.method))
    names, schemas = _schemas(ordered)
    paths: dict[str, dict[str, Any]] = {}
    for route in ordered:
        path = "/api" + _PARAMETER.sub(r"{\1}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, names)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Orderloom",
            "version": version,
            "description": "Distributed order management. Errors are RFC 9457 documents; times"
            " are RFC 3339; money is minor units with an ISO 4217 code.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"apiKey": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"apiKey": {"type": "http", "scheme": "bearer"}},
            "schemas": {**schemas, PROBLEM: _PROBLEM_SCHEMA},
        },
    }


Names = Mapping[tuple[Any, JsonSchemaMode], dict[str, Any]]


def _schemas(routes: Iterable[Route]) -> tuple[Names, dict[str, Any]]:
    wanted: dict[tuple[Any, JsonSchemaMode], None] = {}
    for route in routes:
        if _is_model(taken := route.partial or route.body):
            wanted[taken, "validation"] = None
        if _is_model(route.answer):
            wanted[route.answer, "serialization"] = None
    names, definitions = models_json_schema(list(wanted), ref_template=REFERENCE)
    found: dict[str, Any] = definitions.get("$defs", {})
    return names, dict(sorted(found.items()))


def _is_model(candidate: object) -> bool:
    return isinstance(candidate, type) and issubclass(candidate, BaseModel)


def _operation(route: Route, names: Names) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.function,
        "tags": [route.tag],
        "summary": route.summary,
        "x-permission": route.operation,
        "parameters": list(_parameters(route)),
        "responses": _responses(route, names),
    }
    if route.body is not None or route.partial is not None:
        content = {"application/json": {"schema": _body(route, names)}}
        operation["requestBody"] = {"required": True, "content": content}
    if route.public:
        operation["security"] = []
    return operation


def _body(route: Route, names: Names) -> dict[str, Any]:
    if route.partial is not None:
        reference = names[route.partial, "validation"]
        return {
            "type": "object",
            "description": "A JSON merge patch (RFC 7396) of the referenced model: any of its"
            " fields, null for the default.",
            "x-patch-of": reference["$ref"],
        }
    return names[route.body, "validation"] if _is_model(route.body) else {}


def _parameters(route: Route) -> Iterable[dict[str, Any]]:
    for name in _PARAMETER.findall(route.path):
        yield _parameter("path", name, "", required=True)
    for name, meaning in route.parameters.items():
        yield _parameter("query", name, meaning)
    if route.creates:
        meaning = "the same key and body give the same answer for 24 hours"
        yield _parameter("header", "Idempotency-Key", meaning, required=True)
    if route.if_match:
        yield _parameter("header", "If-Match", "the ETag that was read", required=True)


def _parameter(where: str, name: str, meaning: str, *, required: bool = False) -> dict[str, Any]:
    parameter: dict[str, Any] = {"name": name, "in": where, "schema": {"type": "string"}}
    if meaning:
        parameter["description"] = meaning
    if required:
        parameter["required"] = True
    if name == "limit":
        parameter["schema"] = {"type": "integer", "minimum": 1, "maximum": 1_000}
    return parameter


def _responses(route: Route, names: Names) -> dict[str, Any]:
    success: dict[str, Any] = {"description": route.summary or "done"}
    if route.status != 204:
        success["content"] = {route.media: {"schema": _answer(route, names)}}
    problem = {"schema": {"$ref": REFERENCE.format(model=PROBLEM)}}
    refused = {"description": "refused", "content": {CONTENT_TYPE: problem}}
    failed = {"description": "failed; try again", "content": {CONTENT_TYPE: problem}}
    return {str(route.status): success, "4XX": refused, "5XX": failed}


def _answer(route: Route, names: Names) -> dict[str, Any]:
    one = names[route.answer, "serialization"] if _is_model(route.answer) else {}
    if not route.many:
        return one
    return {
        "type": "object",
        "required": ["items", "next_cursor"],
        "properties": {
            "items": {"type": "array", "items": one},
            "next_cursor": {"type": ["string", "null"]},
        },
    }
