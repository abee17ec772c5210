"""A ledger with a workspace and two accounts, and the few moves that most tests begin with.

Use with `pytest_plugins = ("tests.databases", "tests.ledgers")`.

PYTEST_DONT_REWRITE: imported before it is a plugin, and it asserts nothing.
"""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from connector.domain.lifecycle import AttemptState, State
from connector.engine.model import Change, Claim, Entry, MediaItem, NewPost, Post
from connector.engine.model_accounts import App, NewGrant, NewPair, Pair
from connector.engine.model_media import Reach
from connector.kernel.clock import SystemClock
from connector.kernel.ids import SystemIds
from connector.store.access import SqlAccess
from connector.store.apps import SqlApps
from connector.store.database import Database
from connector.store.grants import SqlGrants
from connector.store.ledger import SqlLedger
from connector.store.logins import SqlLogins
from connector.store.media import SqlMedia
from connector.store.sealing import Sealer
from connector.store.secrets import Secrets
from tests.databases import HandClock

TTL = 10_000
ALL = Reach(workspace_id="w")
"""Every upload of the workspace."""

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
    apps: SqlApps
    grants: SqlGrants
    logins: SqlLogins
    media: SqlMedia
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
        attempt = self.ledger.begin_attempt(claim.lease, gate, claim.post.transfer, NOTE)
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


def new_app(**changes: Any) -> App:  # noqa: ANN401 - any member of App
    """Return an app to be stored, with `changes`."""
    plain = App(
        id="app",
        client_key="aw1",
        client_secret="app-secret",
        label="Our app",
        kind="web",
        redirect_uri="https://posts.example/connect/tiktok/callback",
        scopes=("user.info.basic", "video.publish", "video.upload"),
    )
    return replace(plain, **changes)


def new_tokens(number: int = 1, **changes: Any) -> NewPair:  # noqa: ANN401 - any member of NewPair
    """Return tokens as TikTok gives them, with `changes`."""
    plain = NewPair(
        pair=Pair(access=f"act.token-{number}", refresh=f"rft.token-{number}"),
        expires_in_s=86_400,
        refresh_expires_in_s=31_536_000,
        scopes=frozenset({"user.info.basic", "video.publish", "video.upload"}),
        renew_in_ms=64_800_000,
    )
    return replace(plain, **changes)


def new_grant(name: str, **changes: Any) -> NewGrant:  # noqa: ANN401 - any member of NewGrant
    """Return the consent of the account `name`, with `changes`."""
    plain = NewGrant(
        id=f"grant-{name}",
        account_id=name,
        workspace_id="w",
        app_id="app",
        open_id=f"open-{name}",
        username=f"user_{name}",
        tokens=new_tokens(pair=Pair(access=f"act.token-{name}", refresh=f"rft.token-{name}")),
    )
    return replace(plain, **changes)


def set_stage(database: Database, clock: HandClock) -> Stage:
    """Put a workspace with the accounts `a` and `b`, connected to one app, into a database."""
    sealer = Sealer(Secrets(b"s" * 32), IDS)
    stage = Stage(
        database=database,
        ledger=SqlLedger(database, ids=IDS),
        access=SqlAccess(database, sealer=sealer),
        apps=SqlApps(database, sealer=sealer),
        grants=SqlGrants(database, ids=IDS, sealer=sealer),
        logins=SqlLogins(database, sealer=sealer),
        media=SqlMedia(database),
        clock=clock,
    )
    stage.access.add_workspace("w", "Work")
    stage.apps.keep(new_app())
    for account_id in ("a", "b"):
        stage.grants.connect(new_grant(account_id))
    return stage


@pytest.fixture
def stage(database: Database, clock: HandClock) -> Stage:
    """Give a ledger on each kind of database in turn."""
    return set_stage(database, clock)
