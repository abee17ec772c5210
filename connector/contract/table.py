"""Writes `docs/coercion.md` from the code, the schemas and the manifests: what becomes of whatever is sent.

Every outcome on it is the product's own answer. Run: `python -m connector.contract.table`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from connector.contract.bounds import LIMITS
from connector.contract.coerce import NOTHING, RULES, Property, read_absence
from connector.contract.contract import Contract, load_contract
from connector.contract.model import Route
from connector.contract.page import BODIES, PAGE
from connector.contract.plan import REFUSED_NAMES
from connector.contract.problems import OF_BODIES, PROBLEMS
from connector.contract.rules import RULES as BETWEEN
from connector.contract.spellings import ABSENCES, KINDS, Spelling, outcome
from connector.contract.suspect import OF_TOOLS
from connector.contract.times import UNITS
from connector.contract.words import expected, problem_for

DOCUMENT = Path("docs") / "coercion.md"


def _code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|")


def _json(value: object) -> str:
    return _code(json.dumps(value, ensure_ascii=not str(value).isprintable()))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _becomes(kind: str, spelling: Spelling) -> tuple[str, str]:
    found = outcome(kind, spelling)
    if found.problem:
        return "refused", found.problem
    if found.value is None:
        return "absent", found.rule
    value = _json(found.value) if found.rule else "as it is"
    return value, f"{found.rule} (with a warning)".strip() if found.warned else found.rule


def _sent(spelling: Spelling) -> str:
    zone = f" beside timezone: {_json(spelling.zone)}" if spelling.zone else ""
    return _json(spelling.given) + zone


def _types() -> Iterator[str]:
    """Yield a table for each kind of field."""
    for kind, of in KINDS.items():
        rows = ((_sent(item), item.says, *_becomes(kind, item)) for item in of.spellings)
        yield f"\n### {kind}\n\n" + _table(("sent", "which is", "becomes", "rule or problem"), rows)


def _absent(given: object, *, free_text: bool) -> str:
    if rule := read_absence(given, free_text=free_text):
        return f"absent: {rule}"
    return "stays, with a warning" if free_text and given in NOTHING else "stays"


def _absences() -> str:
    rows = (
        (_json(given), _absent(given, free_text=False), _absent(given, free_text=True)) for given in ABSENCES
    )
    return _table(("sent", "in any field but free text", "in free text"), rows)


def _names(schema: Property, keyword: str) -> str:
    found = schema.get(keyword)
    return ", ".join(_code(str(name)) for name in found) if isinstance(found, list | dict) else ""


def _fields(contract: Contract, key: str) -> Iterator[Sequence[str]]:
    properties = contract.schema(f"input/{key}")["properties"]
    for name, schema in properties.items() if isinstance(properties, dict) else ():
        yield (
            _code(name),
            _takes(schema),
            _names(schema, "x-names"),
            _names(schema, "x-inverse"),
            ", ".join(f"{_code(alias)} = {_code(choice)}" for alias, choice in _aliases(schema).items()),
            _errors(schema),
        )


def _takes(schema: Property) -> str:
    """Say what a field takes, with its bounds, its default, and whether it has an effect."""
    words = "free text" if schema.get("x-freeText") else expected(schema)
    if unit := _UNITS.get(schema.get("x-unit")):
        words = words.replace("a whole number", f"a whole number of {unit}")
    items = schema.get("items", schema)
    if isinstance(items, dict) and items.get("x-uploads"):
        words += (
            ", or the id of an upload instead of each" if "items" in schema else ", or the id of an upload"
        )
    if "pattern" in schema and "format" not in schema:
        words += f" of the form {_code(str(schema['pattern']))}"
    if "x-maxUtf16" in schema:
        words += f", at most {schema['x-maxUtf16']} UTF-16 units"
    if "maxLength" in schema:
        least = f"{schema['minLength']} to" if schema.get("minLength") else "at most"
        words += f", {least} {schema['maxLength']} characters"
    if "default" in schema:
        words += f", default {_json(schema['default'])}"
    if isinstance(choices := schema.get("enum"), list) and len(choices) == 1:
        words = f"one choice, {words}"
    if schema.get("x-dropped"):
        words += "; checked, then left out"
    return f"{words}; kept, and named in `ignored`" if "x-ignored" in schema else words


_UNITS: Mapping[object, str] = {"s": "seconds", "ms": "milliseconds"}


def _errors(schema: Property) -> str:
    """Name the codes that a field's problems have instead of `invalid_request`, each with its problems."""
    items = schema.get("items")
    of_entries = _errors(items) if isinstance(items, dict) else ""
    codes = schema.get("x-code", {})
    if not isinstance(codes, dict):
        return _code(str(codes))
    problems: dict[str, list[str]] = {}
    for keyword, code in codes.items():
        problems.setdefault(str(code), []).append(problem_for(keyword, schema))
    named = [f"{_code(code)} ({', '.join(dict.fromkeys(found))})" for code, found in problems.items()]
    return "; ".join([*named, *([f"{of_entries} (*an entry*)"] if of_entries else [])])


def _aliases(schema: Property) -> dict[str, str]:
    found = schema.get("x-aliases")
    return found if isinstance(found, dict) else {}


def _reasons(schema: Mapping[str, object], keyword: str) -> Iterator[Sequence[str]]:
    found = schema.get(keyword)
    yield from ((_code(name), str(why)) for name, why in found.items()) if isinstance(found, dict) else ()


def _items(schema: Mapping[str, object], keyword: str) -> list[dict[str, object]]:
    """Return the objects under a keyword: those of a list, or the one that stands there."""
    found = schema.get(keyword)
    return [item for item in (found if isinstance(found, list) else [found]) if isinstance(item, dict)]


def _conditions(schema: Mapping[str, object]) -> Iterator[Sequence[str]]:
    yield from (_condition(words) for item in _items(schema, "allOf") for words in _items(item, "x-problem"))
    named = schema.get("x-rules")
    for rule in (BETWEEN[str(name)] for name in (named if isinstance(named, list) else ())):
        yield _condition({**rule.words, "with": rule.others})


def _condition(words: Mapping[str, object]) -> Sequence[str]:
    others, code = words.get("with"), str(words.get("code", "invalid_request"))
    return (
        str(words["got"]),
        _code(str(words["problem"])),
        _code(str(words["field"])),
        ", ".join(_code(str(other)) for other in others) if isinstance(others, list | tuple) else "",
        str(words["expected"]),
        _code(code),
    )


def _warnings(schema: Mapping[str, object]) -> Iterator[Sequence[str]]:
    for advice in _items(schema, "x-warnings"):
        when = advice["when"] if isinstance(advice["when"], dict) else {}
        yield (
            " with ".join(f"{name}: {json.dumps(value)}" for name, value in when.items()),
            str(advice["warning"]),
        )


FIELDS = ("field", "takes", "also called", "opposite", "choices also called", "error")
"""The columns of an operation's fields."""

CONDITIONS = ("when", "problem", "told at", "also about", "expected", "error")
"""The columns of an operation's conditions."""


def _operation(contract: Contract, key: str) -> Iterator[str]:
    schema = contract.schema(f"input/{key}")
    required = schema.get("required")
    names = [_code(str(name)) for name in required] if isinstance(required, list) else []
    yield f"\n### {key}\n\n"
    yield f"Required: {', '.join(names) or ('see the conditions' if 'allOf' in schema else 'nothing')}.\n\n"
    yield _table(FIELDS, _fields(contract, key))
    parts = (
        ("\nConditions between fields:\n\n", CONDITIONS, _conditions(schema)),
        ("\nAllowed, with a warning:\n\n", ("when", "warning"), _warnings(schema)),
        ("\nTaken and without effect (`ignored`):\n\n", ("field", "why"), _reasons(schema, "x-ignored")),
        (
            "\nRefused where they ask for something, because ignoring them would do harm:\n\n",
            ("field", "problem", "instead"),
            (
                (name, _code(problem), why)
                for keyword, problem in REFUSED_NAMES.items()
                for name, why in _reasons(schema, keyword)
            ),
        ),
    )
    for title, head, rows in parts:
        found = list(rows)
        if found:
            yield title
            yield _table(head, iter(found))


def _mistakes(contract: Contract) -> str:
    rows = (
        (
            _code(problem),
            mistake.seen,
            mistake.expected,
            *(tool.cures.get(problem, "") for tool in contract.tools.values()),
        )
        for problem, mistake in OF_TOOLS.items()
    )
    tools = [tool.label for tool in contract.tools.values()]
    return _table(("problem", "seen in", "expected", *tools), rows)


def _dialects(contract: Contract) -> Iterator[str]:
    """Yield a line for everything that each dialect does to rows and codes."""
    for dialect in contract.dialects.values():
        yield f"### {dialect.label}\n\n"
        for route in dialect.routes:
            yield f"- {_code(route.path)} is {_meant(route)}.\n"
        for fallback in dialect.fallbacks:
            unknown = f"A {_code(fallback.field)} that is `not_one_of`"
            yield f"- {unknown} becomes {_code(fallback.to)}, with a warning.\n"
        for name, value in dialect.defaults.items():
            yield f"- {_code(name)} is {_code(str(value))} where it was not sent.\n"
        for overflow in dialect.overflows:
            yield (
                f"- A {_code(overflow.field)} of {overflow.operation} with more than {overflow.max_utf16} "
                f"UTF-16 units becomes the {_code(overflow.to)}, and is told of as it, where none came.\n"
            )
        for ours, theirs in dialect.errors.items():
            yield f"- The code {_code(ours)} is called {_code(theirs)}.\n"


def _meant(route: Route) -> str:
    """Say which operations a path means."""
    meant = [
        f"{choice.operation} where {_code(choice.when.field)} is {choice.when.equals}, in any case"
        if choice.when
        else choice.operation
        for choice in route.choose
    ]
    return ", else ".join(meant)


def _problems() -> str:
    rows = (
        (_code(problem), words, _code(OF_BODIES[problem]) if problem in OF_BODIES else "")
        for problem, words in PROBLEMS.items()
    )
    return _table(("problem", "what it says", "of a whole request: error"), rows)


def render(contract: Contract) -> str:
    """Return the page."""
    parts = {
        "{limits}": f"{LIMITS.max_fields:,} fields, {LIMITS.max_depth} levels",
        "{units}": ", ".join(map(_code, UNITS)),
        "{bodies}": "".join(f"| {_code(sent)} | {_code(rows)} |\n" for sent, rows in BODIES),
        "{absences}": _absences(),
        "{types}": "".join(_types()),
        "{rules}": _table(("rule", "what it says"), ((_code(rule), words) for rule, words in RULES.items())),
        "{mistakes}": _mistakes(contract),
        "{problems}": _problems(),
        "{dialects}": "".join(_dialects(contract)),
        "{operations}": "".join(part for key in contract.operations for part in _operation(contract, key)),
    }
    text = PAGE
    for mark, part in parts.items():
        text = text.replace(mark, part)
    return text


if __name__ == "__main__":
    DOCUMENT.write_text(render(load_contract()))
