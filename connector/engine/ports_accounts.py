"""What the engine needs to keep apps, grants and logins, as protocols; `wiring` fills them.

Each method is one transaction, durable when it returns. Secrets are sealed at rest.
"""

from collections.abc import Iterable
from typing import Protocol

from connector.domain.audit import Audit
from connector.engine.model_accounts import (
    App,
    Grant,
    GrantClaim,
    GrantLease,
    GrantState,
    Invitation,
    Login,
    NewGrant,
    NewPair,
)


class AppStore(Protocol):
    """The TikTok apps of this installation."""

    def keep(self, app: App) -> App:
        """Store an app; one with the same client key keeps its id and what is known of its audit."""

    def apps(self) -> list[App]:
        """List all apps, oldest first."""

    def find(self, ref: str) -> App | None:
        """Find an app by its id or client key."""

    def set_audit(self, app_id: str, audit: Audit, user_cap: int | None) -> None:
        """Note what the operator knows of an app; what refusals taught before is forgotten."""

    def learn(self, app_id: str, code: str, message: str, tiktok_log_id: str | None) -> None:
        """Note what a refusal says about an app; the first one of its code stays noted beside the last."""

    def active_accounts(self, app_id: str, since: int) -> frozenset[str]:
        """Return the accounts for which the app has sent a direct post since a time."""


class GrantStore(Protocol):
    """Which app may act for which account, and by which tokens. One owner renews a grant at a time."""

    def connect(self, new: NewGrant) -> Grant:
        """Store a consent with its account, new or known, and write the event `account_connected`.

        Posts of the account that wait become due now.
        """

    def grant(self, grant_id: str) -> Grant | None:
        """Return a grant by its id."""

    def grants(self, workspace_id: str) -> list[Grant]:
        """List the grants of a workspace, oldest first."""

    def claim_due(self, owner: str, *, limit: int, ttl_ms: int) -> list[GrantClaim]:
        """Lease up to `limit` grants that are due for renewal, the longest due first."""

    def take(self, grant_id: str, owner: str, *, ttl_ms: int) -> GrantClaim | None:
        """Lease one live grant now, due or not; None while somebody else holds it."""

    def extend(self, lease: GrantLease, *, ttl_ms: int) -> None:
        """Let a lease last for `ttl_ms` from now. Raises LeaseLost."""

    def store_pair(self, lease: GrantLease, tokens: NewPair) -> Grant:
        """Replace a grant's tokens and give it back. Raises LeaseLost; ValueError for an empty token."""

    def give_back(self, lease: GrantLease, *, next_in_ms: int | None, tries: int) -> None:
        """Give a grant back as it is, due again in `next_in_ms` (None: never). Raises LeaseLost."""

    def end(self, grant_id: str, state: GrantState, reason: str, *, lease: GrantLease | None = None) -> bool:
        """End a live grant: its tokens are erased and its event is written; False when it was not live.

        One that waits for a new consent is not live, and can still be `disconnected`.
        The event is `account_needs_reconnect`, or `account_disconnected`. With a `lease` only its holder
        may: raises LeaseLost.
        """

    def end_removed(self, client_key: str, open_id: str, reason: str) -> list[Grant]:
        """End every live grant of an account for an app, as TikTok's `authorization.removed` tells.

        Returns those that have ended by this, each with an event `account_needs_reconnect`.
        """

    def warn(self, grant: Grant, expires_at: int, what: str) -> bool:
        """Write the event `account_token_expiring` once for each time of expiry; say whether it was new."""

    def next_due(self) -> int | None:
        """Return the earliest `next_at` of any grant."""


class LoginStore(Protocol):
    """Logins under way, and who was invited to connect."""

    def begin(self, login: Login) -> None:
        """Store a login, its PKCE verifier sealed; logins long past their time are deleted."""

    def use(self, login_id: str, bound_to: str) -> Login | None:
        """Take a login, once, for whoever began it; None when used, too old, unknown or somebody else's."""

    def invite(self, invitations: Iterable[Invitation]) -> None:
        """Store invitations."""

    def invitation(self, invitation_id: str) -> Invitation | None:
        """Return an invitation."""

    def invitations(self, workspace_id: str) -> list[Invitation]:
        """List the invitations of a workspace, oldest first."""

    def connected(self, invitation_id: str, account_id: str) -> None:
        """Note that an invitation has led to an account: its link is spent."""
