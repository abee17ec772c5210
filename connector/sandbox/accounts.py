"""The pretend creators: who they are, what they allow, and the access token that speaks for each."""

import sqlite3
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, NonNegativeInt, PositiveInt

from connector.kernel.clock import Clock
from connector.kernel.ids import Ids
from connector.sandbox.database import Database
from connector.sandbox.schema import DEFAULT_APP

ALL_SCOPES = "user.info.basic,user.info.profile,user.info.stats,video.list,video.publish,video.upload"
PUBLIC_OPTIONS = ("PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY")
PRIVATE_OPTIONS = ("FOLLOWER_OF_CREATOR", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY")


class Traits(BaseModel):
    """What can be set for an account.

    `max_video_post_duration_sec` is in seconds. `unaudited`: the client that holds this token has not passed
    TikTok's audit. `daily_post_cap` None: no cap, since TikTok names no number; `pending_share_cap` counts
    drafts within 24 hours that nobody posted. `privacy_level_options` replaces those of the account's kind.
    `old_app_version`: the creator's TikTok app is older than 31.8 and takes no photo drafts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    nickname: str = ""
    private_account: bool = False
    unaudited: bool = False
    banned: bool = False
    rate_limits: bool = True
    comment_disabled: bool = False
    duet_disabled: bool = False
    stitch_disabled: bool = False
    max_video_post_duration_sec: PositiveInt = 300
    daily_post_cap: NonNegativeInt | None = None
    pending_share_cap: NonNegativeInt | None = 5
    privacy_level_options: list[str] | None = None
    old_app_version: bool = False
    bio_description: str = ""
    is_verified: bool = False
    follower_count: NonNegativeInt = 0
    following_count: NonNegativeInt = 0
    likes_count: NonNegativeInt = 0


@dataclass(frozen=True, kw_only=True)
class Account:
    """A creator who granted `scope` (comma-separated) to the holder of `access_token`.

    `client_key` is the app that holds the token and `seen_as` the open_id under which it knows the creator.
    """

    open_id: str
    username: str
    access_token: str
    scope: str
    traits: Traits
    client_key: str = DEFAULT_APP
    seen_as: str = ""

    def allows(self, *scopes: str) -> bool:
        """Say whether one of `scopes` was granted."""
        return bool(set(scopes) & set(self.scope.split(",")))

    def privacy_options(self) -> tuple[str, ...]:
        """Return `privacy_level_options` of creator_info (reference 4.2)."""
        if self.traits.privacy_level_options is not None:
            return tuple(self.traits.privacy_level_options)
        return PRIVATE_OPTIONS if self.traits.private_account else PUBLIC_OPTIONS

    def as_dict(self) -> dict[str, object]:
        """Return the account as the control API shows it."""
        return {
            "open_id": self.open_id,
            "username": self.username,
            "access_token": self.access_token,
            "scope": self.scope,
            **self.traits.model_dump(),
        }


class Accounts:
    """The table of creators."""

    def __init__(self, database: Database, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids

    def add(
        self,
        traits: Traits,
        *,
        username: str | None = None,
        scope: str = ALL_SCOPES,
        open_id: str | None = None,
    ) -> Account:
        """Add a creator, under an `open_id` that is known elsewhere where one is given.

        Raises ValueError when the username or the open_id is taken.
        """
        with self._database.transaction():
            found = self._database.rows("SELECT COUNT(*) AS n FROM accounts")
            open_id = open_id or f"-000{self._ids.token()[:32]}"
            account = Account(
                open_id=open_id,
                seen_as=open_id,
                username=username or self._free_name(found[0]["n"] + 1),
                access_token=f"act.{self._ids.token()}!{found[0]['n']}.va",
                scope=scope,
                traits=traits,
            )
            if self.named(account.username) is not None:
                raise ValueError(f"the username {account.username} is taken")
            if self.by_id(open_id) is not None:
                raise ValueError(f"the open_id {open_id} is taken")
            self._database.insert(
                "accounts",
                open_id=account.open_id,
                username=account.username,
                access_token=account.access_token,
                scope=account.scope,
                traits=traits.model_dump_json(),
                created_at=self._clock.now(),
            )
        return account

    def change(self, account: Account, traits: Traits) -> None:
        """Replace a creator's traits."""
        sql = "UPDATE accounts SET traits = :traits WHERE open_id = :open_id"
        self._database.write(sql, traits=traits.model_dump_json(), open_id=account.open_id)

    def all(self) -> list[Account]:
        """Return all creators, oldest first."""
        return [_account(row) for row in self._database.rows("SELECT * FROM accounts ORDER BY rowid")]

    def named(self, username: str) -> Account | None:
        """Return the creator with this handle."""
        return self._one("SELECT * FROM accounts WHERE username = :value", username)

    def holder(self, access_token: str) -> Account | None:
        """Return the creator whom a token speaks for."""
        return self._one("SELECT * FROM accounts WHERE access_token = :value", access_token)

    def by_id(self, open_id: str) -> Account | None:
        """Return the creator with this open_id."""
        return self._one("SELECT * FROM accounts WHERE open_id = :value", open_id)

    def _free_name(self, number: int) -> str:
        while self.named(f"creator{number}") is not None:
            number += 1
        return f"creator{number}"

    def _one(self, sql: str, value: str) -> Account | None:
        row = self._database.row(sql, value=value)
        return None if row is None else _account(row)


def _account(row: sqlite3.Row) -> Account:
    return Account(
        open_id=row["open_id"],
        username=row["username"],
        access_token=row["access_token"],
        scope=row["scope"],
        traits=Traits.model_validate_json(row["traits"]),
        seen_as=row["open_id"],
    )
