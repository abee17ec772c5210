"""One understanding in the making, and how it refuses what a tool has done wrong."""

from dataclasses import dataclass, field

from connector.contract.model import Dialect
from connector.contract.plan import Plan
from connector.contract.receipt import Notes
from connector.contract.suspect import Mistake
from connector.contract.text import shown
from connector.kernel.errors import Problem


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One understanding in the making.

    `sent` maps each field that came under one name to that name: by it problems are told, so that whoever
    sent the rows finds them again.
    """

    plan: Plan
    strict: bool
    dialect: Dialect | None
    notes: Notes = field(default_factory=Notes)
    sent: dict[str, str] = field(default_factory=dict)


def mistaken(plan: Plan, found: Mistake, name: str, given: object, code: str = "invalid_request") -> Problem:
    """Refuse what a tool has done wrong, with the cure in each tool."""
    return Problem(
        field=name,
        problem=found.problem,
        got=shown(given),
        expected=found.expected,
        fix=plan.cures.get(found.problem, found.fix),
        code=code,
    )
