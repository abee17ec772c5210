"""A ledger with a workspace and two accounts, and the few moves that most tests begin with.

Use with `pytest_plugins = ("tests.databases", "tests.ledgers")`.

PYTEST_DONT_REWRITE: imported before it is a plugin, and it asserts nothing.
"""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from connector.domain.lifecycle import AttemptState, State
from connector.engine.model import Account, Change, Claim, Entry, MediaItem, NewPost, Post
from connector.kernel.clock import SystemClock
from connector.kernel.ids import SystemIds
from connector.store.access import SqlAccess
from connector.store.database import Database
from connector.store.ledger import SqlLedger
from connector.store.secrets import Secrets
from tests.databases import HandClock

TTL = 10_000
NOTE = Entry(call="test", decision="said so")
VIDEO = MediaItem(media_id="f" * 64, kind="video", name="v.mp4", mime="video/mp4", size=7, changes=("cut",))
IDS = SystemIds(SystemClock())


def new_post(**changes: Any) -> NewPost:  # noqa: ANN401 - any member of NewPost
    """Return a post to be accepted, with `changes`."""
    plain = NewPost(
        id=IDS.new("post"),
        workspace_id="w",
        account_id="a",
        operation="post_video",
        kind="video",
        mode="direct",
        transfer="upload",
        input={"title": "Grüße 🌻", "tags": ["x"]},
        receipt={"coerced": [{"field": "title"}], "ignored": [], "warnings": []},
        input_hash="c0ffee00" * 8,
    )
    return replace(plain, **changes)


@dataclass
class Stage:
    """Everything of the store over one database, with moves."""

    database: Database
    ledger: SqlLedger
    access: SqlAccess
    clock: HandClock

    def accept(self, **changes: Any) -> Post:  # noqa: ANN401 - any member of NewPost
        """Accept a post."""
        return self.ledger.accept(new_post(**changes)).post

    def claim(self, owner: str = "me") -> Claim:
        """Claim the one post that is due."""
        (claim,) = self.ledger.claim(owner, limit=10, ttl_ms=TTL)
        return claim

    def fetched(self, **changes: Any) -> Claim:  # noqa: ANN401 - any member of NewPost
        """Accept and claim a post, and store its media."""
        self.accept(**changes)
        claim = self.claim()
        post = self.ledger.save(claim.lease, Change(state=State.FETCHING, media=(VIDEO,)))
        return replace(claim, post=post)

    def begun(self, gate: str = "gate-1", **changes: Any) -> Claim:  # noqa: ANN401 - any member of NewPost
        """Have a post with an attempt that is `sending`."""
        claim = self.fetched(**changes)
        attempt = self.ledger.begin_attempt(claim.lease, gate, "upload", NOTE)
        return replace(claim, attempt=attempt)

    def open_gate(self, claim: Claim, gate: str = "gate-1", publish_id: str = "pub-1") -> Claim:
        """Store TikTok's answer to an attempt."""
        return self.ledger.accept_attempt(
            claim.lease,
            gate,
            publish_id=publish_id,
            upload_url="https://upload.example/1",
            upload_expires_at=self.clock.now() + 3_600_000,
            state=State.SENDING,
            entry=NOTE,
        )

    def attempt_states(self, post_id: str) -> list[AttemptState]:
        """Return the states of a post's attempts, oldest first."""
        return [attempt.state for attempt in self.ledger.attempts(post_id)]


def set_stage(database: Database, clock: HandClock) -> Stage:
    """Put a workspace with the accounts `a` and `b` into a database."""
    access = SqlAccess(database, ids=IDS, secrets=Secrets(b"s" * 32))
    access.add_workspace("w", "Work")
    for account_id in ("a", "b"):
        access.add_account(
            Account(
                id=account_id,
                workspace_id="w",
                open_id=f"open-{account_id}",
                username=f"user_{account_id}",
                access_token=f"act.token-{account_id}",
            )
        )
    return Stage(database, SqlLedger(database, ids=IDS), access, clock)


@pytest.fixture
def stage(database: Database, clock: HandClock) -> Stage:
    """Give a ledger on each kind of database in turn."""
    return set_stage(database, clock)
