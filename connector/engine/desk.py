"""Where accounts are connected: the ports of apps, grants and logins, and the login client, in one place."""

from dataclasses import dataclass
from typing import Protocol

from connector.domain.renewal import RENEW_AFTER
from connector.engine.ports import AccessStore, Ledger
from connector.engine.ports_accounts import AppStore, GrantStore, LoginStore
from connector.engine.ports_tiktok import FullTikTok, TikTokLogin
from connector.kernel.ids import Ids
from connector.kernel.signing import Signer


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Everything about who may act for whom.

    `tiktok` makes one call and no second one: it renews no token. `renew_after` is the part of an access
    token's life after which it is renewed. `owner` names this process in leases. `pkce_on_web`: web logins
    are proven by PKCE too, which TikTok demands of desktop logins alone.
    """

    apps: AppStore
    grants: GrantStore
    logins: LoginStore
    login: TikTokLogin
    tiktok: FullTikTok
    signer: Signer
    owner: str
    renew_after: float = RENEW_AFTER
    pkce_on_web: bool = False


class Office(Protocol):
    """What the management of accounts needs: the engine's context, or the few parts that a command opens."""

    @property
    def desk(self) -> Desk:
        """Where accounts are connected."""

    @property
    def access(self) -> AccessStore:
        """Workspaces, keys and accounts."""

    @property
    def ledger(self) -> Ledger:
        """The store's time, and posts."""

    @property
    def ids(self) -> Ids:
        """Ids and tokens."""

    @property
    def public_url(self) -> str:
        """What the outside calls this server."""
