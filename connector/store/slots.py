"""Rates as reservations: each caller is given a time of its own, so nobody tries in vain (GCRA)."""

from sqlalchemy import Connection, case, select

from connector.engine.model_incident import Slot
from connector.store.dialect import insert
from connector.store.tables import rate_slots


def reserve(conn: Connection, now: int, account_id: str, kind: str, *, gap_ms: int, burst: int) -> int:
    """Take the next slot of an account's rate; return its time, UTC milliseconds, `now` at the earliest."""
    slot = Slot(account_id=account_id, kind=kind, gap_ms=gap_ms, burst=burst)
    return reserve_several(conn, now, slot, 1)[0]


def reserve_several(conn: Connection, now: int, slot: Slot, count: int) -> list[int]:
    """Take the next `count` slots of a rate; return their times, UTC milliseconds, in order.

    `tat` is the theoretical arrival time of the generic cell rate algorithm: `burst` slots may be taken at
    once, then one each `gap_ms`.
    """
    tat = rate_slots.c.tat
    more = count * slot.gap_ms
    later = case((tat > now, tat), else_=now) + more
    taken = (
        insert(conn, rate_slots)
        .values(account_id=slot.account_id, kind=slot.kind, tat=now + more)
        .on_conflict_do_update(index_elements=["account_id", "kind"], set_={"tat": later})
        .returning(tat)
    )
    first = int(conn.execute(taken).scalar_one()) - more + slot.gap_ms - slot.burst * slot.gap_ms
    return [max(now, first + number * slot.gap_ms) for number in range(count)]


def take(conn: Connection, now: int, account_id: str, kind: str, *, gap_ms: int, burst: int) -> int:
    """Take a slot of an account's rate if one is free `now`; return 0, or milliseconds until one is free."""
    tat = rate_slots.c.tat
    later = case((tat > now, tat), else_=now) + gap_ms
    taken = (
        insert(conn, rate_slots)
        .values(account_id=account_id, kind=kind, tat=now + gap_ms)
        .on_conflict_do_update(
            index_elements=["account_id", "kind"], set_={"tat": later}, where=later - burst * gap_ms <= now
        )
        .returning(tat)
    )
    if conn.execute(taken).one_or_none() is not None:
        return 0
    mine = (rate_slots.c.account_id == account_id) & (rate_slots.c.kind == kind)
    until = int(conn.execute(select(tat).where(mine)).scalar_one()) + gap_ms - burst * gap_ms
    return max(1, until - now)
