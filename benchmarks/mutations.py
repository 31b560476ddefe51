"""Which changes `benchmarks.mutants` makes: those of Cosmic Ray that a test could notice."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

OPERATORS = (
    "AddNot", "ExceptionReplacer", "NumberReplacer", "RemoveDecorator", "ReplaceAndWithOr",
    "ReplaceOrWithAnd", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak", "ZeroIterationForLoop", "ReplaceUnaryOperator_Delete_Not",
    "ReplaceUnaryOperator_Delete_USub", "ReplaceUnaryOperator_Delete_Invert",
    *(f"ReplaceBinaryOperator_{pair}" for pair in (
        "Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "FloorDiv_Mul", "Mod_Mul", "Pow_Mul",
        "BitAnd_BitOr", "BitOr_BitAnd", "LShift_RShift", "RShift_LShift",
    )),
    *(f"ReplaceComparisonOperator_{pair}" for pair in (
        "Eq_NotEq", "NotEq_Eq", "Is_IsNot", "IsNot_Is", "Lt_LtE", "Lt_GtE", "LtE_Lt", "LtE_Gt",
        "Gt_GtE", "Gt_LtE", "GtE_Gt", "GtE_Lt",
    )),
)  # fmt: skip
"""Of Cosmic Ray's operators. Of its eleven replacements of an arithmetic operator one is taken, of
its comparisons the neighbour and the opposite: the others are noticed sooner."""


@dataclass(frozen=True)
class Allowed:
    """A line on which changes are not made, because none of them is a fault.

    Attributes:
        module: Where it stands.
        line: A part of its text.
        reason: Why no test has to notice.
        operators: What is not done there; a start of the operator's name, empty: everything.
    """

    module: str
    line: str
    reason: str
    operators: str = ""


SIZE = "how much is done at a time: only speed and memory change"
LOOKS = "how a figure looks: a matter of taste"
ALLOWED = (
    Allowed("selection/knapsack", "_FIRST_CORE = ", SIZE),
    Allowed("selection/knapsack", "_GROWTH = ", SIZE),
    Allowed("selection/knapsack", "1_000_000_000", SIZE),
    Allowed("selection/knapsack", "_STRETCH = ", SIZE),
    Allowed("selection/knapsack", "_SLACK = ", "any number a little above rounding"),
    Allowed("selection/knapsack", "<= _DENSE_CELLS", "both ways give the same choice"),
    Allowed("selection/knapsack", "core = unproven if len(unproven) <= size", SIZE),
    Allowed("selection/knapsack", "size *= _GROWTH", SIZE),
    Allowed("selection/knapsack", "relaxed * _SLACK", "any number a little above rounding"),
    Allowed("selection/knapsack", "(1 + _SLACK)", "any number a little above rounding"),
    Allowed("analysis/kts", "1.01 * float(", "any price above all scatter"),
    Allowed("analysis/kts", "_ROWS = ", SIZE),
    Allowed("analysis/kts", "_SMALLEST_BLOCK, _LARGEST_BLOCK = ", SIZE),
    Allowed("analysis/kts", "_TIE = ", "any number a little above rounding"),
    Allowed("analysis/kts", "_DROP = ", "any number a little above rounding"),
    Allowed("analysis/feature_cache", "BLOCK = ", SIZE),
    Allowed("selection/covering", "<< 40", "any shift is right that leaves room for all frames"),
    Allowed("selection/covering", "end = 0", "the next line but one takes the larger of two"),
    Allowed("selection/covering", "held, gained = np.zeros", "a cell more is never looked at"),
    Allowed(
        "selection/covering", "_SAME_S", "a millionth of a second: equal in no test", "ReplaceComp"
    ),
    Allowed("selection/covering", "_SAME_S = ", "any number a little above rounding"),
    Allowed("selection/edits", "return abs(twice) / 2", "it is asked only whether it is 0"),
    Allowed("comparing/figure", '"font.size"', LOOKS),
    Allowed("comparing/figure", '"hatch.linewidth"', LOOKS),
)


@dataclass(frozen=True)
class Mutation:
    """One change to one module.

    Attributes:
        module: Such as ``selection/edits``.
        operator: Cosmic Ray's name for the kind of change.
        occurrence: The how many-th place in the module where it can be made.
        line: Line number.
        change: Kind of change and text of the line.
    """

    module: str
    operator: str
    occurrence: int
    line: int
    change: str


def mutations(module: str, source: str) -> Iterator[Mutation]:
    """All changes to a module, in the order of the kinds."""
    from cosmic_ray.ast import ast_nodes, get_ast

    tree = get_ast(source)
    lines = source.splitlines()
    untouched = _untouched(source)
    for name in OPERATORS:
        operator = _operator(name)
        places = [place for node in ast_nodes(tree) for place in operator.mutation_positions(node)]
        for occurrence, (start, end) in enumerate(places):
            text = lines[start[0] - 1].strip()
            if any(low <= start and end <= high for low, high in untouched):
                continue
            if not any(
                one.module == module and one.line in text and name.startswith(one.operators)
                for one in ALLOWED
            ):
                where = f"{name.removeprefix('Replace')} at {start[1]}, {occurrence}: {text}"
                yield Mutation(module, name, occurrence, start[0], where)


def mutated(source: str, one: Mutation) -> str:
    """The module with the change made."""
    from cosmic_ray.mutating import mutate_code

    changed = mutate_code(source, _operator(one.operator), one.occurrence)
    assert changed is not None, one
    assert changed != source, one
    return str(changed)


@cache
def _operator(name: str):  # noqa: ANN202 - Cosmic Ray's own class, which has no types
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from cosmic_ray.plugins import get_operator
    return get_operator(f"core/{name}")()


Place = tuple[int, int]


def _untouched(source: str) -> list[tuple[Place, Place]]:
    """Ranges in which a change means nothing when the program runs.

    Annotations (they are not evaluated), decorators that only compile or keep, `slots` and `frozen`
    of dataclasses and `strict` of zip, which guard against faults of the program itself.
    """
    ranges = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.AnnAssign | ast.arg) and node.annotation is not None:
            ranges.append(_range(node.annotation))
        if isinstance(node, ast.FunctionDef):
            ranges += [_range(node.returns)] if node.returns is not None else []
            for one in node.decorator_list:
                if "njit" in ast.unparse(one) or "cache" in ast.unparse(one):
                    start, end = _range(one)
                    ranges.append(((start[0], 0), (end[0] + 1, 0)))
        if isinstance(node, ast.keyword) and node.arg in {"slots", "frozen", "strict"}:
            ranges.append(_range(node.value))
    return ranges


def _range(node: ast.expr) -> tuple[Place, Place]:
    end = (node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)
    return (node.lineno, node.col_offset), end
