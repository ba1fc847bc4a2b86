"""The compiled filters against a naive evaluator, over random filters and messages."""

from collections.abc import Callable
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.adapters.embedded.bus_filter_logic import like_pattern
from shared.adapters.embedded.bus_filters import compile_sql
from shared.kernel.bus import Property
from tests.unit.bus.samples import a_message

Tree = tuple[Any, ...]

NAMES: Final = ("a", "b", "Mixed_Case", "with space")
VALUES: Final = st.one_of(
    st.text("ab%_'.", max_size=4),
    st.integers(-3, 3),
    st.sampled_from([0.5, -1.5, 2.0]),
    st.booleans(),
)
OPERANDS: Final = st.one_of(
    st.tuples(st.just("property"), st.sampled_from(NAMES)),
    st.tuples(st.just("value"), VALUES),
    st.just(("value", None)),
    st.just(("label",)),
)
PROPERTIES: Final = st.tuples(st.just("property"), st.sampled_from(NAMES))
COMPARISONS: Final = st.sampled_from(["=", "<>", "!=", "<", "<=", ">", ">="])
LEAVES: Final = st.one_of(
    st.tuples(st.just("compare"), COMPARISONS, OPERANDS, OPERANDS),
    st.tuples(st.just("in"), st.booleans(), OPERANDS, st.lists(OPERANDS, min_size=1, max_size=3)),
    st.tuples(st.just("like"), st.booleans(), OPERANDS, OPERANDS),
    st.tuples(st.just("null"), st.booleans(), PROPERTIES),
    st.tuples(st.just("exists"), PROPERTIES),
)
TREES: Final = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["and", "or"]), inner, inner), st.tuples(st.just("not"), inner)
    ),
    max_leaves=6,
)


# -- writing a filter down -----------------------------------------------------------------------


def operand_text(node: Tree) -> str:
    if node[0] == "label":
        return "sys.Label"
    if node[0] == "property":
        return f"[{node[1]}]" if " " in node[1] else str(node[1]).upper()
    if node[1] is None:
        return "NULL"
    if isinstance(node[1], str):
        return "'" + node[1].replace("'", "''") + "'"
    return str(node[1]).upper()


def negation(is_negated: bool) -> str:
    return "NOT " if is_negated else ""


TEXTS: Final[dict[str, Callable[..., str]]] = {
    "and": lambda left, right: f"({text_of(left)}) AND ({text_of(right)})",
    "or": lambda left, right: f"({text_of(left)}) OR ({text_of(right)})",
    "not": lambda inner: f"NOT ({text_of(inner)})",
    "compare": lambda sign, left, right: f"{operand_text(left)} {sign} {operand_text(right)}",
    "in": lambda is_negated, left, items: (
        f"{operand_text(left)} {negation(is_negated)}IN ({', '.join(map(operand_text, items))})"
    ),
    "like": lambda is_negated, left, right: (
        f"{operand_text(left)} {negation(is_negated)}LIKE {operand_text(right)}"
    ),
    "null": lambda is_negated, left: f"{operand_text(left)} IS {negation(is_negated)}NULL",
    "exists": lambda left: f"EXISTS({operand_text(left)})",
}


def text_of(node: Tree) -> str:
    return TEXTS[node[0]](*node[1:])


# -- the naive evaluator: three values as 0, 1/2 and 1 -------------------------------------------

Message = dict[str, Property | None]


def value_of(node: Tree, message: Message) -> Property | None:
    if node[0] == "value":
        found: Property | None = node[1]
        return found
    return message.get("sys.Label" if node[0] == "label" else node[1])


def kind_of(value: Property) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "text" if isinstance(value, str) else "number"


def compared(sign: str, left: Any, right: Any) -> float:
    if left is None or right is None or kind_of(left) != kind_of(right):
        return 0.5
    if sign in {"=", "<>", "!="}:
        return float((left == right) is (sign == "="))
    if kind_of(left) == "boolean":
        return 0.5
    below, same = left < right, left == right
    return float({"<": below, "<=": below or same, ">": not (below or same), ">=": not below}[sign])


def is_like(text: str, pattern: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "%":
        return any(is_like(text[i:], pattern[1:]) for i in range(len(text) + 1))
    return bool(text) and pattern[0] in {"_", text[0]} and is_like(text[1:], pattern[1:])


def liked(left: object, right: object) -> float:
    if not isinstance(left, str) or not isinstance(right, str):
        return 0.5
    return float(is_like(left, right))


def flipped(is_negated: bool, found: float) -> float:
    return 1 - found if is_negated else found


TRUTHS: Final[dict[str, Callable[..., float]]] = {
    "and": lambda m, left, right: min(truth(left, m), truth(right, m)),
    "or": lambda m, left, right: max(truth(left, m), truth(right, m)),
    "not": lambda m, inner: 1 - truth(inner, m),
    "compare": lambda m, sign, left, right: compared(sign, value_of(left, m), value_of(right, m)),
    "in": lambda m, is_negated, left, items: flipped(
        is_negated, max(compared("=", value_of(left, m), value_of(item, m)) for item in items)
    ),
    "like": lambda m, is_negated, left, right: flipped(
        is_negated, liked(value_of(left, m), value_of(right, m))
    ),
    "null": lambda m, is_negated, left: flipped(is_negated, float(value_of(left, m) is None)),
    "exists": lambda m, left: float(value_of(left, m) is not None),
}


def truth(node: Tree, message: Message) -> float:
    return TRUTHS[node[0]](message, *node[1:])


@settings(max_examples=400, deadline=None)
@given(
    TREES,
    st.dictionaries(st.sampled_from(NAMES), VALUES),
    st.one_of(st.none(), st.text("ab._%", max_size=4)),
)
def test_a_filter_means_what_the_naive_evaluator_says(
    tree: Tree, properties: dict[str, Property], label: str | None
) -> None:
    answer = compile_sql(text_of(tree))(a_message(label, **properties))
    wanted = truth(tree, {**properties, "sys.Label": label})
    assert (0.5 if answer is None else float(answer)) == wanted


@settings(max_examples=400, deadline=None)
@given(st.text("ab%_", max_size=8), st.text("ab%_\n", max_size=10))
def test_a_pattern_matches_what_trying_everything_matches(pattern: str, text: str) -> None:
    assert (like_pattern(pattern).fullmatch(text) is not None) is is_like(text, pattern)


@settings(max_examples=200, deadline=None)
@given(st.text("ab%_!", max_size=8))
def test_an_escaped_text_matches_itself_only(text: str) -> None:
    escaped = "".join(f"!{each}" if each in "%_!" else each for each in text)
    pattern = like_pattern(escaped, "!")
    assert pattern.fullmatch(text)
    assert not pattern.fullmatch(text + "a")
    assert not pattern.fullmatch("b" + text)


def test_many_wildcards_stay_linear() -> None:
    assert like_pattern("%a" * 500 + "%b").fullmatch("a" * 20_000) is None
