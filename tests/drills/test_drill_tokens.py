"""Two processes renew the tokens of one account over and over, while answers get lost.

Never two renewals are in flight. With TikTok's grace for used refresh tokens none is lost; without it every
lost answer ends in `account_needs_reconnect` and an event, never in silence.
"""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from connector.engine.model_accounts import App, Grant, NewGrant, NewPair, Pair
from connector.kernel.clock import SystemClock
from connector.kernel.ids import SystemIds
from connector.settings import bare_environment
from connector.store.access import SqlAccess
from connector.store.apps import SqlApps
from connector.store.database import Database, open_database
from connector.store.grants import SqlGrants
from connector.store.leases import expire
from connector.store.sealing import Sealer
from connector.store.secrets import Secrets
from connector.store.tables import events
from tests.drills.token_witness import TokenWitness, token_witness
from tests.integration.sandbox.sandbox_process import Sandbox
from tests.running import SECRET_KEY, eventually

pytest_plugins = ("tests.databases",)

IDS = SystemIds(SystemClock())
PROGRAM = Path(__file__).with_name("renewing_process.py")
ROOT = Path(__file__).parents[2]
RENEWALS, LOST = 1_000, 20
CREATOR = "renewed"


class Place:
    """A ledger with one account, whose tokens the sandbox gave."""

    def __init__(self, database: Database, url: str, sandbox: Sandbox, witness: TokenWitness) -> None:
        sealer = Sealer(Secrets(SECRET_KEY.encode()), IDS)
        self.url, self.witness, self.sandbox = url, witness, sandbox
        self._database = database
        self.grants = SqlGrants(database, ids=IDS, sealer=sealer)
        self._app = self._sandbox_app(SqlApps(database, sealer=sealer))
        SqlAccess(database, sealer=sealer).add_workspace("w", "Work")
        sandbox.http.post(f"{sandbox.url}/_sandbox/accounts", json={"username": CREATOR}, timeout=20)

    def _sandbox_app(self, apps: SqlApps) -> App:
        told = self.sandbox.control("apps")["apps"][0]
        return apps.keep(
            App(
                id="app",
                client_key=told["client_key"],
                client_secret=told["client_secret"],
                label="The sandbox",
                kind="desktop",
                redirect_uri="http://127.0.0.1:*/cb",
                scopes=tuple(told["scopes"]),
            )
        )

    def connect(self) -> Grant:
        """Connect the account, again if it was before; its tokens are due for renewal at once."""
        url = f"{self.sandbox.url}/_sandbox/grants"
        told: dict[str, Any] = self.sandbox.http.post(url, json={"username": CREATOR}, timeout=20).json()
        tokens = NewPair(
            pair=Pair(access=told["access_token"], refresh=told["refresh_token"]),
            expires_in_s=told["expires_in"],
            refresh_expires_in_s=told["refresh_expires_in"],
            scopes=frozenset(told["scope"].split(",")),
            renew_in_ms=0,
        )
        return self.grants.connect(
            NewGrant(
                id=IDS.new("grant"),
                account_id=IDS.new("acct"),
                workspace_id="w",
                app_id=self._app.id,
                open_id=told["open_id"],
                username=CREATOR,
                tokens=tokens,
            )
        )

    def told(self) -> Counter[str]:
        """Count the events by kind."""
        query = select(events.c.kind)
        return Counter(self._database.read(lambda conn: list(conn.execute(query).scalars())))

    def end_leases(self) -> None:
        """Let the leases of all who were killed end now."""
        self._database.write(lambda conn: expire(conn, self._database.now(conn)))

    @contextmanager
    def renewing(self, processes: int = 2) -> Iterator[list["subprocess.Popen[bytes]"]]:
        """Run processes that renew; end them afterwards."""
        command = [sys.executable, str(PROGRAM), self.url, self.witness.url, SECRET_KEY]
        environment = {**bare_environment(), "PYTHONPATH": str(ROOT)}
        running = [
            subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for _ in range(processes)
        ]
        try:
            yield running
        finally:
            for process in running:
                process.kill()
                process.wait()


@pytest.fixture
def place(tmp_path: Path, database_url: str) -> Iterator[Place]:
    """Give a ledger of each kind in turn, with a sandbox of its own behind a witness."""
    with ExitStack() as stack:
        sandbox = Sandbox(tmp_path / "sandbox")
        sandbox.start()
        stack.callback(sandbox.http.close)
        stack.callback(sandbox.stop)
        witness = stack.enter_context(token_witness(sandbox.url))
        database = open_database(database_url)
        stack.callback(database.close)
        yield Place(database, database_url, sandbox, witness)


def lose_answers(place: Place, *numbers: int, chance: float = 1.0, grace_s: float) -> None:
    """Let the sandbox renew and not answer: the calls of these numbers, or with none of them by chance."""
    place.sandbox.control("behaviour", {"refresh_grace_s": grace_s, "seed": 7})
    lose = {"endpoint": "oauth/token", "what": "lose", "after_effect": True}
    rules = [{**lose, "nth": number} for number in numbers] or [{**lose, "times": None, "chance": chance}]
    place.sandbox.control("rules", {"rules": rules})


def state(place: Place, grant: Grant) -> str:
    """Return the state of a grant."""
    found = place.grants.grant(grant.id)
    return "" if found is None else found.state


def test_with_grace_no_lost_answer_loses_an_account(place: Place) -> None:
    lost = [*range(7, RENEWALS, RENEWALS // 20), 8]
    lose_answers(place, *lost, grace_s=3600.0)
    grant = place.connect()
    with place.renewing() as processes:
        eventually(lambda: place.witness.renewals >= RENEWALS, within_s=300, what="the renewals")
        assert [process.poll() for process in processes] == [None, None]
    assert place.witness.most_at_once == 1
    assert place.witness.lost == len(lost)
    assert place.told() == {"account_connected": 1}
    place.end_leases()
    with place.renewing(1):
        before = place.witness.renewals
        eventually(lambda: place.witness.renewals > before + 1, what="the account to go on")
    assert state(place, grant) == "live"


def test_without_grace_every_lost_answer_is_told(place: Place) -> None:
    lose_answers(place, chance=0.15, grace_s=0.0)
    grant = place.connect()
    with place.renewing():
        for ended in range(1, LOST + 1):
            eventually(lambda: state(place, grant) == "reconnect", within_s=60, what="a lost answer")
            assert place.told() == {"account_connected": ended, "account_needs_reconnect": ended}
            assert place.connect().state == "live"
    assert place.witness.most_at_once == 1
    assert place.witness.lost >= LOST
