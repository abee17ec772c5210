"""Rates as reservations: each caller is given a time of its own, so nobody tries in vain (GCRA)."""

from sqlalchemy import Connection, case

from connector.store.dialect import insert
from connector.store.tables import rate_slots


def reserve(conn: Connection, now: int, account_id: str, kind: str, *, gap_ms: int, burst: int) -> int:
    """Take the next slot of an account's rate; return its time, UTC milliseconds, `now` at the earliest.

    `tat` is the theoretical arrival time of the generic cell rate algorithm: `burst` slots may be taken at
    once, then one each `gap_ms`.
    """
    tat = rate_slots.c.tat
    later = case((tat > now, tat), else_=now) + gap_ms
    taken = (
        insert(conn, rate_slots)
        .values(account_id=account_id, kind=kind, tat=now + gap_ms)
        .on_conflict_do_update(index_elements=["account_id", "kind"], set_={"tat": later})
        .returning(tat)
    )
    return max(now, int(conn.execute(taken).scalar_one()) - burst * gap_ms)
