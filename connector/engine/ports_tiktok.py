"""What Postrail asks of TikTok beside publishing: login, webhooks, and what an account shows of itself.

Kept apart from `ports.py` so that whoever only publishes sees only `TikTok`. Times are UTC milliseconds, ids
are strings, lifetimes are seconds as TikTok gives them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Protocol

from connector.engine.model import Account
from connector.engine.ports import Call, TikTok, TikTokError

RedirectKind = Literal["web", "desktop"]
"""Where TikTok sends the browser back to: an https address, or a port on the user's own machine."""


@dataclass(frozen=True, kw_only=True)
class UserInfo:
    """What user/info tells of an account; a member is None where its scope was not granted."""

    open_id: str
    call: Call
    union_id: str | None = None
    display_name: str | None = None
    username: str | None = None
    avatar_url: str | None = None
    bio_description: str | None = None
    profile_deep_link: str | None = None
    is_verified: bool | None = None
    follower_count: int | None = None
    following_count: int | None = None
    likes_count: int | None = None
    video_count: int | None = None


@dataclass(frozen=True, kw_only=True)
class Video:
    """A public video of an account; a member is None where TikTok does not tell it. `raw` is all it told."""

    id: str
    created_at: int | None = None
    title: str | None = None
    description: str | None = None
    share_url: str | None = None
    cover_image_url: str | None = None
    """Valid for six hours."""
    duration_s: int | None = None
    width: int | None = None
    height: int | None = None
    view_count: int | None = None
    like_count: int | None = None
    comment_count: int | None = None
    share_count: int | None = None
    raw: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class VideoPage:
    """Some of an account's videos, newest first; `next_before` (UTC ms) leads to more, None at the end."""

    videos: tuple[Video, ...]
    next_before: int | None
    call: Call


class FullTikTok(TikTok, Protocol):
    """All of TikTok's calls for an account. Every method raises TikTokError; none retries by itself."""

    def cancel(self, account: Account, publish_id: str) -> Call:
        """Ask TikTok to stop fetching the media of a post; whether that helped, its status says.

        May be asked again. Refused with `publish_not_cancellable` when the post is too far.
        """

    def user_info(self, account: Account, scopes: frozenset[str]) -> UserInfo:
        """Read the profile, as far as the granted `scopes` allow."""

    def video_list(self, account: Account, *, before: int | None = None, limit: int = 20) -> VideoPage:
        """Read up to `limit` (1 to 20) public videos posted before a time (UTC ms; None: the newest)."""

    def video_query(self, account: Account, video_ids: Sequence[str]) -> VideoPage:
        """Read 1 to 20 videos by their ids; those that are not the account's own are left out."""


@dataclass(frozen=True, kw_only=True)
class AppKeys:
    """What a TikTok app proves itself with. Sandbox apps have keys of their own."""

    client_key: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Callback:
    """What TikTok's consent page came back with: a code, or an error; with neither it was not TikTok.

    `scopes` are those that the user left on; `error_type` is an undocumented hint such as `redirect_uri`.
    """

    state: str
    code: str | None = field(default=None, repr=False)
    scopes: frozenset[str] = frozenset()
    error: str | None = None
    error_description: str | None = None
    error_type: str | None = None


@dataclass(frozen=True, kw_only=True)
class TokenPair:
    """The tokens of one account. Store them before they are used: the old pair may have ended with this one.

    `scopes` is None where TikTok did not repeat them (they are then as before).
    """

    open_id: str
    access_token: str = field(repr=False)
    expires_in_s: int
    refresh_token: str | None = field(repr=False)
    refresh_expires_in_s: int | None
    scopes: frozenset[str] | None
    call: Call


@dataclass(frozen=True, kw_only=True)
class ClientToken:
    """A token of the app itself, for calls that concern no account."""

    access_token: str = field(repr=False)
    expires_in_s: int
    call: Call


class LoginError(TikTokError):
    """An OAuth call that brought no tokens.

    Neither `revoked` nor `transient` means that the app's settings are wrong: its operator must act.
    """

    @property
    def revoked(self) -> bool:
        """Whether the code or token that was sent is worth nothing any more: the account must reconnect."""
        return self.outcome == "refused" and self.code == "invalid_grant"

    @property
    def transient(self) -> bool:
        """Whether it may go better later. With outcome `unknown` the tokens may have been changed already."""
        return self.outcome != "refused"


class TikTokLogin(Protocol):
    """TikTok's Login Kit. The calls that send raise LoginError; none retries by itself."""

    def redirect_kind(self, uri: str) -> RedirectKind:
        """Say which flow a redirect address is for. Raises PostrailError `invalid_request` for neither."""

    def authorize_url(
        self,
        client_key: str,
        redirect_uri: str,
        scopes: Sequence[str],
        state: str,
        *,
        verifier: str | None = None,
        always_ask: bool = False,
    ) -> str:
        """Return where to send the browser. `verifier` (43 to 128 characters) is needed on desktop.

        `always_ask` shows the consent page although TikTok knows the user: to connect a second account.
        """

    def read_callback(self, query: str) -> Callback:
        """Read the query string that TikTok added to the redirect address."""

    def exchange(self, app: AppKeys, code: str, redirect_uri: str, verifier: str | None = None) -> TokenPair:
        """Turn a code into tokens; works once for each code."""

    def refresh(self, app: AppKeys, refresh_token: str) -> TokenPair:
        """Get new tokens; the refresh token that was sent may be void from then on."""

    def revoke(self, app: AppKeys, access_token: str) -> Call:
        """Take the app off the user's account."""

    def client_token(self, app: AppKeys) -> ClientToken:
        """Get a token of the app itself."""


class EventKind(StrEnum):
    """What TikTok's webhooks tell, in one spelling each; UNKNOWN for what is not known here."""

    AUTHORIZATION_REMOVED = "authorization.removed"
    PUBLISH_FAILED = "post.publish.failed"
    PUBLISH_COMPLETE = "post.publish.complete"
    INBOX_DELIVERED = "post.publish.inbox_delivered"
    PUBLICLY_AVAILABLE = "post.publish.publicly_available"
    NO_LONGER_PUBLIC = "post.publish.no_longer_publicly_available"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class TikTokEvent:
    """One webhook of TikTok's, read.

    `name` is the event as TikTok spelt it; `digest` is the same for every delivery of one event; `content`
    holds everything that it carried, ids as strings.
    """

    kind: EventKind
    name: str
    client_key: str
    open_id: str | None
    created_at: int
    digest: str
    content: Mapping[str, object]
    publish_id: str | None = None
    post_id: str | None = None
    flow: Literal["direct", "inbox"] | None = None
    fail_reason: str | None = None
    """Why a publish failed, one of TikTok's fail_reasons."""
    removal_reason: int | None = None
    """0 unknown, 1 user disconnected, 2 account deleted, 3 age changed, 4 banned, 5 revoked by us."""


Verdict = Literal["genuine", "malformed", "forged", "stale"]


class TikTokHooks(Protocol):
    """What TikTok's webhooks mean. Pure."""

    def verify(
        self, header: str | None, raw: bytes, secret: str, *, now_ms: int, tolerance_s: int
    ) -> Verdict:
        """Hold the `TikTok-Signature` header to the raw body; `stale` when it is off by more than allowed."""

    def read_event(self, raw: bytes) -> TikTokEvent:
        """Read a webhook's body, verified or not. Raises PostrailError `bad_request`."""
