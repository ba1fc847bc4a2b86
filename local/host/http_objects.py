"""HTTP between ASGI and `azure.functions`: the very objects that the platform's converters make.

They are built directly, since a converter's way over records of records costs more than all the
rest; a test holds the result to the converter's.
"""

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias
from urllib.parse import parse_qsl, unquote

import azure.functions as func
from azure.functions.http import HttpRequest

Headers: TypeAlias = list[tuple[bytes, bytes]]

QUERY_FIELDS_MAX: Final = 200


class NotDecodable(ValueError):
    """A path or query that is not UTF-8, or has too many fields."""


def headers_of(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers with lower-case names; what came several times is joined by commas."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in raw:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


def query_of(raw: bytes) -> dict[str, str]:
    """Return the fields of a query; what came several times is joined by commas.

    Raises:
        NotDecodable: it is not UTF-8, or has more than QUERY_FIELDS_MAX fields.
    """
    if not raw:
        return {}
    fields: dict[str, str] = {}
    try:
        pairs = parse_qsl(
            raw.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=QUERY_FIELDS_MAX,
            errors="strict",
        )
    except ValueError as error:
        raise NotDecodable("the query is not UTF-8 or too long") from error
    for name, value in pairs:
        fields[name] = f"{fields[name]},{value}" if name in fields else value
    return fields


def parts_of(path: str) -> list[str]:
    """Return the decoded segments of a raw path; an escaped slash stays escaped, as on Azure.

    Raises:
        NotDecodable: it is not UTF-8.
    """
    parts = path.strip("/").split("/") if path.strip("/") else []
    if "%" not in path:
        return parts
    try:
        return [
            unquote(part.replace("%2F", "%252F").replace("%2f", "%252f"), errors="strict")
            for part in parts
        ]
    except UnicodeDecodeError as error:
        raise NotDecodable("the path is not UTF-8") from error


def request_of(
    scope: Mapping[str, object],
    method: str,
    headers: dict[str, str],
    route_params: Mapping[str, str],
    body: bytes,
) -> func.HttpRequest:
    """Return the request as a function gets it.

    Raises:
        NotDecodable: its query cannot be read.
    """
    raw_path, raw_query = scope["raw_path"], scope["query_string"]
    if not isinstance(raw_path, bytes) or not isinstance(raw_query, bytes):
        raise TypeError("an HTTP scope has its path and query as bytes")
    query = f"?{raw_query.decode('latin-1')}" if raw_query else ""
    host = headers.get("host", "localhost")
    return HttpRequest(
        method,
        f"{scope['scheme']}://{host}{raw_path.decode('ascii')}{query}",
        headers=headers,
        params=query_of(raw_query),
        route_params=route_params,
        body_type="bytes",
        body=body,
    )


def answer_of(result: object) -> tuple[int, Headers, bytes]:
    """Return status, headers and body of what a function returned.

    Raises:
        TypeError: it is neither an HttpResponse nor text.
    """
    if isinstance(result, str):
        return 200, [(b"content-type", b"text/plain; charset=utf-8")], result.encode()
    if not isinstance(result, func.HttpResponse):
        raise TypeError(f"an HTTP function returned {type(result).__name__}")
    headers: dict[bytes, bytes] = {}
    cookies: Headers = []
    for name, value in result.headers.items():
        raw_name, raw_value = name.lower().encode("latin-1"), str(value).encode("latin-1")
        if raw_name == b"set-cookie":
            cookies.append((raw_name, raw_value))
        else:
            headers[raw_name] = raw_value  # the last one counts, as in the platform's records
    if b"content-type" not in headers:
        kind = str(result.mimetype)
        charset = f"; charset={result.charset}" if kind.startswith("text/") else ""
        headers[b"content-type"] = f"{kind}{charset}".encode("latin-1")
    return int(result.status_code), [*headers.items(), *cookies], bytes(result.get_body())
