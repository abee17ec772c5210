"""Renews the tokens of accounts: ahead of time, one at a time, and told when it no longer works.

A renewal may have happened although its answer was lost, and the old refresh token may then be worth nothing.
So a lost renewal is asked for once more with the old token: TikTok either gives a pair again or refuses, and
then the account says that it must be connected again. It is never left in silence.
"""

from collections.abc import Callable
from dataclasses import replace

from connector.domain.renewal import LEASE_MS, WARN_ACCESS_MS, WARN_AHEAD_MS, again_in_ms
from connector.engine.connect import new_pair
from connector.engine.desk import Desk
from connector.engine.model import Account
from connector.engine.model_accounts import App, Grant, GrantClaim, NewPair
from connector.engine.ports import Call, LeaseLost, TikTokError
from connector.engine.ports_tiktok import LoginError, TokenPair
from connector.kernel.errors import PostrailError
from connector.kernel.log import get_log

log = get_log("tokens")

CALL = "oauth/token refresh"
STORE_TRIES = 3
"""Times that a new pair is offered to the ledger: it exists nowhere else."""


class Renewals:
    """Renews tokens at `desk`; `now` is the store's time (UTC ms)."""

    def __init__(self, desk: Desk, now: Callable[[], int]) -> None:
        self._desk = desk
        self._now = now

    def due(self, *, limit: int = 8) -> int:
        """Renew what is due now; return how many grants were taken in hand."""
        claims = self._desk.grants.claim_due(self._desk.owner, limit=limit, ttl_ms=LEASE_MS)
        for claim in claims:
            self._attend(claim)
        return len(claims)

    def next_due(self) -> int | None:
        """Return the earliest time (UTC ms) at which something is due."""
        return self._desk.grants.next_due()

    def renewed(self, account: Account) -> Account | None:
        """Return an account whose access token TikTok has refused, with a newer one.

        None where its tokens cannot be renewed. Raises TikTokError `account_needs_reconnect` when TikTok
        refuses to renew them, `tiktok_refresh_failed` when that may pass: then nothing has been sent.
        """
        grant = self._desk.grants.grant(account.grant_id) if account.grant_id else None
        if grant is None or (grant.pair is not None and grant.pair.refresh is None):
            return None
        if grant.pair is not None and grant.pair.access != account.access_token:
            return replace(account, access_token=grant.pair.access)
        if grant.pair is not None:
            grant = self._take_and_renew(grant, account)
        if grant.pair is None:
            call = Call(name=CALL, code=grant.reason)
            raise TikTokError(
                "refused", call, "account_needs_reconnect", "The account must be connected again."
            )
        return replace(account, access_token=grant.pair.access)

    def _take_and_renew(self, grant: Grant, account: Account) -> Grant:
        claim = self._desk.grants.take(grant.id, self._desk.owner, ttl_ms=LEASE_MS)
        if claim is None:
            raise _not_now("Another process renews the account's tokens at this moment.")
        pair = claim.grant.pair
        if pair is not None and pair.access != account.access_token:
            wait = None if grant.next_at is None else max(0, grant.next_at - self._now())
            self._desk.grants.give_back(claim.lease, next_in_ms=wait, tries=0)
            return claim.grant
        return self._attend(claim) or self._ended(grant)

    def _ended(self, grant: Grant) -> Grant:
        """Return a grant that was not renewed, if it has ended by that. Raises TikTokError otherwise."""
        after = self._desk.grants.grant(grant.id) or grant
        if after.state == "live":
            raise _not_now("TikTok did not renew the account's tokens just now.")
        return after

    def _attend(self, claim: GrantClaim) -> Grant | None:
        """See one grant through: renewed and stored, ended, or given back for later."""
        try:
            return self._renew(claim)
        except LeaseLost:
            log.warning("renewal_lost", grant_id=claim.grant.id, why="another owner or login took over")
            return None

    def _renew(self, claim: GrantClaim) -> Grant | None:
        grant, app = claim.grant, self._desk.apps.find(claim.grant.app_id)
        if app is None or grant.pair is None or grant.pair.refresh is None:
            self._desk.grants.give_back(claim.lease, next_in_ms=None, tries=0)
            return None
        try:
            tokens = self._ask(claim, app, grant.pair.refresh)
        except LoginError as error:
            self._refused(claim, error)
            return None
        grant = self._store(claim, new_pair(tokens, self._desk.renew_after))
        ends = grant.refresh_expires_at
        if ends is not None and ends - self._now() < WARN_AHEAD_MS:
            self._desk.grants.warn(grant, ends, "refresh_token")
        return grant

    def _ask(self, claim: GrantClaim, app: App, refresh_token: str) -> TokenPair:
        """Ask TikTok for a new pair; a lost answer is asked for once more with the same token."""
        try:
            return self._desk.login.refresh(app.keys, refresh_token)
        except LoginError as error:
            if error.outcome != "unknown":
                raise
            log.warning("renewal_unanswered", grant_id=claim.grant.id, code=error.code)
        self._desk.grants.extend(claim.lease, ttl_ms=LEASE_MS)
        return self._desk.login.refresh(app.keys, refresh_token)

    def _store(self, claim: GrantClaim, tokens: NewPair) -> Grant:
        """Store a pair before anybody uses it. Raises LeaseLost, and PostrailError without a ledger."""
        left = STORE_TRIES
        while True:
            left -= 1
            try:
                return self._desk.grants.store_pair(claim.lease, tokens)
            except PostrailError as error:
                log.warning("pair_not_stored", grant_id=claim.grant.id, code=error.code, left=left)
                if not left:
                    raise

    def _refused(self, claim: GrantClaim, error: LoginError) -> None:
        """End the grant when its refresh token is worth nothing any more; otherwise try again later."""
        grant, tries = claim.grant, claim.grant.tries + 1
        if error.revoked:
            log.warning("account_needs_reconnect", account_id=grant.account_id, code=error.code)
            self._desk.grants.end(grant.id, "reconnect", error.code, lease=claim.lease)
            return
        log.warning("renewal_failed", grant_id=grant.id, code=error.code, tries=tries)
        self._desk.grants.give_back(claim.lease, next_in_ms=again_in_ms(tries), tries=tries)
        ends = grant.expires_at
        if ends is not None and ends - self._now() < WARN_ACCESS_MS:
            self._desk.grants.warn(grant, ends, "access_token")


def _not_now(message: str) -> TikTokError:
    return TikTokError("unsent", Call(name=CALL), "tiktok_refresh_failed", message)
