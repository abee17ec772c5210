"""One run of the fuzzer, and of the test that replays its corpus: bytes to rows to input, judged.

The first two bytes choose how the rest is sent and what it is sent to; whatever comes must be understood or
refused by a catalogued code, and what is accepted must be accepted again as it came out.
"""

import json

from connector.contract import Rows, load_contract, rows_from_form, rows_from_json, rows_from_pairs
from connector.contract.spellings import KINDS, plan_of
from connector.contract.understand import understand
from connector.kernel.errors import PostrailError
from connector.web.multipart import read_multipart

BOUNDARY = "x"
CONTRACT = load_contract()
OPERATIONS = tuple(CONTRACT.operations)
KIND_NAMES = tuple(KINDS)


def _rows(way: int, body: bytes) -> Rows:
    match way % 4:
        case 0 | 1:
            return rows_from_json(body)
        case 2:
            return rows_from_form(body)
        case _:
            return rows_from_pairs(read_multipart(body, BOUNDARY).pairs)


class Broken(Exception):
    """The product has broken a promise."""


def _expect(kept: bool, told: object) -> None:  # noqa: FBT001 - it is an assertion
    if not kept:
        raise Broken(told)


def run(data: bytes) -> None:
    """Send `data`. Raises Broken, or whatever the product should not have raised."""
    way, to, body = sum(data[:1]), sum(data[1:2]), data[2:]
    try:
        rows = _rows(way, body)
    except PostrailError as refusal:
        _expect(refusal.code in CONTRACT.errors, refusal.code)
        return
    key, dialect = OPERATIONS[to % len(OPERATIONS)], "pm3k" if way & 128 else None
    found = CONTRACT.understand(key, rows, strict=bool(way & 64), dialect=dialect)
    json.dumps([found.receipt(), [problem.as_dict() for problem in found.problems]]).encode()
    if found.ok:
        again = CONTRACT.understand(key, found.input, strict=bool(way & 64))
        _expect(again.ok, again.problems)
        _expect(again.input == found.input, (found.input, again.input))
    else:
        _expect(found.error().code in CONTRACT.errors, found.problems)
    _kind(to, rows)


def _kind(to: int, rows: Rows) -> None:
    """Send the first row to a field of some kind as well; most kinds have no field in an operation yet."""
    value = next(iter(rows.values()), None)
    plan = plan_of(KIND_NAMES[to % len(KIND_NAMES)])
    found = understand(plan, {"x": value, "timezone": "Europe/Berlin"})
    if not found.problems:
        again = understand(plan, found.input)
        _expect(not again.problems and again.input == found.input, (found.input, again.input))
