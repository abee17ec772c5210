"""One source of truth: routes, effects, states and errors are those of the manifests and tables."""

import ast
from collections.abc import Iterator
from pathlib import Path

from connector.contract import load_contract
from connector.domain.lifecycle import TABLE, Effect, State, may_become
from connector.engine.advance import EFFECTS
from connector.engine.perform import USE_CASES
from connector.server.dialects import SHAPES

ROOT = Path(__file__).parents[2]
CODE_AT = {"PostrailError": 0, "TikTokError": 2, "Failure": None, "Problem": None}
"""Which argument of an error is its code, where it may stand without its name."""


def codes(tree: ast.AST) -> Iterator[str]:
    """Every code that a module writes down when it builds an error."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or getattr(node.func, "id", None) not in CODE_AT:
            continue
        at = CODE_AT[node.func.id]  # type: ignore[attr-defined] # it has an id: see above
        given = node.args[at : at + 1] if at is not None else []
        given += [word.value for word in node.keywords if word.arg == "code"]
        yield from (
            item.value for item in given if isinstance(item, ast.Constant) and isinstance(item.value, str)
        )


def test_every_operation_names_a_use_case_that_exists_and_none_is_left_over() -> None:
    operations = load_contract().operations.values()
    assert {item.operation.use_case for item in operations} == set(USE_CASES)


def test_every_dialect_has_a_shape_for_each_operation_it_reaches() -> None:
    contract = load_contract()
    assert set(SHAPES) == set(contract.dialects)


def test_every_code_that_is_raised_anywhere_is_in_the_catalogue() -> None:
    known = set(load_contract().errors)
    raised = {
        code
        for path in (ROOT / "connector").rglob("*.py")
        if "sandbox" not in path.parts
        for code in codes(ast.parse(path.read_text()))
    }
    assert raised
    assert raised - known == set()


def test_every_effect_but_rest_can_be_performed() -> None:
    assert set(EFFECTS) == set(Effect) - {Effect.REST}


def test_every_state_stands_in_the_lifecycle_table_and_final_states_lead_nowhere() -> None:
    assert set(TABLE) == set(State)
    assert all(not facts.may_follow | facts.by_person for facts in TABLE.values() if facts.final)
    assert all(facts.settled for facts in TABLE.values() if facts.final)


def test_every_state_but_the_first_ones_can_be_reached() -> None:
    reachable = {State.QUEUED, State.AWAITING_APPROVAL, State.SCHEDULED}
    while True:
        more = {then for now in reachable for then in State if may_become(now, then)}
        if more <= reachable:
            break
        reachable |= more
    assert reachable == set(State)
