"""What subscription filters do: three-valued logic over a message's properties.

A filter answers True, False or None (unknown); only True delivers. Unknown follows the
documentation: a missing property makes a comparison, LIKE and IN unknown; AND, OR and NOT combine
in three values; IS NULL and EXISTS are never unknown. Names of properties ignore case.

Operands of different kinds (text, number, boolean) and an order between booleans are an error in
the broker, which then does not deliver; here the comparison is unknown.

Source: learn.microsoft.com, "Subscription Rule SQL Filter Syntax".
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from shared.kernel.bus import Message, Property

Value: TypeAlias = Property | None
Filter: TypeAlias = Callable[[Message], bool | None]
Operand: TypeAlias = Callable[[Message], Value]
Comparison: TypeAlias = Callable[[Property, Property], bool]

# What the port's messages do not carry is never set: unknown, not an error.
SYSTEM: Final[Mapping[str, Operand]] = {
    "label": lambda message: message.subject,
    "messageid": lambda message: message.message_id,
    "correlationid": lambda message: message.correlation_id,
    "sessionid": lambda message: message.session_id,
    "contenttype": lambda message: message.content_type,
    "to": lambda _message: None,
    "replyto": lambda _message: None,
    "replytosessionid": lambda _message: None,
}
COMPARISONS: Final[Mapping[str, Comparison]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
KINDS: Final[Mapping[type, str]] = {str: "text", bool: "boolean", int: "number", float: "number"}


@dataclass(frozen=True, slots=True)
class Constant:
    """An operand that is written in the filter."""

    value: Value

    def __call__(self, _message: Message) -> Value:
        return self.value


def of_user(name: str) -> Operand:
    lowered = name.lower()

    def value(message: Message) -> Value:
        found = message.properties.get(name)
        if found is None:
            for key, candidate in message.properties.items():
                if key.lower() == lowered:
                    return candidate
        return found

    return value


def any_of(tests: Sequence[Filter]) -> Filter:
    def test(message: Message) -> bool | None:
        found: bool | None = False
        for each in tests:
            answer = each(message)
            if answer:
                return True
            found = None if answer is None else found
        return found

    return test


def all_of(tests: Sequence[Filter]) -> Filter:
    def test(message: Message) -> bool | None:
        found: bool | None = True
        for each in tests:
            answer = each(message)
            if answer is False:
                return False
            found = None if answer is None else found
        return found

    return test


def negated(test: Filter) -> Filter:
    def opposite(message: Message) -> bool | None:
        answer = test(message)
        return None if answer is None else not answer

    return opposite


def _compare(compare: Comparison, left: Value, right: Value) -> bool | None:
    if left is None or right is None or KINDS[type(left)] != KINDS[type(right)]:
        return None
    if isinstance(left, bool) and compare not in {operator.eq, operator.ne}:
        return None
    return compare(left, right)


def equal(left: Value, right: Value) -> bool | None:
    return _compare(operator.eq, left, right)


def compared(left: Operand, compare: Comparison, right: Operand) -> Filter:
    return lambda message: _compare(compare, left(message), right(message))


def contained(left: Operand, items: Sequence[Operand]) -> Filter:
    """Return IN: = joined by OR, so that an unknown item makes a miss unknown."""
    constants = [item.value for item in items if isinstance(item, Constant)]
    if len(constants) == len(items) and all(isinstance(value, str) for value in constants):
        return _among(left, frozenset(constants))
    return any_of([compared(left, operator.eq, item) for item in items])


def _among(left: Operand, texts: frozenset[Value]) -> Filter:
    def test(message: Message) -> bool | None:
        value = left(message)
        return value in texts if isinstance(value, str) else None

    return test


def liked(left: Operand, pattern: Operand, escape: Operand | None) -> Filter:
    def test(message: Message) -> bool | None:
        text, wanted = left(message), pattern(message)
        mark = "" if escape is None else escape(message)
        if not (isinstance(text, str) and isinstance(wanted, str) and isinstance(mark, str)):
            return None
        if escape is not None and len(mark) != 1:
            return None
        return like_pattern(wanted, mark).fullmatch(text) is not None

    return test


@lru_cache(maxsize=256)
def like_pattern(pattern: str, escape: str = "") -> re.Pattern[str]:
    """Return the expression of a LIKE pattern: % any run, _ any one character.

    Each run takes the first place that fits and never gives it back, so that a pattern with many %
    stays linear in the text.
    """
    parts, is_escaped = [""], False
    for character in pattern:
        if is_escaped or character not in {escape, "%", "_"}:
            parts[-1] += re.escape(character)
            is_escaped = False
        elif character == escape:
            is_escaped = True
        elif character == "_":
            parts[-1] += "."
        else:
            parts.append("")
    if len(parts) == 1:
        return re.compile(parts[0], re.DOTALL)
    inner = "".join(f"(?>.*?{part})" for part in parts[1:-1] if part)
    return re.compile(f"{parts[0]}{inner}.*{parts[-1]}", re.DOTALL)
