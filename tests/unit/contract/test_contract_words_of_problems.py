"""Every word by which the contract names a problem has its meaning in the docs."""

from collections.abc import Iterator

from connector.contract import load_contract
from connector.contract.plan import REFUSED_NAMES
from connector.contract.problems import PROBLEMS
from connector.contract.suspect import OF_TOOLS
from connector.contract.words import FORMS, LIMITS, NAIVE, TYPES


def _conditions() -> Iterator[str]:
    for key in load_contract().operations:
        rules = load_contract().schema(f"input/{key}").get("allOf")
        for rule in rules if isinstance(rules, list) else []:
            yield rule["x-problem"]["problem"]


def test_every_word_of_a_problem_has_its_meaning() -> None:
    words = {
        *(word for word, _ in (*TYPES.values(), *FORMS.values(), *LIMITS.values())),
        *(NAIVE[0], *OF_TOOLS, *REFUSED_NAMES.values(), *_conditions()),
    }
    assert words <= PROBLEMS.keys()
