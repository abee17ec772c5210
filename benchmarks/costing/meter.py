"""What work has cost: processor time of the product and of PostgreSQL, and PostgreSQL's transactions."""

import sqlite3
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
from sqlalchemy import Connection, Engine, event

from benchmarks.capacity.cost import Cost
from benchmarks.costing.ground import Ground
from connector.store.database import sqlite_file
from connector.wiring.opening import database_url

FLUSHED_S = 11.0
"""PostgreSQL's sessions have reported their transactions once they have been idle for ten seconds."""

_BYTES = """SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"""


def thread_ms(pid: int) -> float:
    """Return the CPU-milliseconds of all living threads of a process, exactly (`schedstat`)."""
    stats = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(stat.read_text().split()[0]) for stat in stats) / 1e6


def pss_kib(pid: int) -> int:
    """Return the KiB of a process, shared pages by their share."""
    rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(row.split()[1]) for row in rows if row.startswith("Pss:"))


class Cluster:
    """The database behind a ground: how large it is and, for PostgreSQL, what its processes have done."""

    def __init__(self, place: Ground) -> None:
        self._url = database_url(place.settings)
        self._postmaster: psutil.Process | None = None
        if not place.is_sqlite:
            with psycopg.connect(self._url) as conn:
                self._postmaster = psutil.Process(conn.info.backend_pid).parent()

    def cpu_ms(self) -> float:
        """Return the CPU-milliseconds of PostgreSQL's living processes; 0 on SQLite."""
        if self._postmaster is None:
            return 0.0
        total = 0.0
        for process in self._postmaster.children():
            try:
                total += thread_ms(process.pid)
            except (OSError, psutil.NoSuchProcess):
                continue
        return total

    def transactions(self) -> int:
        """Return how many transactions have been reported; 0 on SQLite."""
        query = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        return self._number(query) if self._postmaster else 0

    def wal(self) -> int:
        """Return how many bytes of its log PostgreSQL has written; 0 on SQLite."""
        return self._number("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')") if self._postmaster else 0

    def connections(self) -> int:
        """Return how many connections the product has; 0 on SQLite."""
        query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'postrail'"
        return self._number(query) if self._postmaster else 0

    def size(self) -> int:
        """Return the bytes of all tables with their indices."""
        if self._postmaster:
            return self._number(_BYTES)
        file = sqlite_file(self._url)
        conn = sqlite3.connect(file)
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        conn.close()
        return file.stat().st_size

    def _number(self, query: str) -> int:
        with psycopg.connect(self._url, autocommit=True) as conn:
            row = conn.execute(query.encode()).fetchone()
            return int(row[0]) if row else 0


class Watch:
    """Counts what work inside this process costs, by name."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._spent: dict[str, Cost] = defaultdict(Cost)
        self._times: Counter[str] = Counter()
        self._transactions = 0
        event.listen(Engine, "commit", self._note_commit)
        event.listen(Engine, "before_cursor_execute", self._note_statement)

    def _note_commit(self, conn: Connection) -> None:
        self._transactions += conn.dialect.name == "postgresql"

    def _note_statement(self, conn: Connection, *_statement: object) -> None:
        self._transactions += conn.get_execution_options().get("isolation_level") == "AUTOCOMMIT"

    def end(self) -> None:
        """Count transactions no longer."""
        event.remove(Engine, "commit", self._note_commit)
        event.remove(Engine, "before_cursor_execute", self._note_statement)

    def now(self) -> Cost:
        """Return what has been spent so far, for `note`."""
        db, done = self._cluster.cpu_ms(), self._transactions
        return Cost(app_ms=time.process_time() * 1000, db_ms=db, transactions=done)

    def note(self, name: str, since: Cost, times: int = 1) -> None:
        """Count what was spent `since` as `times` of `name`."""
        app = time.process_time() * 1000
        spent = Cost(app_ms=app, db_ms=self._cluster.cpu_ms(), transactions=self._transactions) - since
        self._spent[name] += spent
        self._times[name] += times

    @contextmanager
    def of(self, name: str, times: int = 1) -> Iterator[None]:
        """Count what is done inside as `times` of `name`."""
        since = self.now()
        yield
        self.note(name, since, times)

    def times(self, name: str) -> int:
        """Return how many of `name` were counted."""
        return self._times[name]

    def each(self) -> Mapping[str, Cost]:
        """Return what one of each costs."""
        return {name: spent * (1 / self._times[name]) for name, spent in self._spent.items()}
