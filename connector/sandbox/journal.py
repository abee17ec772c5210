"""The log of every request to a TikTok endpoint, written before it is served and completed after."""

from connector.kernel.clock import Clock, to_iso
from connector.kernel.jsontext import Json
from connector.kernel.redact import redact
from connector.sandbox.database import Database

ANSWERED = "answered"
REPLY_LOST = "reply_lost"
BROKEN_OFF = "broken_off"
RESET = "reset"
TRUNCATED = "truncated"
_OPEN = "open"


class Journal:
    """The request log.

    `outcome` is `open`, `answered`, `broken_off`, or a mishap: `reply_lost`, `reset`, `truncated`.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def begin(self, method: str, path: str) -> int:
        """Note a request that came in, without the values of its tokens, and return its number."""
        now = self._clock.now()
        return self._database.insert("requests", at=now, method=method, path=redact(path), outcome=_OPEN)

    def end(
        self,
        number: int,
        *,
        status: int | None,
        code: str | None,
        log_id: str | None,
        publish_id: str | None,
        outcome: str,
    ) -> None:
        """Note how a request ended. `status` None: nobody was left to answer."""
        self._database.write(
            "UPDATE requests SET status = :status, code = :code, log_id = :log_id, publish_id = :publish_id,"
            " outcome = :outcome WHERE number = :number",
            number=number,
            status=status,
            code=code,
            log_id=log_id,
            publish_id=publish_id,
            outcome=outcome,
        )

    def break_off_open(self) -> None:
        """Note the requests that the end of an earlier process cut short."""
        self._database.write(f"UPDATE requests SET outcome = '{BROKEN_OFF}' WHERE outcome = '{_OPEN}'")  # noqa: S608 - constants of this module

    def all(self) -> list[dict[str, Json]]:
        """Return the log, oldest first."""
        rows = self._database.rows("SELECT * FROM requests ORDER BY number")
        return [
            {
                "at": to_iso(row["at"]),
                "method": row["method"],
                "path": row["path"],
                "status": row["status"],
                "code": row["code"],
                "log_id": row["log_id"],
                "publish_id": row["publish_id"],
                "outcome": row["outcome"],
            }
            for row in rows
        ]


class Rates:
    """Sliding minutes per creator and endpoint (reference, section 5)."""

    WINDOW = 60_000
    """Milliseconds."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def take(self, open_id: str, bucket: str, limit: int) -> bool:
        """Count a call and return True, or return False when the minute is full; a refused call is free."""
        now = self._clock.now()
        where = "FROM hits WHERE open_id = :open_id AND bucket = :bucket"
        with self._database.transaction():
            self._database.write(
                f"DELETE {where} AND at <= :old", open_id=open_id, bucket=bucket, old=now - self.WINDOW
            )
            found = self._database.rows(f"SELECT COUNT(*) AS n {where}", open_id=open_id, bucket=bucket)
            if found[0]["n"] >= limit:
                return False
            self._database.insert("hits", open_id=open_id, bucket=bucket, at=now)
            return True
