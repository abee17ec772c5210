"""The sizes that keep the house readable: modules, functions, complexity, docstrings."""

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted(path for path in (ROOT / "connector").rglob("*.py") if "versions" not in path.parts)
MODULE_LINES = 400
MODULE_MEDIAN = 120
FUNCTION_LINES = 50
FUNCTION_MEDIAN = 10

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions() -> Iterator[tuple[Path, Function]]:
    """Every function of the product."""
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, Function):
                yield path, node


def body_lines(function: Function) -> int:
    """Lines of a function without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) and len(function.body) > 1 else function.body
    return (function.end_lineno or 0) - body[0].lineno + 1


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_stays_within_its_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MODULE_LINES


def test_the_median_module_and_function_stay_small() -> None:
    assert statistics.median(len(path.read_text().splitlines()) for path in MODULES) <= MODULE_MEDIAN
    assert statistics.median(body_lines(function) for _, function in functions()) <= FUNCTION_MEDIAN


def test_no_function_is_too_long() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{function.lineno} {function.name} has {body_lines(function)} lines"
        for path, function in functions()
        if body_lines(function) > FUNCTION_LINES
    ]
    assert long == []
