"""Rows of SQL to the engine's values and back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import RowMapping

from connector.domain.lifecycle import AttemptState, State
from connector.engine.model import Account, ApiKey, Attempt, Entry, Failure, MediaItem, NewPost, Post
from connector.kernel.jsontext import canonical, compact

Row = RowMapping | Mapping[str, Any]


DIALECT = "@dialect"
"""Under this name, which no field can have, a post's `input` in SQL tells the dialect that it came by."""


def media_text(media: Sequence[MediaItem]) -> str:
    """Spell the files of a post as JSON."""
    return canonical([asdict(item) for item in media])


def media_of(text: str) -> tuple[MediaItem, ...]:
    """Read the files of a post."""
    return tuple(MediaItem(**{**item, "changes": tuple(item["changes"])}) for item in json.loads(text))


def failure_text(failure: Failure | None) -> str | None:
    """Spell a failure as JSON."""
    return None if failure is None else compact(asdict(failure))


def _failure_of(text: str | None) -> Failure | None:
    if text is None:
        return None
    told = json.loads(text)
    return Failure(**{**told, "details": tuple(told["details"])})


def optional_text(value: Mapping[str, object] | None) -> str | None:
    """Spell a JSON object that may be missing."""
    return None if value is None else compact(value)


UNKNOWN_YET: Mapping[str, object] = {
    "publish_id": None,
    "tiktok_status": None,
    "settled_at": None,
    "attempts_before": 0,
    "raw_status": None,
    "failure": None,
}
"""What the row of a post that has just been accepted holds beside what it is given."""


def new_post(new: NewPost, now: int) -> dict[str, object]:
    """Return the hot row of a post that has just been accepted: queued, and due at once."""
    return {
        "id": new.id,
        "workspace_id": new.workspace_id,
        "account_id": new.account_id,
        "operation": new.operation,
        "kind": new.kind,
        "mode": new.mode,
        "app_id": new.app_id,
        "transfer": new.transfer,
        "state": State.QUEUED.value,
        "version": 0,
        "next_at": now,
        "tries": 0,
        "public_ids": "[]",
        "input_hash": new.input_hash,
        "created_at": now,
        "updated_at": now,
    }


def new_content(new: NewPost) -> dict[str, object]:
    """Return the wide row of a post that has just been accepted, without its id."""
    return {
        "input": canonical(new.input if new.dialect is None else {**new.input, DIALECT: new.dialect}),
        "receipt": compact(new.receipt),
        "media": "[]",
    }


def hot_columns(post: Post) -> dict[str, object]:
    """Return what a fenced write may alter in the hot row."""
    return {
        "state": post.state.value,
        "mode": post.mode,
        "version": post.version,
        "tries": post.tries,
        "publish_id": post.publish_id,
        "tiktok_status": post.tiktok_status,
        "public_ids": canonical(list(post.public_ids)),
        "updated_at": post.updated_at,
        "settled_at": post.settled_at,
    }


def wide_columns(post: Post) -> dict[str, object]:
    """Return what a fenced write may alter in the wide row."""
    return {
        "receipt": compact(post.receipt),
        "media": media_text(post.media),
        "raw_status": optional_text(post.raw_status),
        "failure": failure_text(post.failure),
    }


def post_of(row: Row) -> Post:
    """Read a post from a row that joins `posts` and `post_content`."""
    given = json.loads(row["input"])
    return Post(
        id=row["id"],
        workspace_id=row["workspace_id"],
        account_id=row["account_id"],
        operation=row["operation"],
        kind=row["kind"],
        mode=row["mode"],
        transfer=row["transfer"],
        state=State(row["state"]),
        dialect=given.pop(DIALECT, None),
        input=given,
        receipt=json.loads(row["receipt"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        version=row["version"],
        tries=row["tries"],
        next_at=row["next_at"],
        media=media_of(row["media"]),
        publish_id=row["publish_id"],
        tiktok_status=row["tiktok_status"],
        public_ids=tuple(json.loads(row["public_ids"])),
        raw_status=None if row["raw_status"] is None else json.loads(row["raw_status"]),
        failure=_failure_of(row["failure"]),
        settled_at=row["settled_at"],
        app_id=row["app_id"],
        attempts_before=row["attempts_before"],
    )


def attempt_of(row: Row) -> Attempt:
    """Read an attempt."""
    return Attempt(**{**row, "state": AttemptState(row["state"])})


def entry_of(row: Row) -> Entry:
    """Read a line of a timeline."""
    return Entry(**row)


def key_of(row: Row) -> ApiKey:
    """Read an API key; the hash of its secret stays behind."""
    return ApiKey(
        id=row["id"],
        workspace_id=row["workspace_id"],
        name=row["name"],
        created_at=row["created_at"],
        scopes=frozenset(json.loads(row["scopes"])),
        account_id=row["account_id"],
        expires_at=row["expires_at"],
        last_used_at=row["last_used_at"],
        revoked_at=row["revoked_at"],
    )


def account_of(row: Row, grant: Row, access_token: str) -> Account:
    """Read an account and the grant by which it is acted for, whose token has been opened already."""
    return Account(
        id=row["id"],
        workspace_id=row["workspace_id"],
        open_id=row["open_id"],
        username=row["username"],
        access_token=access_token,
        disconnected=grant["state"] == "disconnected",
        paced=row["paced"],
        sandbox=row["sandbox"],
        display_name=row["display_name"],
        app_id=grant["app_id"],
        grant_id=grant["id"],
        scopes=None if grant["scopes"] is None else frozenset(json.loads(grant["scopes"])),
    )
