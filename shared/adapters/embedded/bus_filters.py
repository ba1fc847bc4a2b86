"""Reads subscription filters: Service Bus's SQL dialect, and correlation filters.

Arithmetic, functions and parentheses around a value are not read: a filter that needs them is
refused at start, never ignored. What the parts mean stands in `bus_filter_logic`.

Source: learn.microsoft.com, "Subscription Rule SQL Filter Syntax".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, NoReturn

from shared.adapters.embedded.bus_filter_logic import (
    COMPARISONS,
    KINDS,
    SYSTEM,
    Constant,
    Filter,
    Operand,
    Value,
    all_of,
    any_of,
    compared,
    contained,
    equal,
    liked,
    negated,
    of_user,
)
from shared.kernel.bus import Message, Property

FILTER_CHARS_MAX: Final = 1024  # the broker's limit, and the emulator's
DEPTH_MAX: Final = 32


class FilterError(ValueError):
    """A filter that cannot be read; says where."""

    def __init__(self, expression: str, position: int, why: str) -> None:
        super().__init__(f"{why} at character {position + 1} of: {expression}")
        self.position = position


_KEYWORDS: Final = frozenset(
    ["and", "or", "not", "in", "like", "escape", "is", "null", "exists", "true", "false"]
)
_TOKEN: Final = re.compile(
    r"""(?P<space>\s+)
      | (?P<text>'(?:[^']|'')*')
      | (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
      | (?P<quoted>\[(?:[^\]]|\]\])+\]|"(?:[^"]|"")+")
      | (?P<name>[^\W\d_]\w*)
      | (?P<sign><>|!=|<=|>=|[=<>(),.+-])""",
    re.VERBOSE,
)


class _Token(NamedTuple):
    kind: str  # text, number, quoted, name, keyword, sign or end
    text: str
    position: int


def compile_sql(expression: str) -> Filter:
    """Return the filter that `expression` describes.

    Raises:
        FilterError: it is not the dialect, too long or too deep; the message names the place.
    """
    if len(expression) > FILTER_CHARS_MAX:
        raise FilterError(expression[:40] + "…", 0, f"longer than {FILTER_CHARS_MAX} characters")
    return _Parser(expression).whole()


@dataclass(frozen=True, slots=True)
class Correlation:
    """Equality on system properties (lower-case names) and on the sender's own; all must hold."""

    system: Mapping[str, str]
    properties: Mapping[str, Property]

    def __call__(self, message: Message) -> bool | None:
        mine = message.properties
        return all(SYSTEM[name](message) == wanted for name, wanted in self.system.items()) and all(
            equal(mine.get(name), wanted) is True for name, wanted in self.properties.items()
        )


def correlation(system: Mapping[str, str], properties: Mapping[str, Property]) -> Correlation:
    """Return a correlation filter; the names of system properties ignore case.

    Raises:
        ValueError: there is no such system property, a value of no kind, or no condition at all.
    """
    if not all(type(wanted) in KINDS for wanted in (*system.values(), *properties.values())):
        raise ValueError("a correlation filter compares with text, numbers and true or false")
    lowered = {name.lower(): wanted for name, wanted in system.items()}
    unknown = sorted(lowered.keys() - SYSTEM.keys())
    if unknown:
        raise ValueError(f"no such system property: {', '.join(unknown)}")
    if not lowered and not properties:
        raise ValueError("a correlation filter needs a condition")
    return Correlation(lowered, dict(properties))


class _Parser:
    """Recursive descent over the tokens; every method returns the function of what it read."""

    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._tokens = self._read_tokens()
        self._index = 0
        self._depth = 0

    def whole(self) -> Filter:
        test = self._or()
        if self._now.kind != "end":
            self._fail("expected AND, OR or the end")
        return test

    def _read_tokens(self) -> list[_Token]:
        tokens: list[_Token] = []
        position = 0
        while position < len(self._expression):
            match = _TOKEN.match(self._expression, position)
            if match is None:
                raise FilterError(self._expression, position, "unreadable character")
            kind, text = str(match.lastgroup), match.group()
            if kind == "name" and text.lower() in _KEYWORDS:
                kind, text = "keyword", text.lower()
            if kind != "space":
                tokens.append(_Token(kind, text, position))
            position = match.end()
        return [*tokens, _Token("end", "", position)]

    @property
    def _now(self) -> _Token:
        return self._tokens[self._index]

    def _fail(self, why: str) -> NoReturn:
        found = self._now.text or "the end"
        raise FilterError(self._expression, self._now.position, f"{why}, found {found},")

    def _take(self, *texts: str) -> bool:
        """Step over these keywords or signs if they all come next."""
        ahead = self._tokens[self._index : self._index + len(texts)]
        found = [(t.text, t.kind in {"keyword", "sign"}) for t in ahead]
        if found != [(text, True) for text in texts]:
            return False
        self._index += len(texts)
        return True

    def _need(self, text: str) -> None:
        if not self._take(text):
            self._fail(f"expected {text.upper()}")

    def _or(self) -> Filter:
        tests = [self._and()]
        while self._take("or"):
            tests.append(self._and())
        return tests[0] if len(tests) == 1 else any_of(tests)

    def _and(self) -> Filter:
        tests = [self._not()]
        while self._take("and"):
            tests.append(self._not())
        return tests[0] if len(tests) == 1 else all_of(tests)

    def _not(self) -> Filter:
        is_negated = False
        while self._take("not"):
            is_negated = not is_negated
        test = self._primary()
        return negated(test) if is_negated else test

    def _primary(self) -> Filter:
        if self._take("("):
            self._depth += 1
            if self._depth > DEPTH_MAX:
                self._fail(f"more than {DEPTH_MAX} levels of parentheses")
            test = self._or()
            self._need(")")
            self._depth -= 1
            return test
        if self._take("exists"):
            self._need("(")
            value = self._property()
            self._need(")")
            return lambda message: value(message) is not None
        return self._comparison()

    def _comparison(self) -> Filter:
        is_property = self._now.kind in {"name", "quoted"}
        left = self._operand()
        if self._now.kind == "sign" and self._now.text in COMPARISONS:
            compare = COMPARISONS[self._now.text]
            self._index += 1
            return compared(left, compare, self._operand())
        if self._take("is"):
            is_negated = self._take("not")
            self._need("null")
            if not is_property:
                self._fail("only a property can be NULL")
            return lambda message: (left(message) is None) is not is_negated
        is_negated = self._take("not")
        if self._take("in"):
            test = contained(left, self._list())
        elif self._take("like"):
            test = self._like(left)
        else:
            self._fail("expected a comparison, IN, LIKE or IS")
        return negated(test) if is_negated else test

    def _list(self) -> list[Operand]:
        self._need("(")
        items = [self._operand()]
        while self._take(","):
            items.append(self._operand())
        self._need(")")
        return items

    def _like(self, left: Operand) -> Filter:
        pattern = self._operand()
        escape = self._operand() if self._take("escape") else None
        return liked(left, pattern, escape)

    def _operand(self) -> Operand:
        token = self._now
        if token.kind in {"name", "quoted"}:
            return self._property()
        if token.text in {"+", "-"}:
            self._index += 1
            if self._now.kind != "number":
                self._fail("a sign stands before a number only")
        value = self._constant()
        if token.text == "-" and isinstance(value, int | float):
            value = -value
        return Constant(value)

    def _constant(self) -> Value:
        token = self._now
        self._index += 1
        if token.kind == "text":
            return token.text[1:-1].replace("''", "'")
        if token.kind == "number":
            is_whole = token.text.isdigit()
            return int(token.text) if is_whole else float(token.text)
        if token.kind == "keyword" and token.text in {"true", "false", "null"}:
            return None if token.text == "null" else token.text == "true"
        self._index -= 1
        return self._fail("expected a property or a value")

    def _property(self) -> Operand:
        name, is_plain = self._name()
        if is_plain and name.lower() in {"sys", "user"} and self._take("."):
            if name.lower() == "user":
                return of_user(self._name()[0])
            place = self._now
            system = SYSTEM.get(self._name()[0].lower())
            if system is None:
                why = f"no such system property: sys.{place.text},"
                raise FilterError(self._expression, place.position, why)
            return system
        if self._now.text == "(" and is_plain:
            self._fail(f"the function {name} is not supported")
        return of_user(name)

    def _name(self) -> tuple[str, bool]:
        token = self._now
        if token.kind not in {"name", "quoted", "keyword"}:
            self._fail("expected the name of a property")
        if token.kind == "keyword":
            self._fail("expected the name of a property (a keyword needs brackets)")
        self._index += 1
        if token.kind == "name":
            return token.text, True
        closing = token.text[-1]
        return token.text[1:-1].replace(closing * 2, closing), False
