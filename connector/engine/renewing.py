"""TikTok's calls with tokens that renew themselves: a refused access token is renewed, the call made again.

A call that TikTok refuses for its token has had no effect, so this holds for inits too. It is made again
once; what is refused then is refused. What a call shows of the way to TikTok is noted.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from connector.domain.chunks import Chunk, ChunkPlan
from connector.engine.blobs import Blob
from connector.engine.model import Account, Post
from connector.engine.ports import (
    Call,
    CreatorInfo,
    Initiated,
    PublishStatus,
    TikTokError,
    Uploaded,
)
from connector.engine.ports_tiktok import FullTikTok, UserInfo, VideoPage
from connector.engine.reach import Reach
from connector.engine.tokens import Renewals

T = TypeVar("T")

TOKEN_REFUSED = "access_token_invalid"  # noqa: S105 - TikTok's error code, no token


class RenewingTikTok:
    """`FullTikTok` over one that renews nothing."""

    def __init__(self, inner: FullTikTok, renewals: Renewals, reach: Reach) -> None:
        self._inner = inner
        self._renewals = renewals
        self._reach = reach

    def _noted(self, ask: Callable[[], T]) -> T:
        try:
            answer = ask()
        except TikTokError as error:
            if error.outcome == "unsent":
                self._reach.lost()
            elif error.call.status is not None:
                self._reach.found()
            raise
        self._reach.found()
        return answer

    def _twice(self, account: Account, ask: Callable[[Account], T]) -> T:
        try:
            return self._noted(lambda: ask(account))
        except TikTokError as error:
            if (error.code, error.outcome) != (TOKEN_REFUSED, "refused"):
                raise
            renewed = self._renewals.renewed(account)
            if renewed is None:
                raise
        return self._noted(lambda: ask(renewed))

    def creator_info(self, account: Account) -> CreatorInfo:
        """Ask what the account may post."""
        return self._twice(account, self._inner.creator_info)

    def init_video(
        self, account: Account, post: Post, *, plan: ChunkPlan | None, video_url: str | None
    ) -> Initiated:
        """Open a video post."""
        return self._twice(
            account, lambda fresh: self._inner.init_video(fresh, post, plan=plan, video_url=video_url)
        )

    def init_photo(self, account: Account, post: Post, *, photo_urls: Sequence[str]) -> Initiated:
        """Open a photo post."""
        return self._twice(account, lambda fresh: self._inner.init_photo(fresh, post, photo_urls=photo_urls))

    def upload_chunk(self, upload_url: str, blob: Blob, chunk: Chunk, *, mime: str) -> Uploaded:
        """PUT one chunk; its address is its own permission, so there is no token to renew."""
        return self._noted(lambda: self._inner.upload_chunk(upload_url, blob, chunk, mime=mime))

    def status(self, account: Account, publish_id: str) -> PublishStatus:
        """Ask how a publish task stands."""
        return self._twice(account, lambda fresh: self._inner.status(fresh, publish_id))

    def cancel(self, account: Account, publish_id: str) -> Call:
        """Ask TikTok to stop fetching the media of a post."""
        return self._twice(account, lambda fresh: self._inner.cancel(fresh, publish_id))

    def user_info(self, account: Account, scopes: frozenset[str]) -> UserInfo:
        """Read the profile."""
        return self._twice(account, lambda fresh: self._inner.user_info(fresh, scopes))

    def video_list(self, account: Account, *, before: int | None = None, limit: int = 20) -> VideoPage:
        """Read public videos."""
        return self._twice(account, lambda fresh: self._inner.video_list(fresh, before=before, limit=limit))

    def video_query(self, account: Account, video_ids: Sequence[str]) -> VideoPage:
        """Read videos by their ids."""
        return self._twice(account, lambda fresh: self._inner.video_query(fresh, video_ids))
