"""Rows to canonical input with a receipt: names, then types, then the judgement of the schema.

Never raises, whatever JSON the rows hold; the order of the rows does not matter.
"""

from collections.abc import Mapping
from dataclasses import replace
from operator import itemgetter

from connector.contract.bounds import Rows
from connector.contract.coerce import NOTHING, read_absence, read_boolean
from connector.contract.lists import joins_entries
from connector.contract.model import Dialect
from connector.contract.names import take_apart
from connector.contract.plan import FieldPlan, Plan
from connector.contract.reading import Reading, mistaken
from connector.contract.receipt import Understanding
from connector.contract.strays import set_aside
from connector.contract.suspect import (
    AMBIGUOUS,
    JOINED,
    LARGEST_EXACT,
    TRAILING_SPACE,
    Mistake,
    leftover,
    misplaced,
    plain,
    unfit,
)
from connector.contract.text import shown
from connector.contract.times import is_naive, parse_local_time
from connector.contract.urls import beyond_any_list, joins_urls
from connector.contract.validate import entry_of, root_of
from connector.contract.words import code_for, explain
from connector.kernel.errors import PostrailError, Problem

_ABSENT = object()
"""What a field is read as when nothing was sent in it."""


def _sort_out(reading: Reading, rows: Mapping[str, object]) -> dict[str, list[tuple[str, object]]]:
    """Put each row to its field; those that belong to none are set aside."""
    names, strays = reading.plan.names, []
    slots: dict[str, list[tuple[str, object]]] = {}
    for name, value in rows.items():
        field_name, rule = names.get(name, ("", ""))
        if not field_name or (reading.strict and rule in {"field_case", "inverse_name"}):
            strays.append(name)
        else:
            slots.setdefault(field_name, []).append((name, value))
    set_aside(reading, strays, rows)
    return slots


def _suspect(plan: FieldPlan, given: object) -> Mistake | None:
    """Recognise what a tool has left in place of a value; free text may say anything that can be stored.

    The entries of a list are looked at one by one, once it has been read.
    """
    if isinstance(given, bool | int) or (plan.listed and isinstance(given, list)):
        return None
    if found := unfit(given):
        return found
    if plan.free_text or not isinstance(given, str):
        return None
    return misplaced(given) or (_joined(plan, given) if plan.listed else None)


def _joined(plan: FieldPlan, given: str) -> Mistake | None:
    """Recognise a list that was written as text in a way that cannot be undone for certain."""
    if plan.urls and given.lstrip().startswith("[") and plan.read(given)[1] != "json_text_to_list":
        return JOINED
    if plan.urls and joins_urls(given):
        return AMBIGUOUS
    if joins_entries(given) and plan.read(given)[1] in {"single_to_list", "lines_to_list"}:
        return TRAILING_SPACE if given.endswith(" ") else JOINED
    return None


def _huge(plan: FieldPlan, name: str, value: object) -> Problem | None:
    """Refuse a list or text that is far beyond its bound without looking any closer at it."""
    if plan.urls and isinstance(value, str) and (got := beyond_any_list(value)):
        return replace(explain(name, "maxItems", plan.schema, ()), got=got, fix=_FEWER)
    if not isinstance(value, list if plan.listed else str) or len(value) <= plan.huge:
        return None
    return explain(name, "maxItems" if plan.listed else "x-maxUtf16", plan.schema, value)


_FEWER = "send fewer, the others in another post"


def _warn(reading: Reading, plan: FieldPlan, name: str, given: object, value: object) -> None:
    """Warn of free text that is probably a leftover, and of an id that a tool has probably rounded."""
    if plan.free_text and isinstance(value, str) and (leftover(value) or value in NOTHING):
        reading.notes.warnings.append(f"{name} is published exactly as it came: {shown(value)}.")
    if isinstance(given, int) and isinstance(value, str) and abs(given) > LARGEST_EXACT:
        reading.notes.warnings.append(
            f"{name} came as a number of more than 15 digits, which most tools round: send it as text."
        )


def _fall_back(reading: Reading, plan: FieldPlan, value: object) -> object:
    """Return what the dialect takes for a choice it does not know, or the value itself."""
    fallback = reading.dialect.fallback(plan.name) if reading.dialect else None
    if fallback is None or value in plan.choices:
        return value
    reading.notes.coerce(plan.name, value, fallback.to, "dialect_fallback")
    reading.notes.warnings.append(
        f"{plan.name} {shown(value)} is unknown, so {fallback.to} was taken: {fallback.why}"
    )
    return fallback.to


def _unreadable(reading: Reading, plan: FieldPlan, name: str, given: object) -> Problem | None:
    """Refuse a value that must not even be taken apart."""
    if problem := _huge(plan, name, given):
        return problem
    if found := _suspect(plan, given):
        return mistaken(reading.plan, found, name, given, code_for(plan.schema))
    return None


def _read(reading: Reading, plan: FieldPlan, name: str, given: object) -> object:
    """Read one value of a field; `_ABSENT` where nothing was sent or what was sent is refused."""
    notes = reading.notes
    if not reading.strict and (rule := read_absence(given, free_text=plan.free_text)):
        notes.coerce(plan.name, given, None, rule)
        return _ABSENT
    if problem := _unreadable(reading, plan, name, given):
        notes.refuse(plan.name, problem)
        return _ABSENT
    literal = reading.strict and plan.name != "strict"
    value, rule = (plan.read_strict if literal else plan.read)(given)
    if value is not given and (problem := _too_much(reading, plan, name, given, value)):
        notes.refuse(plan.name, problem)
        return _ABSENT
    if plan.listed and isinstance(value, list):
        value = _without_mistakes(reading, plan, name, value)
    value = value if isinstance(value, str) else plain(value)
    if rule:
        notes.coerce(plan.name, given, value, rule)
    _warn(reading, plan, name, given, value)
    if plan.choices and isinstance(value, str):
        value = _fall_back(reading, plan, value)
    return value


def _too_much(reading: Reading, plan: FieldPlan, name: str, given: object, value: object) -> Problem | None:
    """Refuse what a text has turned out to hold: more than any field takes, or what cannot be stored."""
    if problem := _huge(plan, name, value):
        return problem
    if not plan.listed and (found := unfit(value)):
        return mistaken(reading.plan, found, name, given, code_for(plan.schema))
    return None


def _without_mistakes(reading: Reading, plan: FieldPlan, name: str, entries: list[object]) -> list[object]:
    """Refuse each entry of a list that a tool has left in place of a value, and put None where it was."""
    items = plan.schema.get("items")
    code = code_for(items if isinstance(items, dict) else {})
    kept = list(entries)
    for index, entry in enumerate(entries):
        if found := unfit(entry, 1) or (misplaced(entry) if isinstance(entry, str) else None):
            problem = mistaken(reading.plan, found, f"{name}[{index}]", entry, code)
            reading.notes.refuse(f"{plan.name}[{index}]", problem)
            kept[index] = None
    return kept


def _read_field(reading: Reading, plan: FieldPlan, sent: list[tuple[str, object]]) -> object:
    """Read a field that may have come under several names: they must agree, whatever is empty aside."""
    found, known = [], len(reading.notes.problems)
    for name, given in sorted(sent, key=itemgetter(0)):
        value = _read_named(reading, plan, name, given)
        if len(reading.notes.problems) > known:
            reading.sent[plan.name] = name
            return value
        if value is not _ABSENT:
            found.append((name, given, value))
    if not found:
        return _ABSENT
    if len(found) == 1:
        reading.sent[plan.name] = found[0][0]
    elif len({repr(value) for _, _, value in found}) > 1:
        given_by_name = {name: given for name, given, _ in found}
        reading.notes.refuse(plan.name, _ambiguous(reading.plan, plan, given_by_name))
        return _ABSENT
    return found[0][2]


def _read_named(reading: Reading, plan: FieldPlan, name: str, given: object) -> object:
    rule = reading.plan.names[name][1]
    if rule == "inverse_name":
        return _read_inverse(reading, plan, name, given)
    if rule:
        reading.notes.coerce(plan.name, name, plan.name, rule)
    return _read(reading, plan, name, given)


def _read_inverse(reading: Reading, plan: FieldPlan, name: str, given: object) -> object:
    """Read a switch under a name that says the opposite, such as `allow_comments` for `disable_comment`."""
    before = len(reading.notes.coerced)
    value = _read(reading, plan, name, given)
    if value is _ABSENT:
        return value
    del reading.notes.coerced[before:]
    if not isinstance(value, bool):
        reading.notes.refuse(plan.name, explain(name, "type", plan.schema, given))
        return _ABSENT
    reading.notes.coerce(plan.name, {name: given}, not value, "inverse_name")
    return not value


def _place(reading: Reading, plan: FieldPlan, values: dict[str, object]) -> None:
    """Read a time without an offset in the zone that came with it."""
    given, zone = values.get(plan.name), values.get(plan.zone)
    if not isinstance(given, str) or not isinstance(zone, str) or not is_naive(given):
        return
    found, why = parse_local_time(given, zone)
    if found is not None:
        reading.notes.coerce(plan.name, given, found, "local_time_to_utc")
        values[plan.name] = found
        return
    wrong = plan.zone if why == "unknown_zone" else plan.name
    name = reading.sent.get(wrong, wrong)
    expected, fix = _ZONE_WORDS.get(why, ("a time of day that exists", "correct the date and the time"))
    got = f"{given} in {shown(zone)}"
    reading.notes.refuse(plan.name, Problem(field=name, problem=why, got=got, expected=expected, fix=fix))


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


def _ambiguous(plan: Plan, field: FieldPlan, sent: Mapping[str, object]) -> Problem:
    """Refuse names of one field that contradict each other, each with its value as it was sent."""
    opposite = next((name for name in sent if plan.names[name][1] == "inverse_name"), "")
    return Problem(
        field=field.name,
        problem="ambiguous",
        got=" and ".join(f"{name}: {shown(given)}" for name, given in sent.items()),
        expected=f"one answer: {opposite} says the opposite of {field.name}" if opposite else "one value",
        fix=f"send {field.name} alone",
        code=code_for(field.schema),
    )


def _finish(reading: Reading, values: dict[str, object]) -> dict[str, object]:
    """Add defaults, leave out what is dropped, and name what has no effect."""
    plan, finished = reading.plan, dict[str, object]()
    defaults = {**plan.defaults, **(reading.dialect.defaults if reading.dialect else {})}
    for each in plan.fields:
        if each.name in values and not each.dropped:
            finished[each.name] = values[each.name]
            if each.ignored:
                reading.notes.ignore(reading.sent.get(each.name, each.name), each.ignored)
        elif each.name in defaults and each.name not in values:
            finished[each.name] = defaults[each.name]
    return finished


def _judge(reading: Reading, values: dict[str, object]) -> tuple[Problem, ...]:
    """Return every problem: of fields in the order of the schema, then of other rows by their names."""
    plan, notes, sent = reading.plan, reading.notes, reading.sent
    problems = [*notes.problems, *plan.validator.problems(values, frozenset(notes.flagged), sent)]
    notes.flagged.update(_place_of(plan, problem) for problem in problems)
    known = {root_of(place) for place in notes.flagged}
    for rule in plan.rules:
        problem = rule.find(values) if known.isdisjoint({rule.field, *rule.others}) else None
        if problem:
            notes.flagged.add(rule.field)
            problems.append(replace(problem, field=sent.get(rule.field, rule.field)))

    def rank(problem: Problem) -> tuple[int, int]:
        return plan.order[root_of(_place_of(plan, problem))], entry_of(problem.field)

    problems.sort(key=rank)
    return (*(_with_misspelt(reading, problem) for problem in problems), *notes.strays)


def _place_of(plan: Plan, problem: Problem) -> str:
    """Return where in the input a problem is, by the field's own name."""
    root = root_of(problem.field)
    return plan.names[root][0] + problem.field.removeprefix(root)


def _with_misspelt(reading: Reading, problem: Problem) -> Problem:
    """Name the misspelt field that was sent in place of a missing one."""
    if problem.problem != "required":
        return problem
    names = reading.plan.names
    misspelt = [item for item in reading.notes.ignored if item.did_you_mean]
    # The field itself before those that might have come instead of it.
    for field in (problem.field, *sorted(reading.plan.instead.get(problem.field, ()))):
        for item in (item for item in misspelt if names[item.did_you_mean][0] == field):
            got, fix = f"nothing, but {item.field} was sent", f"rename {item.field} to {item.did_you_mean}"
            return replace(problem, got=got, fix=fix)
    return problem


def _unread(error: PostrailError) -> Understanding:
    """Return what is understood of rows whose names contradict each other: nothing but that problem."""
    found = Understanding({})
    found.problems = error.details
    return found


def understand(
    plan: Plan, rows: Mapping[str, object], *, strict: bool = False, dialect: Dialect | None = None
) -> Understanding:
    """Understand rows by a plan.

    `strict` converts nothing but declared aliases and refuses unknown fields; a row `strict` asks for the
    same. `dialect` lends its fallbacks for unknown choices.
    """
    strict = strict or read_boolean(rows.get("strict"))[0] is True
    reading = Reading(plan=plan, strict=strict, dialect=dialect)
    notes = reading.notes
    if isinstance(rows, Rows):
        try:
            rows = take_apart(rows)
        except PostrailError as error:
            return _unread(error)
        notes.coerced.extend(rows.receipts)
        notes.warnings.extend(rows.warnings)
    slots = _sort_out(reading, rows)
    notes.flagged |= notes.within - slots.keys()
    values: dict[str, object] = {}
    for each in plan.fields:
        if each.name in slots:
            value = _read_field(reading, each, slots[each.name])
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
    found.flagged, found.sent = frozenset(notes.flagged), reading.sent
    return found
