"""The values of an incident: who decided what, what is paused, and the audit. Frozen, keyword-only.

Times are UTC milliseconds since the epoch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from connector.domain.lifecycle import State
from connector.engine.model import Entry

ScopeKind = Literal["account", "app", "workspace", "all"]

OPERATOR = "cli"
"""Who acts by the command line of the installation."""

ALARM = "post_alarm"
"""The event of a post that was published although that cannot be."""


class Word(StrEnum):
    """Whether TikTok has said of a post that it is published, whenever it did.

    `guessed`: it has said so of a publish id alone that none of its answers gave us, and that was taken for
    the one of an init without an answer. Another tool on the same app may have opened it.
    """

    NONE = "none"
    GUESSED = "guessed"
    SAID = "said"


@dataclass(frozen=True, kw_only=True)
class Deed:
    """What somebody does, for the audit: who by id and name, what, to what, and a note of theirs.

    `workspace_id` is None where it touches every workspace. Nothing secret goes in.
    """

    who: str
    who_name: str
    action: str
    workspace_id: str | None
    target: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class AuditLine:
    """A deed as it was written down, with how the thing stood before and after it."""

    id: int
    at: int
    workspace_id: str | None
    who: str
    who_name: str
    action: str
    target: str
    before: str
    after: str
    note: str


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The posts of an account, of an app, of a workspace, or all: `target` is whose, empty for `all`.

    `workspace_id` is the workspace whose posts are meant, empty for those of every workspace.
    """

    kind: ScopeKind
    target: str = ""
    workspace_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Pause:
    """That nothing new of a scope is sent to TikTok: since when, by whom and why."""

    scope: Scope
    since: int
    by: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Parked:
    """A post whose pause is over: whose it is, when it was due, and whether its files are here already."""

    post_id: str
    workspace_id: str
    account_id: str
    app_id: str | None
    kind: str
    mode: str
    due: int
    has_media: bool


@dataclass(frozen=True, kw_only=True)
class Slot:
    """The next call of an account's rate `kind`: `burst` at once, then one each `gap_ms` milliseconds."""

    account_id: str
    kind: str
    gap_ms: int
    burst: int


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a person says has become of a post.

    `code` and `message` are why it failed, where it has; `public_ids` TikTok's ids of what was published.
    """

    state: State
    entry: Entry
    public_ids: tuple[str, ...] = ()
    code: str = ""
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class Anew:
    """How a failed post is tried anew: as which app, and whether a later twin of it is no obstacle.

    It is due when the `slot` is that is reserved for it; at once where it needs none.
    """

    app_id: str | None
    entry: Entry
    slot: Slot | None = None
    allow_repeat: bool = False


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which posts a list shows: of these states and this account, the newest first, from behind `before`."""

    limit: int
    states: Sequence[State] = ()
    account_id: str | None = None
    before: str | None = None


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """How many posts of a workspace wait for a person, and of how many that are kept an alarm was raised."""

    held: int
    unconfirmed: int
    alarms: int
