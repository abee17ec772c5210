"""A ledger read at once: every event of a post, every attempt, on both databases."""

from collections.abc import Iterator

import pytest
from sqlalchemy.exc import SQLAlchemyError

from connector.domain.lifecycle import AttemptState
from connector.engine.model import Change
from connector.store.database import Database
from connector.store.migrate import migrate
from connector.store.record import AttemptRow, EventRow, is_blank, read_attempts, read_events
from tests.databases import PostgresServer
from tests.ledgers import NOTE, Stage

pytest_plugins = ("tests.databases", "tests.ledgers")


def test_the_events_of_a_post_are_read_in_order_with_the_state_they_tell_of(
    stage: Stage, database: Database
) -> None:
    claim = stage.begun()
    told = read_events(database)
    assert [event.state for event in told] == ["queued", "fetching", "sending"]
    assert told[-1] == EventRow(kind="post_state_changed", post_id=claim.post.id, state="sending")


def test_every_attempt_is_read_with_whether_its_publish_id_is_known(stage: Stage, database: Database) -> None:
    claim = stage.begun()
    assert read_attempts(database) == [AttemptRow(post_id=claim.post.id, state="sending", is_known=False)]
    stage.open_gate(claim)
    assert read_attempts(database) == [AttemptRow(post_id=claim.post.id, state="accepted", is_known=True)]
    stage.ledger.resolve_attempt(claim.lease, "gate-1", AttemptState.REJECTED, Change(), NOTE)
    assert [row.state for row in read_attempts(database)] == ["rejected"]


@pytest.fixture
def blank_postgres(postgres_server: PostgresServer) -> Iterator[str]:
    """Give an empty PostgreSQL database."""
    yield from postgres_server.fresh()


def test_a_database_is_blank_until_it_has_a_table(blank_postgres: str) -> None:
    assert is_blank(blank_postgres)
    migrate(blank_postgres)
    assert not is_blank(blank_postgres)


def test_a_database_that_is_not_there_is_not_called_blank(blank_postgres: str) -> None:
    with pytest.raises(SQLAlchemyError):
        is_blank(blank_postgres.replace("/test_", "/nowhere_"))
