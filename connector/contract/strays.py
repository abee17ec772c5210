"""Rows that belong to no field: ignored aloud, or refused where ignoring them would do harm."""

import re
from collections.abc import Mapping

from connector.contract.coerce import read_absence, read_boolean
from connector.contract.plan import Plan
from connector.contract.reading import Reading, mistaken
from connector.contract.suspect import JSON_IN_FIELD
from connector.contract.text import fit, shown
from connector.contract.within import names_within
from connector.contract.words import MOST_SUGGESTIONS, rename, unknown, unknown_problem
from connector.kernel.errors import Problem

_PERMISSION = re.compile("allow(?:_|[A-Z])")
"""How other products begin the names of what a post lets others do."""

SWITCHED_OFF = "it asks for nothing"
"""Why a row that would be refused is merely ignored."""

NAMELESS = "a row without a name"


def set_aside(reading: Reading, names: list[str], rows: Mapping[str, object]) -> None:
    """Say of each row of these names, which are none of a field, why it has no effect, or refuse it."""
    for number, name in enumerate(sorted(names)):
        meant = reading.plan.guess.nearest(name) if number < MOST_SUGGESTIONS else None
        if problem := _problem(reading, name, rows[name], meant):
            reading.notes.strays.append(problem)
        elif why := _no_effect(reading.plan, name):
            reading.notes.ignore(name, why)
        else:
            reading.notes.ignore(name, unknown(meant), meant or "")


def _no_effect(plan: Plan, name: str) -> str:
    """Return why a name has no effect here, `""` for one that nobody knows."""
    if not name:
        return NAMELESS
    return plan.ignored.get(name) or (SWITCHED_OFF if name in plan.refused else "")


def _problem(reading: Reading, name: str, given: object, meant: str | None) -> Problem | None:
    """Refuse a row that is no field where ignoring it would do harm; `meant` is what it resembles."""
    if name in reading.plan.refused:
        return _refusal(reading, name, given)
    if not name or name in reading.plan.ignored:
        return None
    return _problem_of_unknown(reading, name, given, meant)


def _refusal(reading: Reading, name: str, given: object) -> Problem | None:
    """Refuse a row that would change what happens, if it were taken here; under strict whatever it holds."""
    if not reading.strict and _asks_for_nothing(given):
        return None
    _note_within(reading, name, given)
    problem, cure = reading.plan.refused[name]
    what = "is not offered yet" if problem == "not_offered_yet" else "does not belong here"
    return Problem(
        field=name,
        problem=problem,
        got=shown(given),
        expected=f"nothing: {name} {what}",
        fix=f"leave {name} out and {cure}",
    )


def _problem_of_unknown(reading: Reading, name: str, given: object, meant: str | None) -> Problem | None:
    holds_fields = _note_within(reading, name, given)
    if reading.strict:
        return unknown_problem(fit(name), meant)
    if _PERMISSION.match(name):
        return None if _holds_nothing(given) else _unknown_permission(reading.plan, fit(name), meant)
    if holds_fields:
        return mistaken(reading.plan, JSON_IN_FIELD, fit(name), name if name[:1] == "{" else given)
    return None


def _holds_nothing(given: object) -> bool:
    """Whether a row says nothing: null, empty or blank text, a word for nothing, an empty list or object."""
    return bool(read_absence(given, free_text=False)) or given in ([], {})


def _asks_for_nothing(given: object) -> bool:
    """Whether a row says nothing, or is a switch that is off."""
    return _holds_nothing(given) or read_boolean(given)[0] is False


def _note_within(reading: Reading, name: str, given: object) -> bool:
    """Tell whether a row that is no field holds fields, and note them: they are misplaced, not missing."""
    names = reading.plan.names
    found = names_within(name, given, names)
    if found:
        reading.notes.within.update(names[member][0] for member in found)
    return bool(found)


def _unknown_permission(plan: Plan, name: str, meant: str | None) -> Problem:
    known = [other for other, (_, rule) in plan.names.items() if rule == "inverse_name" and "allow_" in other]
    return Problem(
        field=name,
        problem="unknown_permission",
        got=name,
        expected=f"one of {', '.join(known)}" if known else "nothing: there is nothing to allow here",
        fix=rename(name, meant),
    )
