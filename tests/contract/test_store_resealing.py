"""A new key on each database: everything is sealed anew, and the old key opens the rest until then."""

import pytest
from sqlalchemy import select

from connector.engine.model_accounts import Login
from connector.kernel.errors import PostrailError
from connector.store.access import SqlAccess
from connector.store.apps import SqlApps
from connector.store.database import Database
from connector.store.logins import SqlLogins
from connector.store.resealing import BOXES, Resealer
from connector.store.sealing import Sealer
from connector.store.secrets import Secrets
from tests.ledgers import IDS, Stage, new_grant

pytest_plugins = ("tests.databases", "tests.ledgers")

OLD, NEW = b"s" * 32, b"n" * 32


def sealer(*keys: bytes) -> Sealer:
    """Return a sealer with these keys."""
    return Sealer(Secrets(*keys), IDS)


def key_ids(database: Database) -> set[str]:
    """Return the ids of the keys that have sealed anything."""
    found: set[str] = set()
    for box in BOXES:
        query = select(box.table.c.seal_key_id).where(box.column.is_not(None))
        found |= set(database.read(lambda conn, query=query: list(conn.execute(query).scalars())))  # type: ignore[misc] # the query of this round
    return found


def test_everything_is_sealed_anew_and_opens_with_the_new_key_alone(stage: Stage) -> None:
    login = Login(
        id="l",
        workspace_id="w",
        app_id="app",
        bound_to="b",
        redirect_uri="https://posts.example/cb",
        expires_at=stage.clock.now() + 1,
        verifier="v" * 43,
    )
    stage.logins.begin(login)
    for number in range(60):
        stage.grants.connect(new_grant(f"c{number}"))
    both = sealer(NEW, OLD)
    assert Resealer(stage.database, both).reseal() == 64
    assert key_ids(stage.database) == {both.key_id}
    new = sealer(NEW)
    account = SqlAccess(stage.database, sealer=new).account("c59")
    app = SqlApps(stage.database, sealer=new).find("app")
    assert account is not None
    assert app is not None
    assert (account.access_token, app.client_secret) == ("act.token-c59", "app-secret")
    assert SqlLogins(stage.database, sealer=new).use("l", "b") == login
    assert Resealer(stage.database, both).reseal() == 0


def test_the_old_key_is_dropped_only_when_nothing_needs_it(stage: Stage) -> None:
    dropped: list[str] = []
    both = Resealer(stage.database, sealer(NEW, OLD))
    assert not both.when_done(lambda: dropped.append("too early"))
    both.reseal()
    assert both.when_done(lambda: dropped.append("now"))
    assert dropped == ["now"]


def test_what_no_known_key_opens_stops_it_and_is_left_as_it_is(stage: Stage) -> None:
    before = key_ids(stage.database)
    with pytest.raises(PostrailError, match="sealed with key"):
        Resealer(stage.database, sealer(NEW)).reseal()
    assert key_ids(stage.database) == before
