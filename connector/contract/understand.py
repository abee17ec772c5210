"""Rows to canonical input with a receipt: names, then types, then the judgement of the schema.

Never raises, whatever JSON the rows hold; the order of the rows does not matter.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from operator import itemgetter

from connector.contract.bounds import Rows
from connector.contract.coerce import NOTHING, read_absence, read_boolean
from connector.contract.lists import joins_entries
from connector.contract.model import Dialect
from connector.contract.names import take_apart
from connector.contract.plan import FieldPlan, Plan
from connector.contract.receipt import Notes, Understanding
from connector.contract.suspect import (
    AMBIGUOUS,
    JOINED,
    JSON_IN_FIELD,
    LARGEST_EXACT,
    TRAILING_SPACE,
    Mistake,
    leftover,
    misplaced_in,
    plain,
    unfit,
)
from connector.contract.text import fit, shown
from connector.contract.times import is_naive, parse_local_time
from connector.contract.urls import beyond_any_list, joins_urls
from connector.contract.validate import refused_problem, root_of, unknown_problem
from connector.contract.within import names_within
from connector.contract.words import MOST_SUGGESTIONS, code_for, explain, rename, unknown
from connector.kernel.errors import PostrailError, Problem

_PERMISSION = re.compile("allow(?:_|[A-Z])")
"""How other products begin the names of what a post lets others do."""

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
        if not field_name or (reading.strict and rule in {"field_case", "inverse_name"}):
            strays.append(name)
        else:
            slots.setdefault(field_name, []).append((name, value))
    for number, name in enumerate(sorted(strays)):
        meant = reading.plan.guess.nearest(name) if number < MOST_SUGGESTIONS else None
        _set_aside(reading, name, rows[name], meant)
    return slots


def _set_aside(reading: _Reading, name: str, given: object, meant: str | None) -> None:
    """Say why a row belongs to no field: refused where ignoring it would do harm.

    `meant` is the name that it resembles.
    """
    notes, plan = reading.notes, reading.plan
    if name in plan.refused and not _switched_off(given):
        _note_within(reading, name, given)
        notes.refuse(refused_problem(name, given, *plan.refused[name]))
    elif why := plan.ignored.get(name) or ("a row without a name" if not name else ""):
        notes.ignore(name, why)
    elif reading.strict:
        notes.refuse(unknown_problem(fit(name), meant))
    elif _PERMISSION.match(name):
        notes.refuse(_unknown_permission(plan, fit(name), meant))
    elif _note_within(reading, name, given):
        notes.refuse(_mistaken(reading, JSON_IN_FIELD, fit(name), name if name[:1] == "{" else given))
    else:
        notes.ignore(name, unknown(meant), meant or "")


def _note_within(reading: _Reading, name: str, given: object) -> bool:
    """Tell whether a row that is no field holds fields, and note them: they are misplaced, not missing."""
    names = reading.plan.names
    found = {names[member][0] for member in names_within(name, given, names)}
    reading.notes.within |= found
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


def _switched_off(given: object) -> bool:
    """Whether a value asks for nothing: empty, null, or a switch that is off."""
    return bool(read_absence(given, free_text=False)) or given in ([], {}) or read_boolean(given)[0] is False


def _suspect(plan: FieldPlan, given: object) -> Mistake | None:
    """Recognise what a tool has left in place of a value; free text may say anything that can be stored."""
    if isinstance(given, bool | int):
        return None
    if found := unfit(given):
        return found
    if plan.free_text:
        return None
    if found := misplaced_in(given):
        return found
    return _joined(plan, given) if plan.listed and isinstance(given, str) else None


def _joined(plan: FieldPlan, given: str) -> Mistake | None:
    """Recognise a list that was written as text in a way that cannot be undone for certain."""
    if plan.urls and given.lstrip().startswith("[") and plan.read(given)[1] != "json_text_to_list":
        return JOINED
    if plan.urls and joins_urls(given):
        return AMBIGUOUS
    if joins_entries(given) and plan.read(given)[1] in {"single_to_list", "lines_to_list"}:
        return TRAILING_SPACE if given.endswith(" ") else JOINED
    return None


def _mistaken(reading: _Reading, found: Mistake, field_name: str, given: object, code: str = "") -> Problem:
    """Refuse what a tool has done wrong, with the cure in each tool."""
    return Problem(
        field=field_name,
        problem=found.problem,
        got=shown(given),
        expected=found.expected,
        fix=reading.plan.cures.get(found.problem, found.fix),
        code=code or "invalid_request",
    )


def _refuse_huge(notes: Notes, plan: FieldPlan, value: object) -> bool:
    """Refuse a list or text that is far beyond its bound without looking any closer at it."""
    if plan.urls and isinstance(value, str) and (got := beyond_any_list(value)):
        notes.refuse(replace(explain(plan.name, "maxItems", plan.schema, ()), got=got, fix=_FEWER))
        return True
    if not isinstance(value, list if plan.listed else str) or len(value) <= plan.huge:
        return False
    keyword = "maxItems" if plan.listed else "x-maxUtf16"
    notes.refuse(explain(plan.name, keyword, plan.schema, value))
    return True


_FEWER = "send fewer, the others in another post"


def _warn(reading: _Reading, plan: FieldPlan, given: object, value: object) -> None:
    """Warn of free text that is probably a leftover, and of an id that a tool has probably rounded."""
    if plan.free_text and isinstance(value, str) and (leftover(value) or value in NOTHING):
        reading.notes.warnings.append(f"{plan.name} is published exactly as it came: {shown(value)}.")
    if isinstance(given, int) and isinstance(value, str) and abs(given) > LARGEST_EXACT:
        reading.notes.warnings.append(
            f"{plan.name} came as a number of more than 15 digits, which most tools round: send it as text."
        )


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
    if _refuse_huge(notes, plan, given):
        return _ABSENT
    if found := _suspect(plan, given):
        notes.refuse(_mistaken(reading, found, plan.name, given, code_for("pattern", plan.schema)))
        return _ABSENT
    literal = reading.strict and plan.name != "strict"
    value, rule = (plan.read_strict if literal else plan.read)(given)
    if value is not given and _refuse_huge(notes, plan, value):
        return _ABSENT
    if value is not given and (found := unfit(value) or (None if plan.free_text else misplaced_in(value))):
        notes.refuse(_mistaken(reading, found, plan.name, given, code_for("pattern", plan.schema)))
        return _ABSENT
    value = value if isinstance(value, str) else plain(value)
    if rule:
        notes.coerce(plan.name, given, value, rule)
    _warn(reading, plan, given, value)
    if plan.choices and isinstance(value, str | int | float):
        value = _fall_back(reading, plan, value)
    return value


def _read_all(reading: _Reading, plan: FieldPlan, sent: list[tuple[str, object]]) -> object:
    """Read a field that may have come under several names: they must agree, whatever is empty aside."""
    ordered = sorted(sent, key=itemgetter(0))
    values = [(name, given, _read_named(reading, plan, name, given)) for name, given in ordered]
    found = [(name, given, value) for name, given, value in values if value is not _ABSENT]
    if not found:
        return _ABSENT
    if len({repr(value) for _, _, value in found}) > 1:
        reading.notes.refuse(_ambiguous(reading.plan, plan.name, {name: given for name, given, _ in found}))
        return _ABSENT
    return found[0][2]


def _read_named(reading: _Reading, plan: FieldPlan, name: str, given: object) -> object:
    rule = reading.plan.names[name][1]
    if rule == "inverse_name":
        return _read_inverse(reading, plan, name, given)
    if rule:
        reading.notes.coerce(plan.name, name, plan.name, rule)
    return _read(reading, plan, given)


def _read_inverse(reading: _Reading, plan: FieldPlan, name: str, given: object) -> object:
    """Read a switch under a name that says the opposite, such as `allow_comments` for `disable_comment`."""
    before = len(reading.notes.coerced)
    value = _read(reading, plan, given)
    if value is _ABSENT:
        return value
    del reading.notes.coerced[before:]
    if not isinstance(value, bool):
        reading.notes.refuse(explain(name, "type", plan.schema, given))
        reading.notes.flagged.add(plan.name)
        return _ABSENT
    reading.notes.coerce(plan.name, {name: given}, not value, "inverse_name")
    return not value


def _place(reading: _Reading, plan: FieldPlan, values: dict[str, object]) -> None:
    """Read a time without an offset in the zone that came with it."""
    given, zone = values.get(plan.name), values.get(plan.zone)
    if not isinstance(given, str) or not isinstance(zone, str) or not is_naive(given):
        return
    found, why = parse_local_time(given, zone)
    if found is not None:
        reading.notes.coerce(plan.name, given, found, "local_time_to_utc")
        values[plan.name] = found
        return
    field_name = plan.zone if why == "unknown_zone" else plan.name
    expected, fix = _ZONE_WORDS.get(why, ("a time of day that exists", "correct the date and the time"))
    reading.notes.refuse(
        Problem(field=field_name, problem=why, got=f"{given} in {shown(zone)}", expected=expected, fix=fix)
    )
    reading.notes.flagged.add(plan.name)


_ZONE_WORDS = {
    "unknown_zone": ("the name of a time zone", 'send a name such as "Europe/Berlin"'),
    "skipped_time": (
        "a time that the clocks show",
        "the clocks skip this hour: choose another",
    ),
    "repeated_time": (
        "a time that is there once",
        "the clocks show it twice: send the offset, such as +02:00",
    ),
}


def _ambiguous(plan: Plan, field_name: str, sent: Mapping[str, object]) -> Problem:
    """Refuse names of one field that contradict each other, each with its value as it was sent."""
    opposite = next((name for name in sent if plan.names[name][1] == "inverse_name"), "")
    return Problem(
        field=field_name,
        problem="ambiguous",
        got=" and ".join(f"{name}: {shown(given)}" for name, given in sent.items()),
        expected=f"one answer: {opposite} says the opposite of {field_name}" if opposite else "one value",
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
    problems.sort(key=lambda problem: plan.order.get(root_of(problem.field), last))
    return tuple(_with_misspelt(reading, problem) for problem in problems)


def _with_misspelt(reading: _Reading, problem: Problem) -> Problem:
    """Name the misspelt field that was sent in place of a missing one."""
    if problem.problem != "required":
        return problem
    names = reading.plan.names
    needed = {problem.field, *reading.plan.instead.get(problem.field, ())}
    for item in reading.notes.ignored:
        if item.did_you_mean and names[item.did_you_mean][0] in needed:
            got, fix = f"nothing, but {item.field} was sent", f"rename {item.field} to {item.did_you_mean}"
            return replace(problem, got=got, fix=fix)
    return problem


def _taken_apart(reading: _Reading, rows: Rows) -> Rows:
    """Nest and index by the names of rows; where they contradict each other, that is the problem."""
    try:
        return take_apart(rows)
    except PostrailError as error:
        for problem in error.details:
            reading.notes.refuse(problem)
        return rows


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
        rows = _taken_apart(reading, rows)
        notes.coerced.extend(rows.receipts)
        notes.warnings.extend(rows.warnings)
    slots = _sort_out(reading, rows)
    notes.flagged |= notes.within - slots.keys()
    values: dict[str, object] = {}
    for each in plan.fields:
        if each.name in slots:
            sent = slots[each.name]
            value = _read_named(reading, each, *sent[0]) if len(sent) == 1 else _read_all(reading, each, sent)
            if value is not _ABSENT:
                values[each.name] = value
    for each in plan.fields:
        if each.zone and not reading.strict:
            _place(reading, each, values)
    problems = _judge(reading, values)
    notes.warnings.extend(item.warning for item in plan.advice if item.fits(values))
    finished = _finish(reading, values)
    found = Understanding(finished, plan.control, tuple(notes.coerced))
    found.ignored, found.warnings, found.problems = tuple(notes.ignored), tuple(notes.warnings), problems
    return found
