"""The values about who may act for whom: apps, grants, logins, invitations. Frozen, keyword-only.

Times are UTC milliseconds since the epoch, lifetimes seconds as TikTok gives them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from connector.domain.audit import Audit
from connector.engine.ports_tiktok import AppKeys, RedirectKind

GrantState = Literal["live", "reconnect", "disconnected"]
"""Whether an app may act for an account, must be allowed anew by its creator, or was taken off here."""


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """What a refusal of TikTok's taught about an app: its code, and when it was met first and last."""

    code: str
    message: str
    first_at: int
    last_at: int
    tiktok_log_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class App:
    """A TikTok app that this installation acts as.

    `redirect_uri` is the address registered at TikTok; on desktop its port may be `*`. `scopes` are those
    that a login asks for. `user_cap` is the most accounts that may post within 24 hours, None where nobody
    said. `lessons` are by code.
    """

    id: str
    client_key: str
    client_secret: str = field(repr=False)
    label: str
    kind: RedirectKind
    redirect_uri: str
    scopes: tuple[str, ...]
    sandbox: bool = False
    audit: Audit = "unknown"
    user_cap: int | None = None
    lessons: Mapping[str, Lesson] = field(default_factory=dict)
    created_at: int = 0

    @property
    def keys(self) -> AppKeys:
        """Return what the app proves itself with."""
        return AppKeys(client_key=self.client_key, client_secret=self.client_secret)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The tokens of a grant. `refresh` is None where the grant cannot be renewed."""

    access: str = field(repr=False)
    refresh: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Grant:
    """That an app may act for an account: its tokens and how long they last.

    `pair` is None once the grant has ended; `reason` is then the code of what ended it. `open_id` is the
    account's as this app knows it. `next_at` is when the pair is due for renewal, or the lease on it ends.
    """

    id: str
    workspace_id: str
    account_id: str
    app_id: str
    open_id: str
    state: GrantState
    scopes: frozenset[str]
    pair: Pair | None
    reason: str | None = None
    expires_at: int | None = None
    refresh_expires_at: int | None = None
    next_at: int | None = None
    tries: int = 0
    created_at: int = 0
    updated_at: int = 0


@dataclass(frozen=True, kw_only=True)
class NewPair:
    """Tokens as they came from TikTok; `renew_in_ms` is when to renew them, None for never.

    A member at None leaves what was known before: tokens and times are never replaced by nothing.
    """

    pair: Pair
    expires_in_s: int | None
    refresh_expires_in_s: int | None
    scopes: frozenset[str] | None
    renew_in_ms: int | None


@dataclass(frozen=True, kw_only=True)
class NewGrant:
    """A consent that a creator has given: whose, to which app, and its first tokens.

    `id` and `account_id` are for what is not there yet. An account that is known by the same open_id, or by
    the same `union_id` (TikTok's id of a creator for all apps of one developer), is the same account.
    """

    id: str
    account_id: str
    workspace_id: str
    app_id: str
    open_id: str
    username: str
    tokens: NewPair
    display_name: str | None = None
    union_id: str | None = None
    paced: bool = True
    sandbox: bool = False


@dataclass(frozen=True, kw_only=True)
class GrantLease:
    """The right to renew a grant, until it is given back, expires or is taken over."""

    grant_id: str
    token: str
    owner: str


@dataclass(frozen=True, kw_only=True)
class GrantClaim:
    """A grant in hand. `in_doubt`: whoever had it before may have renewed it without storing the result."""

    grant: Grant
    lease: GrantLease
    in_doubt: bool


@dataclass(frozen=True, kw_only=True)
class Login:
    """A login under way: what its state, which is kept as a hash, stands for.

    `bound_to` is a hash of the browser session or API key that began it; `verifier` is PKCE's.
    """

    id: str
    workspace_id: str
    app_id: str
    bound_to: str
    redirect_uri: str
    expires_at: int
    verifier: str | None = field(default=None, repr=False)
    invitation_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """A person who is to connect an account by a signed link; `app_id` None leaves the app to them."""

    id: str
    workspace_id: str
    name: str
    expires_at: int
    app_id: str | None = None
    created_at: int = 0
    account_id: str | None = None
    connected_at: int | None = None
