"""Which function answers a path: a tree of segments, searched by ASP.NET's precedence.

Azure itself matches functions in the order of their names (azure-functions-host 3153 and 9876), so
that `a_one` on `orders/{id}` would hide `b_list` on `orders/recent`. An app whose answer depends
on that order is refused here, and both hosts answer alike.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Final, TypeAlias

from local.host.index import HTTP, Indexed, RefusedFunction
from local.host.templates import Segment, WrongTemplate, parse_template

METHODS: Final = ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE")

Values: TypeAlias = dict[str, str]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An HTTP function with its template and methods."""

    function: Indexed
    segments: tuple[Segment, ...]
    methods: tuple[str, ...]
    names: tuple[str, ...]


@dataclass(slots=True)
class _Node:
    literals: dict[str, "_Node"] = field(default_factory=dict)
    others: list[tuple[Segment, "_Node"]] = field(default_factory=list)
    ends: dict[str, Endpoint] = field(default_factory=dict)


@dataclass(slots=True)
class Search:
    """One look-up; `allowed` gathers the methods of what the path alone would have found."""

    method: str
    parts: Sequence[str]
    values: list[str] = field(default_factory=list)
    allowed: set[str] = field(default_factory=set)


class Router:
    """Finds the endpoint of a path below the route prefix.

    Raises:
        RefusedFunction: a template is wrong, or two functions would take the same path.
    """

    def __init__(self, functions: Iterable[Indexed]) -> None:
        endpoints = [_endpoint(each) for each in functions if each.kind == HTTP]
        for number, one in enumerate(endpoints):
            for other in endpoints[number + 1 :]:
                _refuse_if_hidden(one, other)
        self._root = _Node()
        for endpoint in endpoints:
            _plant(self._root, endpoint)
        _sort(self._root)

    def find(self, method: str, parts: Sequence[str]) -> tuple[Endpoint | None, Values, set[str]]:
        """Return the endpoint with the parameters' values, or the methods that there are.

        `parts` are the decoded segments of the path. A HEAD is answered by the GET.
        """
        search = Search(method, parts)
        endpoint = _walk(self._root, 0, search)
        if endpoint is None and method == "HEAD":
            search = Search("GET", parts)
            endpoint = _walk(self._root, 0, search)
        if endpoint is None:
            return None, {}, search.allowed
        return endpoint, dict(zip(endpoint.names, search.values, strict=False)), set()


def _walk(node: _Node, at: int, search: Search) -> Endpoint | None:
    if at == len(search.parts):
        search.allowed.update(node.ends)
        return node.ends.get(search.method)
    part = search.parts[at]
    below = node.literals.get(part.lower())
    if below is not None and (found := _walk(below, at + 1, search)) is not None:
        return found
    for segment, below in node.others:
        is_rest = segment.is_rest
        values = segment.match("/".join(search.parts[at:]) if is_rest else part)
        if values is None:
            continue
        search.values.extend(values)
        found = _walk(below, len(search.parts) if is_rest else at + 1, search)
        if found is not None:
            return found
        del search.values[len(search.values) - len(values) :]
    return None


def _plant(root: _Node, endpoint: Endpoint) -> None:
    node = root
    for segment in endpoint.segments:
        if segment.is_optional:
            _end(node, endpoint)
        node = _below(node, segment)
    _end(node, endpoint)


def _end(node: _Node, endpoint: Endpoint) -> None:
    for method in endpoint.methods:
        node.ends.setdefault(method, endpoint)


def _below(node: _Node, segment: Segment) -> _Node:
    if not segment.names:
        return node.literals.setdefault(segment.text, _Node())
    for known, below in node.others:
        if known.text == segment.text:
            return below
    below = _Node()
    node.others.append((segment, below))
    return below


def _sort(node: _Node) -> None:
    node.others.sort(key=lambda each: each[0].rank)
    for below in (*node.literals.values(), *(below for _, below in node.others)):
        _sort(below)


def _endpoint(function: Indexed) -> Endpoint:
    route = function.setting("route") or function.name
    try:
        segments = parse_template(route)
    except WrongTemplate as error:
        raise RefusedFunction(function.name, str(error)) from error
    names = tuple(name for segment in segments for name in segment.names)
    return Endpoint(function, segments, _methods(function), names)


def _methods(function: Indexed) -> tuple[str, ...]:
    found = getattr(function.trigger, "methods", None)
    if not found:
        return METHODS
    return tuple(str(getattr(method, "value", method)).upper() for method in found)


def _refuse_if_hidden(first: Endpoint, second: Endpoint) -> None:
    """`first` comes first on the platform, by its name."""
    if not set(first.methods) & set(second.methods) or not _overlap(first, second):
        return
    ranks = [tuple(segment.rank for segment in each.segments) for each in (first, second)]
    if ranks[0] < ranks[1]:
        return
    raise RefusedFunction(
        second.function.name,
        f"{_shown(first)} of {first.function.name} takes paths of {_shown(second)}: Azure matches"
        " functions in the order of their names, so rename one of them",
    )


def _shown(endpoint: Endpoint) -> str:
    return "/".join(segment.text for segment in endpoint.segments)


def _overlap(first: Endpoint, second: Endpoint) -> bool:
    """Tell whether some path fits both; when in doubt about two parameters, yes."""
    for one, other in zip_longest(first.segments, second.segments):
        if (one is not None and one.is_rest) or (other is not None and other.is_rest):
            return True
        if one is None or other is None:
            present = one or other
            return present is not None and present.is_optional
        if not _fit(one, other):
            return False
    return True


def _fit(one: Segment, other: Segment) -> bool:
    if not one.names and not other.names:
        return one.text == other.text
    if not one.names:
        return other.match(one.text) is not None
    if not other.names:
        return one.match(other.text) is not None
    return _ends_fit(one, other)


def _ends_fit(one: Segment, other: Segment) -> bool:
    """Tell whether what stands before and behind the parameters lets one text fit both."""
    heads = sorted((_head(one.text), _head(other.text)), key=len)
    tails = sorted((_tail(one.text), _tail(other.text)), key=len)
    return heads[1].startswith(heads[0]) and tails[1].endswith(tails[0])


def _head(text: str) -> str:
    return text[: text.index("{")].lower()


def _tail(text: str) -> str:
    return text[text.rindex("}") + 1 :].lower()


def allowed_header(methods: Iterable[str]) -> str:
    """Return the value of an Allow header: the methods, and HEAD where there is a GET."""
    found = set(methods)
    return ", ".join(sorted(found | ({"HEAD"} if "GET" in found else set())))
