"""Rows to canonical input with a receipt: names, then types, then the judgement of the schema.

Never raises, whatever JSON the rows hold; the order of the rows does not matter.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import itemgetter

from connector.contract.coerce import NOTHING, joins_urls, read_absence, read_boolean
from connector.contract.model import Dialect
from connector.contract.plan import FieldPlan, Plan
from connector.contract.receipt import Notes, Understanding
from connector.contract.rows import Rows
from connector.contract.suspect import JOINED, Suspicion, leftover, leftover_in, plain, unfit
from connector.contract.text import fit, shown
from connector.contract.validate import MOST_GUESSES, not_yet_problem, root_of, unknown_problem
from connector.contract.words import code_for, unknown
from connector.kernel.errors import Problem

_ABSENT = object()
"""What a field is read as when nothing was sent in it."""


@dataclass(frozen=True, kw_only=True)
class _Reading:
    """One understanding in the making."""

    plan: Plan
    strict: bool
    dialect: Dialect | None
    notes: Notes = field(default_factory=Notes)


def _sort_out(reading: _Reading, rows: Mapping[str, object]) -> dict[str, list[tuple[str, object]]]:
    """Put each row to its field; what belongs to none is ignored, or refused under strict."""
    names, strays = reading.plan.names, []
    slots: dict[str, list[tuple[str, object]]] = {}
    for name, value in rows.items():
        field_name, rule = names.get(name, ("", ""))
        if not field_name or (reading.strict and rule == "field_case"):
            strays.append(name)
        else:
            slots.setdefault(field_name, []).append((name, value))
    for number, name in enumerate(sorted(strays)):
        _set_aside(reading, name, rows[name], suggest=number < MOST_GUESSES)
    return slots


def _set_aside(reading: _Reading, name: str, given: object, *, suggest: bool) -> None:
    known = tuple(reading.plan.order)
    if (instead := reading.plan.not_yet.get(name)) and not _switched_off(given):
        reading.notes.refuse(not_yet_problem(name, given, instead))
    elif why := reading.plan.ignored.get(name):
        reading.notes.ignore(name, why)
    elif not name:
        reading.notes.ignore(name, "a row without a name")
    elif reading.strict:
        reading.notes.refuse(unknown_problem(fit(name), known, suggest=suggest))
    else:
        reading.notes.ignore(name, unknown(name, known, suggest=suggest))


def _switched_off(given: object) -> bool:
    """Whether a value asks for nothing: empty, null, or a switch that is off."""
    return bool(read_absence(given, free_text=False)) or read_boolean(given)[0] is False


def _suspect(plan: FieldPlan, given: object) -> Suspicion | None:
    """Recognise what a tool has left in place of a value; free text may say anything that is Unicode."""
    if isinstance(given, bool | int):
        return None
    if found := unfit(given):
        return found
    if plan.free_text:
        return None
    if found := leftover_in(given):
        return found
    return JOINED if plan.urls and isinstance(given, str) and joins_urls(given) else None


def _warn(reading: _Reading, plan: FieldPlan, value: object) -> None:
    """Warn of free text that is probably a leftover: it is published as it stands."""
    if isinstance(value, str) and (leftover(value) or value in NOTHING):
        reading.notes.warnings.append(f"{plan.name} is published exactly as it came: {shown(value)}.")


def _fall_back(reading: _Reading, plan: FieldPlan, value: object) -> object:
    """Return what the dialect takes for a choice it does not know, or the value itself."""
    fallback = reading.dialect.fallback(plan.name) if reading.dialect else None
    if fallback is None or value in plan.choices:
        return value
    reading.notes.coerce(plan.name, value, fallback.to, "dialect_fallback")
    reading.notes.warnings.append(
        f"{plan.name} {shown(value)} is unknown, so {fallback.to} was taken: {fallback.why}"
    )
    return fallback.to


def _read(reading: _Reading, plan: FieldPlan, given: object) -> object:
    """Read one value of a field; `_ABSENT` where nothing was sent or what was sent is refused."""
    notes = reading.notes
    if not reading.strict and (rule := read_absence(given, free_text=plan.free_text)):
        notes.coerce(plan.name, given, None, rule)
        return _ABSENT
    if found := _suspect(plan, given):
        notes.refuse(
            Problem(
                field=plan.name,
                problem=found.problem,
                got=shown(given),
                expected=found.expected,
                fix=found.fix,
                code=code_for("pattern", plan.schema),
            )
        )
        return _ABSENT
    literal = reading.strict and plan.name != "strict"
    value, rule = (plan.read_strict if literal else plan.read)(given)
    if rule:
        notes.coerce(plan.name, given, value, rule)
    if plan.free_text:
        _warn(reading, plan, value)
    elif plan.choices and isinstance(value, str | int | float):
        value = _fall_back(reading, plan, value)
    return value if isinstance(value, str) else plain(value)


def _read_all(reading: _Reading, plan: FieldPlan, sent: list[tuple[str, object]]) -> object:
    """Read a field that may have come under several names: they must agree, whatever is empty aside."""
    values = [
        (name, _read_named(reading, plan, name, given)) for name, given in sorted(sent, key=itemgetter(0))
    ]
    found = [(name, value) for name, value in values if value is not _ABSENT]
    if not found:
        return _ABSENT
    if len({repr(value) for _, value in found}) > 1:
        reading.notes.refuse(_ambiguous(plan.name, found))
        return _ABSENT
    return found[0][1]


def _read_named(reading: _Reading, plan: FieldPlan, name: str, given: object) -> object:
    if rule := reading.plan.names[name][1]:
        reading.notes.coerce(plan.name, name, plan.name, rule)
    return _read(reading, plan, given)


def _ambiguous(field_name: str, found: list[tuple[str, object]]) -> Problem:
    return Problem(
        field=field_name,
        problem="ambiguous",
        got=" and ".join(f"{name}: {shown(value)}" for name, value in found),
        expected="one value",
        fix=f"send {field_name} alone",
    )


def _finish(reading: _Reading, values: dict[str, object]) -> dict[str, object]:
    """Add defaults, leave out what is dropped, and name what has no effect."""
    plan = reading.plan
    finished: dict[str, object] = {}
    for each in plan.fields:
        if each.name in values and not each.dropped:
            finished[each.name] = values[each.name]
            if each.ignored:
                reading.notes.ignore(each.name, each.ignored)
        elif each.name in plan.defaults and each.name not in values:
            finished[each.name] = plan.defaults[each.name]
    return finished


def _judge(reading: _Reading, values: dict[str, object]) -> tuple[Problem, ...]:
    """Return every problem, in the order of the schema's fields."""
    plan, notes = reading.plan, reading.notes
    problems = [*notes.problems, *plan.validator.problems(values, frozenset(notes.flagged))]
    known = {root_of(problem.field) for problem in problems}
    for rule in plan.rules:
        problem = rule(values)
        if problem and problem.field not in known:
            problems.append(problem)
    last = len(plan.order)
    return tuple(sorted(problems, key=lambda problem: plan.order.get(root_of(problem.field), last)))


def understand(
    plan: Plan, rows: Mapping[str, object], *, strict: bool = False, dialect: Dialect | None = None
) -> Understanding:
    """Understand rows by a plan.

    `strict` converts nothing but declared aliases and refuses unknown fields; a row `strict` asks for the
    same. `dialect` lends its fallbacks for unknown choices.
    """
    reading = _Reading(
        plan=plan, strict=strict or read_boolean(rows.get("strict"))[0] is True, dialect=dialect
    )
    notes = reading.notes
    if isinstance(rows, Rows):
        notes.coerced.extend(rows.receipts)
        notes.warnings.extend(rows.warnings)
    slots = _sort_out(reading, rows)
    values: dict[str, object] = {}
    for each in plan.fields:
        if each.name in slots:
            sent = slots[each.name]
            value = _read_named(reading, each, *sent[0]) if len(sent) == 1 else _read_all(reading, each, sent)
            if value is not _ABSENT:
                values[each.name] = value
    problems = _judge(reading, values)
    return Understanding(
        input=_finish(reading, values),
        control=plan.control,
        coerced=tuple(notes.coerced),
        ignored=tuple(notes.ignored),
        warnings=tuple(notes.warnings),
        problems=problems,
    )
