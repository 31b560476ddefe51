"""The tool behind `dev.py mutants`: what it changes, what it leaves, what it remembers."""

from pathlib import Path

import pytest

from benchmarks.mutants import NEARBY, ROOT, Ledger, Result
from benchmarks.mutations import ALLOWED, mutated, mutations

SOURCE = '''"""A module with 1 number in its text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pair:
    one: int | None = None


def later(a: int | float, b: list[int]) -> int | None:
    """Adds 2 numbers."""
    if a < 3:
        return None
    return sum(x for x, _ in zip(b, b, strict=True)) + a
'''


def test_every_module_has_nearby_tests_that_are_there() -> None:
    modules = {
        path.relative_to(ROOT / "usummary").with_suffix("").as_posix()
        for room in ("selection", "analysis", "comparing")
        for path in (ROOT / "usummary" / room).glob("*.py")
        if path.name != "__init__.py"
    }
    assert set(NEARBY) == modules
    missing = [name for tests in NEARBY.values() for name in tests if not (ROOT / name).exists()]
    assert missing == []


@pytest.mark.parametrize("one", ALLOWED, ids=lambda one: one.line)
def test_lines_that_are_not_changed_are_still_there(one) -> None:
    source = (ROOT / "usummary" / f"{one.module}.py").read_text(encoding="utf-8")
    assert one.line in source
    assert one.reason


def test_only_what_runs_is_changed() -> None:
    pytest.importorskip("cosmic_ray", reason="an extra of the developers")
    found = {(one.line, one.operator) for one in mutations("analysis/made_up", SOURCE)}
    assert found == {
        (8, "RemoveDecorator"),
        (15, "AddNot"),
        (15, "NumberReplacer"),
        (15, "ReplaceComparisonOperator_Lt_LtE"),
        (15, "ReplaceComparisonOperator_Lt_GtE"),
        (17, "ReplaceBinaryOperator_Add_Sub"),
    }


def test_a_change_is_made_where_it_says_and_nowhere_else() -> None:
    pytest.importorskip("cosmic_ray", reason="an extra of the developers")
    changed = {
        line
        for one in mutations("analysis/made_up", SOURCE)
        if one.operator in ("NumberReplacer", "ReplaceBinaryOperator_Add_Sub")
        for line in set(mutated(SOURCE, one).splitlines()) - set(SOURCE.splitlines())
    }
    assert changed == {
        "    if a < 4:",
        "    if a < 2:",
        "    return sum(x for x, _ in zip(b, b, strict=True)) - a",
    }


def test_results_are_found_again_and_the_last_one_counts(tmp_path: Path) -> None:
    first = Result("tests 1", "analysis/kts", 7, "AddNot", "a line", "survived", 1.5)
    other = Result("tests 1b", "analysis/kts", 9, "AddNot", "another", "survived", 1.5)
    ledger = Ledger(tmp_path / "deep" / "results.jsonl")
    ledger.add(first)
    ledger.add(other)
    again = Ledger(tmp_path / "deep" / "results.jsonl")
    assert again.results == {"tests 1": first, "tests 1b": other}
    assert again.survivors() == {("analysis/kts", 7, "a line"), ("analysis/kts", 9, "another")}
    again.add(Result("tests 2", "analysis/kts", 7, "AddNot", "a line", "killed", 0.5))
    assert Ledger(tmp_path / "deep" / "results.jsonl").survivors() == {
        ("analysis/kts", 9, "another")
    }
