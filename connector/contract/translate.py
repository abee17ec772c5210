"""A dialect's rows to the rows of an operation: which one is meant, and what has to move. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic.alias_generators import to_camel

from connector.contract.bounds import Rows
from connector.contract.coerce import read_absence
from connector.contract.model import Dialect, Overflow, When
from connector.contract.plan import Plan
from connector.contract.receipt import Receipt
from connector.contract.text import utf16_units
from connector.kernel.errors import PostrailError


@dataclass(frozen=True, kw_only=True)
class Translated:
    """The operation that a dialect's request means, and its rows.

    The receipts of what moved travel in `rows` and come out of `understand`; so do warnings of the reader.
    """

    operation: str
    rows: Rows
    warnings: tuple[str, ...] = ()


def _holds(when: When, rows: Mapping[str, object]) -> bool:
    sent = (rows.get(when.field), rows.get(to_camel(when.field)))
    value = next((each for each in sent if not read_absence(each, free_text=False)), None)
    return isinstance(value, str) and value.strip().casefold() == when.equals.casefold()


def _move(rows: dict[str, object], overflow: Overflow, plan: Plan) -> Receipt | None:
    """Move a text that is too long for its field to the field that takes it, unless that came by any name."""
    text = rows.get(overflow.field)
    if not isinstance(text, str) or utf16_units(text) <= overflow.max_utf16:
        return None
    if any(
        _is_for(plan, name, overflow.to) and not read_absence(rows[name], free_text=True) for name in rows
    ):
        return None
    del rows[overflow.field]
    rows[overflow.to] = text
    return Receipt(field=overflow.to, given=text, to=text, rule=overflow.rule)


def _is_for(plan: Plan, name: str, field: str) -> bool:
    return plan.names.get(name, ("", ""))[0] == field


def translate(
    dialect: Dialect, path: str, rows: Mapping[str, object], plans: Mapping[str, Plan]
) -> Translated:
    """Map a request of a dialect onto an operation, of those that `plans` has by name.

    Raises PostrailError `not_found` for an unknown path.
    """
    route = dialect.route(path)
    operation = next(
        (choice.operation for choice in route.choose if choice.when is None or _holds(choice.when, rows)),
        None,
    )
    if operation is None:
        raise PostrailError("not_found", f"{dialect.label} means no operation by this request.")
    found, plan = dict(rows), plans[operation]
    moves = [
        _move(found, overflow, plan) for overflow in dialect.overflows if overflow.operation == operation
    ]
    earlier = rows if isinstance(rows, Rows) else Rows()
    receipts = [*earlier.receipts, *(move for move in moves if move)]
    kind = type(earlier) if not receipts else Rows
    translated = kind.of(found, warnings=earlier.warnings, receipts=receipts)
    return Translated(operation=operation, rows=translated)
