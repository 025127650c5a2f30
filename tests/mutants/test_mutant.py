"""The changes that mutation testing makes, and the code it leaves alone."""

from __future__ import annotations

import ast

import pytest

from tests.mutants.mutant import difference, mutants


def changes(source: str) -> list[str]:
    """The text of every mutant of a piece of code."""
    return [mutant.change for mutant, _ in mutants("module", source)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a < b", ["a <= b", "a >= b"]),
        ("a >= b", ["a > b", "a < b"]),
        ("a == b", ["a != b"]),
        ("a is not b", ["a is b"]),
        ("a in b", ["a not in b"]),
        ("a + b", ["a - b"]),
        ("a * b", ["a + b"]),
        ("-a", ["a"]),
        ("not a", ["a"]),
        ("a and b", ["a or b", "b", "a"]),
        ("a if b else c", ["a if False else c", "a if True else c"]),
        ("True", ["False"]),
        ("7", ["8", "6"]),
        ("None", []),
        ("(a, b)", ["(b,)", "(a,)"]),
        ("f(a, b=c)", ["f(None, b=c)", "f(a)"]),
        ("f(*a, None)", []),
        ("min(a)", ["min(None)", "max(a)"]),
        ("abs(a)", ["abs(None)", "a"]),
        ("a.strip()", ["a"]),
        ("[a for a in b if a]", ["[a for a in b]"]),
    ],
)
def test_an_expression_is_changed(source: str, expected: list[str]) -> None:
    assert changes(f"x = {source}") == [f"x = {source} -> x = {each}" for each in expected]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = f('a')", ["x = f('a') -> x = f(None)", "x = f('a') -> x = f('a!')"]),
        ("x = {a: b}", ["x = {a: b} -> x = {}"]),
        ("f()", ["f() -> pass"]),
        ("x += y", ["x += y -> x -= y", "x += y -> pass"]),
        ("raise E", ["raise E -> pass"]),
    ],
)
def test_a_statement_is_changed(source: str, expected: list[str]) -> None:
    assert changes(source) == expected


def test_a_condition_never_holds_or_always() -> None:
    assert changes("if a:\n    b") == ["if a: b -> if False: b", "if a: b -> if True: b"]
    assert changes("while a:\n    b") == ["while a: b -> while False: b"]


def test_a_returned_value_becomes_none() -> None:
    assert changes("def f():\n    return a") == ["return a -> return None"]
    assert changes("def f():\n    return None") == []


@pytest.mark.parametrize(
    "source",
    [
        '"""A docstring."""',
        "import a",
        "from a import b",
        "__all__ = ['a']",
        "class E(StrEnum):\n    A = 'a'",
        "EXPIRED = 'expired'",
        "Amounts = Mapping[str, int | None]",
        "def f(a: dict[str, 1]) -> 'b':\n    c",
        "@dataclass(frozen=True)\nclass A:\n    b: int",
    ],
)
def test_code_that_is_not_run_or_only_names_things_is_left_alone(source: str) -> None:
    assert changes(source) == []


def test_the_wording_of_an_error_is_left_alone() -> None:
    assert changes("raise E(f'{a} is wrong') from None") == ["raise E(f'{a} is wrong') from None -> pass"]


def test_a_mutant_names_its_function_and_its_line() -> None:
    source = "class A:\n    def f(self):\n        return -b"
    found = [(mutant.function, mutant.line) for mutant, _ in mutants("module", source)]
    assert found == [("module.A.f", 3)] * 2


def test_each_tree_holds_one_change_and_the_tree_is_changed_back() -> None:
    trees = [ast.unparse(tree) for _, tree in mutants("module", "x = a < 1")]
    assert trees == ["x = a <= 1", "x = a >= 1", "x = a < 2", "x = a < 0"]


def test_a_long_line_is_cut_around_the_change() -> None:
    before = "first = " + "a + " * 20 + "b < c" + " + d" * 20
    found = difference(before, before.replace("<", "<="))
    assert "b < c" in found
    assert "b <= c" in found
    assert found.startswith("… ")
    assert found.endswith(" …")
    assert len(found) < 150
