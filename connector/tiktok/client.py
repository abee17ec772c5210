"""Every call that TikTok offers for an account: publishing, and what the account shows of itself."""

from collections.abc import Mapping, Sequence
from typing import Any

from connector.domain.chunks import Chunk, ChunkPlan
from connector.domain.net import origin_of
from connector.engine.blobs import Blob
from connector.engine.model import Account, Post
from connector.engine.ports import Call, CreatorInfo, Initiated, PublishStatus, TikTokError, Uploaded
from connector.engine.ports_tiktok import UserInfo, VideoPage
from connector.kernel.clock import Clock
from connector.net import Egress, Timeout
from connector.tiktok import display, posting, wire
from connector.tiktok.calls import Caller, Request

UPLOAD_TIMEOUT = Timeout(connect_s=10, idle_s=60, total_s=1800)
UPLOAD_HOSTS = ".tiktokapis.com"
HTTPS_PORT = 443

_ALL_RECEIVED, _CHUNK_STORED, _NOT_THE_NEXT_RANGE = 201, 206, 416


class TikTokClient:
    """TikTok's Content Posting and Display API at `base_url` (no trailing slash)."""

    def __init__(self, egress: Egress, base_url: str, clock: Clock) -> None:
        self._caller = Caller(egress, base_url, clock)

    def creator_info(self, account: Account) -> CreatorInfo:
        """Ask what the account may post (20 calls a minute)."""
        return posting.read_creator(*self._caller.api(wire.CREATOR_INFO, account))

    def init_video(
        self, account: Account, post: Post, *, plan: ChunkPlan | None, video_url: str | None
    ) -> Initiated:
        """Open a video post, or a draft in the creator's inbox when that is the post's mode.

        Six calls a minute. Not idempotent at TikTok.
        """
        if post.mode == "inbox":
            draft = posting.inbox_init_body(plan=plan, video_url=video_url)
            return _initiated(*self._caller.api(wire.INBOX_INIT, account, draft))
        body = posting.video_init_body(post, plan=plan, video_url=video_url)
        return _initiated(*self._caller.api(wire.VIDEO_INIT, account, body))

    def init_photo(self, account: Account, post: Post, *, photo_urls: Sequence[str]) -> Initiated:
        """Open a photo post or draft, by the post's mode (6 calls a minute). Not idempotent at TikTok."""
        body = posting.photo_init_body(post, photo_urls)
        return _initiated(*self._caller.api(wire.CONTENT_INIT, account, body))

    def status(self, account: Account, publish_id: str) -> PublishStatus:
        """Ask how a publish task stands (30 calls a minute)."""
        found = self._caller.api(wire.STATUS_FETCH, account, {"publish_id": publish_id})
        return posting.read_status(*found)

    def cancel(self, account: Account, publish_id: str) -> Call:
        """Ask TikTok to stop fetching a post's media; best effort, the status tells whether it helped."""
        _, call = self._caller.api(wire.CANCEL, account, {"publish_id": publish_id})
        return call

    def user_info(self, account: Account, scopes: frozenset[str]) -> UserInfo:
        """Read the profile, as far as the granted `scopes` allow (600 calls a minute)."""
        query = display.fields_query(display.user_fields(scopes))
        data, call = self._caller.api(wire.USER_INFO, account, query=query)
        try:
            return display.read_user(data, call)
        except wire.ReplyError as problem:
            raise TikTokError("retry", call, "tiktok_error", str(problem)) from problem

    def video_list(self, account: Account, *, before: int | None = None, limit: int = 20) -> VideoPage:
        """Read public videos, newest first, posted before a time in UTC ms (600 calls a minute)."""
        return self._videos(wire.VIDEO_LIST, account, display.list_body(before=before, limit=limit))

    def video_query(self, account: Account, video_ids: Sequence[str]) -> VideoPage:
        """Read 1 to 20 videos by their ids; those of others are left out (600 calls a minute)."""
        return self._videos(wire.VIDEO_QUERY, account, display.query_body(video_ids))

    def _videos(self, endpoint: wire.Endpoint, account: Account, body: Mapping[str, object]) -> VideoPage:
        query = display.fields_query(display.VIDEO_FIELDS)
        return display.read_page(*self._caller.api(endpoint, account, body, query=query))

    def upload_chunk(self, upload_url: str, blob: Blob, chunk: Chunk, *, mime: str) -> Uploaded:
        """PUT one chunk without an Authorization header. 201, 206 and 416 are answers; the rest raises."""
        self._check_upload_url(upload_url)
        request = Request(
            name="PUT upload",
            method="PUT",
            url=upload_url,
            headers={
                "Content-Type": mime,
                "Content-Range": f"bytes {chunk.first}-{chunk.last}/{chunk.total}",
            },
            body=blob.open(chunk.first, chunk.size),
            size=chunk.size,
            timeout=UPLOAD_TIMEOUT,
        )
        reply, call = self._caller.send(request)
        held = posting.uploaded_in(reply.headers.get("content-range"))
        if reply.status == _ALL_RECEIVED:
            return Uploaded(uploaded=chunk.total, complete=True, call=call)
        if reply.status == _CHUNK_STORED:
            return Uploaded(uploaded=chunk.last + 1, complete=False, call=call)
        if reply.status == _NOT_THE_NEXT_RANGE and held is not None:
            return Uploaded(uploaded=min(held, chunk.total), complete=held >= chunk.total, call=call)
        # The same chunk may be sent again after a 5xx: the media transfer guide asks for that.
        outcome = wire.outcome_of(reply.status, "", repeatable=True)
        message = f"TikTok answered a chunk with HTTP {reply.status}"
        raise TikTokError(outcome, call, "tiktok_upload_failed", message)

    def _check_upload_url(self, upload_url: str) -> None:
        """Refuse to send media anywhere but to TikTok's upload hosts (or the sandbox that we talk to)."""
        try:
            origin = origin_of(upload_url)
        except ValueError:
            origin = None
        theirs = (
            origin is not None
            and (origin.scheme, origin.port) == ("https", HTTPS_PORT)
            and origin.host.endswith(UPLOAD_HOSTS)
        )
        if not theirs and origin != origin_of(self._caller.base_url):
            message = "the upload URL is on no host of TikTok's"
            raise TikTokError("refused", Call(name="PUT upload"), "tiktok_upload_failed", message)


def _initiated(data: Mapping[str, Any], call: Call) -> Initiated:
    publish_id = data.get("publish_id")
    if not publish_id:
        raise TikTokError("unknown", call, "tiktok_error", "TikTok's reply has no publish_id")
    return Initiated(publish_id=str(publish_id), upload_url=data.get("upload_url"), call=call)
