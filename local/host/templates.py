"""Route templates in ASP.NET's grammar, which Azure matches paths with.

A segment is a literal, a parameter `{id}` or `{id:int}`, a mixture such as `{id}:cancel` (outside
the braces a colon is a character like any other), or, last, a catch-all `{*rest}`. Only the last
parameter may be optional, `{id?}`. Literals match whatever their case.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias

Accepts: TypeAlias = Callable[[str], bool]

_PARAMETER: Final = re.compile(
    r"\{(\*{0,2})([A-Za-z_][A-Za-z0-9_-]*)((?::(?:[^{}]|\{\{|\}\})+)?)(\??)\}"
)
_CONSTRAINT: Final = re.compile(r":([a-z]+)(?:\((.*?)\))?(?=:|$)", re.ASCII)
_GUID: Final = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}", re.ASCII | re.IGNORECASE
)
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)
_ALPHA: Final = re.compile(r"[A-Za-z]*", re.ASCII)


class WrongTemplate(ValueError):
    """A route template that ASP.NET would refuse, or that this host cannot match."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of a template between slashes.

    Attributes:
        text: as written.
        names: of its parameters, in order; none in a literal.
        pattern: matches a segment of a path; one group a parameter.
        accepts: the constraints of the parameters, in order.
        is_plain: it is one parameter and nothing else.
        is_rest: it takes all further segments.
        is_optional: it may be missing.
    """

    text: str
    names: tuple[str, ...] = ()
    pattern: "re.Pattern[str] | None" = None
    accepts: tuple[tuple[Accepts, ...], ...] = ()
    is_plain: bool = False
    is_rest: bool = False
    is_optional: bool = False

    @property
    def rank(self) -> int:
        """ASP.NET's precedence: literal, mixed or constrained, plain, catch-all."""
        if not self.names:
            return 1
        is_constrained = any(self.accepts)
        if self.is_rest:
            return 4 if is_constrained else 5
        return 2 if is_constrained or not self.is_plain else 3

    def match(self, part: str) -> tuple[str, ...] | None:
        """Return the values of the parameters, or None when a part of a path does not fit."""
        found = None if self.pattern is None else self.pattern.fullmatch(part)
        if found is None:
            return None
        values = found.groups()
        for value, constraints in zip(values, self.accepts, strict=True):
            if not all(accepts(value) for accepts in constraints):
                return None
        return values


def parse_template(template: str) -> tuple[Segment, ...]:
    """Read a route template.

    Raises:
        WrongTemplate: a fault of grammar, a repeated parameter or an unknown constraint.
    """
    if template.startswith(("/", "~")) or "//" in template or "?" in _PARAMETER.sub("", template):
        raise WrongTemplate(f"{template!r} begins with / or ~, or holds // or ?")
    parts = [part for part in template.split("/") if part]
    segments = tuple(_segment(part) for part in parts)
    names = [name.lower() for segment in segments for name in segment.names]
    if len(names) != len(set(names)):
        raise WrongTemplate(f"{template!r} names a parameter twice")
    if any(segment.is_rest or segment.is_optional for segment in segments[:-1]):
        raise WrongTemplate(f"{template!r}: only the last parameter may be optional or a catch-all")
    return segments


def _segment(part: str) -> Segment:
    found = list(_PARAMETER.finditer(part))
    rest = _PARAMETER.sub("", part)
    if "{" in rest.replace("{{", "") or "}" in rest.replace("}}", ""):
        raise WrongTemplate(f"{part!r} has a brace too many or too few")
    if not found:
        return Segment(_unescaped(part).lower())
    is_plain = len(found) == 1 and found[0].span() == (0, len(part))
    stars, optional = any(m[1] for m in found), any(m[4] for m in found)
    if (stars or optional) and not is_plain:
        raise WrongTemplate(f"{part!r}: a catch-all or optional parameter stands alone")
    if any(one.end() == other.start() for one, other in pairwise(found)):
        raise WrongTemplate(f"{part!r}: two parameters need a literal between them")
    return Segment(
        text=part,
        names=tuple(m[2] for m in found),
        pattern=_pattern(part, found),
        accepts=tuple(_constraints(m[3]) for m in found),
        is_plain=is_plain,
        is_rest=stars,
        is_optional=optional or stars,
    )


def _pattern(part: str, found: list["re.Match[str]"]) -> "re.Pattern[str]":
    text, at = "", 0
    for parameter in found:
        text += re.escape(_unescaped(part[at : parameter.start()])) + "(.+)"
        at = parameter.end()
    return re.compile(text + re.escape(_unescaped(part[at:])), re.IGNORECASE | re.DOTALL)


def _unescaped(literal: str) -> str:
    return literal.replace("{{", "{").replace("}}", "}")


def _constraints(text: str) -> tuple[Accepts, ...]:
    found: list[Accepts] = []
    at = 0
    while at < len(text):
        one = _CONSTRAINT.match(text, at)
        if one is None:
            raise WrongTemplate(f"{text!r} is not a constraint that this host knows")
        found.append(_constraint(one[1], one[2]))
        at = one.end()
    return tuple(found)


def _constraint(name: str, argument: str | None) -> Accepts:
    if argument is None:
        simple: dict[str, Accepts] = {
            "int": _is_within(-(2**31), 2**31 - 1),
            "long": _is_within(-(2**63), 2**63 - 1),
            "guid": lambda value: _GUID.fullmatch(value) is not None,
            "alpha": lambda value: _ALPHA.fullmatch(value) is not None,
            "bool": lambda value: value.lower() in {"true", "false"},
        }
        if name in simple:
            return simple[name]
        raise WrongTemplate(f"{name!r} is not a constraint that this host knows")
    if name == "regex":
        pattern = re.compile(_unescaped(argument), re.IGNORECASE)
        return lambda value: pattern.search(value) is not None
    return _measured(name, argument)


def _measured(name: str, argument: str) -> Accepts:
    numbers = [int(one) for one in argument.split(",") if _WHOLE.fullmatch(one.strip())]
    low, high = (numbers[0], numbers[-1]) if numbers else (0, 0)
    match name, len(numbers):
        case "length", 1 | 2:
            return lambda value: low <= len(value) <= high
        case "minlength", 1:
            return lambda value: len(value) >= low
        case "maxlength", 1:
            return lambda value: len(value) <= high
        case "min", 1:
            return _is_within(low, 2**63 - 1)
        case "max", 1:
            return _is_within(-(2**63), high)
        case "range", 2:
            return _is_within(low, high)
        case _:
            raise WrongTemplate(f"{name}({argument}) is not a constraint that this host knows")


def _is_within(low: int, high: int) -> Accepts:
    return lambda value: _WHOLE.fullmatch(value) is not None and low <= int(value) <= high
