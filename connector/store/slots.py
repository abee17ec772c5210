"""Rates as reservations: each caller is given a time of its own, so nobody tries in vain (GCRA).

`tat` is the theoretical arrival time of the generic cell rate algorithm: `burst` slots may be taken at once,
then one each `gap_ms`. Where a time is None it is the server's own.
"""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, bindparam, case, select

from connector.engine.model_incident import Slot
from connector.store.compiled import Compiled
from connector.store.dialect import insert_on, store_time
from connector.store.tables import rate_slots

_MORE = bindparam("more_ms", type_=BigInteger)
_ALLOWED = bindparam("allowed_ms", type_=BigInteger)
_its = (rate_slots.c.account_id == bindparam("its_account")) & (rate_slots.c.kind == bindparam("its_kind"))


def _pushing(dialect: str, allowed: ColumnElement[int] | None) -> Any:  # noqa: ANN401 - an insert of either dialect
    """Return the statement that pushes `tat` on, but no further ahead of now than is `allowed`, if given."""
    now, tat = store_time(dialect), rate_slots.c.tat
    later = case((tat > now, tat), else_=now) + _MORE
    new = insert_on(dialect, rate_slots).values(
        account_id=bindparam("new_account"), kind=bindparam("new_kind"), tat=now + _MORE
    )
    pushed = new.on_conflict_do_update(
        index_elements=["account_id", "kind"],
        set_={"tat": later},
        where=None if allowed is None else later - allowed <= now,
    )
    return pushed.returning(tat, now.label("store_now"))


_RESERVE = Compiled(lambda dialect: _pushing(dialect, None))
_TAKE = Compiled(lambda dialect: _pushing(dialect, _ALLOWED))
_LOOK = Compiled(lambda dialect: select(rate_slots.c.tat, store_time(dialect).label("store_now")).where(_its))


def _named(now: int | None, slot: Slot, more_ms: int) -> dict[str, object]:
    return {"new_account": slot.account_id, "new_kind": slot.kind, "more_ms": more_ms, "now": now}


def reserve(conn: Connection, now: int | None, slot: Slot) -> int:
    """Take the next slot of an account's rate; return its time, UTC milliseconds, `now` at the earliest."""
    return reserve_several(conn, now, slot, 1)[0]


def reserve_several(conn: Connection, now: int | None, slot: Slot, count: int) -> list[int]:
    """Take the next `count` slots of a rate; return their times, UTC milliseconds, in order."""
    more = count * slot.gap_ms
    (row,) = _RESERVE.rows(conn, _named(now, slot, more))
    first = int(row["tat"]) - more + slot.gap_ms - slot.burst * slot.gap_ms
    return [max(row["store_now"], first + number * slot.gap_ms) for number in range(count)]


def take(conn: Connection, now: int | None, slot: Slot) -> int:
    """Take a slot of an account's rate if one is free `now`; return 0, or milliseconds until one is free."""
    allowed = slot.burst * slot.gap_ms
    if _TAKE.first(conn, {**_named(now, slot, slot.gap_ms), "allowed_ms": allowed}) is not None:
        return 0
    (row,) = _LOOK.rows(conn, {"its_account": slot.account_id, "its_kind": slot.kind, "now": now})
    return max(1, int(row["tat"]) + slot.gap_ms - allowed - int(row["store_now"]))
