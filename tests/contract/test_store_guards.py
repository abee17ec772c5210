"""The guards in the schema itself: they hold against any code, present and future."""

from typing import Any

import pytest
from sqlalchemy import Table, insert, update
from sqlalchemy.exc import IntegrityError

from connector.store.tables import attempts, deliveries, events, journal, posts
from tests.ledgers import NOTE, Stage

pytest_plugins = ("tests.databases", "tests.ledgers")


def _insert(stage: Stage, table: Table, **row: Any) -> None:  # noqa: ANN401 - any column
    stage.database.write(lambda conn: conn.execute(insert(table).values(row)))


def _attempt(post_id: str, **row: Any) -> dict[str, Any]:  # noqa: ANN401 - any column
    plain = {
        "id": "x",
        "post_id": post_id,
        "account_id": "a",
        "number": 9,
        "state": "accepted",
        "transfer": "pull",
    }
    return {**plain, "uploaded": 0, "final_chunk_started": False, "created_at": 1, **row}


@pytest.mark.parametrize("state", ["sending", "accepted", "uncertain"])
def test_a_post_has_one_live_attempt(stage: Stage, state: str) -> None:
    claim = stage.begun()
    with pytest.raises(IntegrityError):
        _insert(stage, attempts, **_attempt(claim.post.id, state=state, account_id="b"))


@pytest.mark.parametrize("state", ["void", "rejected"])
def test_a_post_has_any_number_of_attempts_that_are_over(stage: Stage, state: str) -> None:
    claim = stage.begun()
    _insert(stage, attempts, **_attempt(claim.post.id, state=state))
    assert len(stage.ledger.attempts(claim.post.id)) == 2


def test_an_account_has_one_attempt_that_is_sending(stage: Stage) -> None:
    stage.begun()
    other = stage.accept()
    with pytest.raises(IntegrityError):
        _insert(stage, attempts, **_attempt(other.id, state="sending"))


def test_attempts_of_a_post_have_numbers_of_their_own(stage: Stage) -> None:
    claim = stage.begun()
    with pytest.raises(IntegrityError):
        _insert(stage, attempts, **_attempt(claim.post.id, state="void", number=1))


def test_two_posts_never_share_a_publish_id(stage: Stage) -> None:
    stage.open_gate(stage.begun())
    other = stage.accept()
    taken = update(posts).where(posts.c.id == other.id).values(publish_id="pub-1")
    with pytest.raises(IntegrityError):
        stage.database.write(lambda conn: conn.execute(taken))


def test_an_event_is_delivered_to_an_endpoint_once(stage: Stage) -> None:
    post = stage.accept()
    event = {"id": 77, "workspace_id": "w", "kind": "k", "post_id": post.id, "payload": "{}", "at": 1}
    _insert(stage, events, **event)
    row = {"event_id": 77, "endpoint": "e", "payload": "{}", "state": "due", "tries": 0, "created_at": 1}
    _insert(stage, deliveries, id="one", **row)
    with pytest.raises(IntegrityError):
        _insert(stage, deliveries, id="two", **row)


def test_nothing_is_said_of_a_post_that_is_not_there(stage: Stage) -> None:
    with pytest.raises(IntegrityError):
        stage.ledger.journal("post_nobody", NOTE)
    with pytest.raises(IntegrityError):
        _insert(stage, journal, post_id="post_nobody", call="c", at=1, decision="")
