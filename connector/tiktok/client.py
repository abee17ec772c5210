"""Sends TikTok's calls through guarded egress and says of each failure whether it may have had an effect."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from connector.domain.chunks import Chunk, ChunkPlan
from connector.engine.model import Account, Post
from connector.engine.ports import Call, CreatorInfo, Initiated, PublishStatus, TikTokError, Uploaded
from connector.kernel.clock import Clock
from connector.kernel.jsontext import canonical
from connector.net import Broken, Egress, FileWindow, Reply, Timeout, Unsent
from connector.tiktok import wire

API_TIMEOUT = Timeout(connect_s=10, idle_s=20, total_s=30)
UPLOAD_TIMEOUT = Timeout(connect_s=10, idle_s=60, total_s=1800)
UPLOAD_HOSTS = ".tiktokapis.com"

Outcome = Literal["refused", "unsent", "unknown", "retry"]

_HTTP_TOO_MANY = 429
_HTTP_SERVER_ERROR = 500


class TikTokClient:
    """TikTok's Content Posting API at `base_url` (no trailing slash)."""

    def __init__(self, egress: Egress, base_url: str, clock: Clock) -> None:
        self._egress = egress
        self._base = base_url
        self._clock = clock

    def creator_info(self, account: Account) -> CreatorInfo:
        """Ask what the account may post (20 calls a minute)."""
        data, call = self._post("creator_info/query", wire.CREATOR_INFO, account, None, reads=True)
        return CreatorInfo(
            username=str(data.get("creator_username", "")),
            nickname=str(data.get("creator_nickname", "")),
            privacy_level_options=tuple(data.get("privacy_level_options") or ()),
            comment_disabled=bool(data.get("comment_disabled")),
            duet_disabled=bool(data.get("duet_disabled")),
            stitch_disabled=bool(data.get("stitch_disabled")),
            max_video_post_duration_sec=int(data.get("max_video_post_duration_sec") or 0),
            call=call,
        )

    def init_video(
        self, account: Account, post: Post, *, plan: ChunkPlan | None, video_url: str | None
    ) -> Initiated:
        """Open a video post (6 calls a minute). Not idempotent at TikTok."""
        body = wire.video_init_body(post, plan=plan, video_url=video_url)
        return self._initiated(*self._post("video/init", wire.VIDEO_INIT, account, body))

    def init_photo(self, account: Account, post: Post, *, photo_urls: Sequence[str]) -> Initiated:
        """Open a photo post (6 calls a minute). Not idempotent at TikTok."""
        body = wire.photo_init_body(post, photo_urls)
        return self._initiated(*self._post("content/init", wire.CONTENT_INIT, account, body))

    def status(self, account: Account, publish_id: str) -> PublishStatus:
        """Ask how a publish task stands (30 calls a minute)."""
        body = {"publish_id": publish_id}
        data, call = self._post("status/fetch", wire.STATUS_FETCH, account, body, reads=True)
        held = data.get("uploaded_bytes")
        return PublishStatus(
            status=str(data.get("status", "")),
            fail_reason=data.get("fail_reason") or None,
            public_ids=wire.public_ids(data),
            uploaded_bytes=int(held) if held is not None else None,
            raw=wire.with_ids_as_text(data),
            call=call,
        )

    def upload_chunk(self, upload_url: str, path: Path, chunk: Chunk, *, mime: str) -> Uploaded:
        """PUT one chunk without an Authorization header. 201, 206 and 416 are answers; the rest raises."""
        self._check_upload_url(upload_url)
        headers = {"Content-Type": mime, "Content-Range": f"bytes {chunk.first}-{chunk.last}/{chunk.total}"}
        window = FileWindow(path, chunk.first, chunk.size)
        reply, call = self._send("PUT upload", upload_url, headers, window, chunk.size, UPLOAD_TIMEOUT)
        held = wire.uploaded_in(reply.headers.get("content-range"))
        if reply.status == 201:  # noqa: PLR2004 - all bytes received
            return Uploaded(uploaded=chunk.total, complete=True, call=call)
        if reply.status == 206:  # noqa: PLR2004 - chunk stored
            return Uploaded(uploaded=chunk.last + 1, complete=False, call=call)
        if reply.status == 416 and held is not None:  # noqa: PLR2004 - the range is not the next one
            return Uploaded(uploaded=held, complete=held >= chunk.total, call=call)
        outcome: Outcome = "retry" if reply.status >= _HTTP_SERVER_ERROR else "refused"
        raise TikTokError(
            outcome, call, "tiktok_upload_failed", f"TikTok answered a chunk with HTTP {reply.status}"
        )

    def _check_upload_url(self, upload_url: str) -> None:
        """Refuse to send media anywhere but to TikTok's upload hosts (or the sandbox that we talk to)."""
        parts, base = urlsplit(upload_url), urlsplit(self._base)
        known = parts.scheme == "https" and (parts.hostname or "").endswith(UPLOAD_HOSTS)
        if not known and (parts.scheme, parts.netloc) != (base.scheme, base.netloc):
            call = Call(name="PUT upload")
            raise TikTokError(
                "refused", call, "tiktok_upload_failed", "the upload URL is on no host of TikTok's"
            )

    def _post(
        self,
        name: str,
        path: str,
        account: Account,
        body: Mapping[str, object] | None,
        *,
        reads: bool = False,
    ) -> tuple[dict[str, Any], Call]:
        headers = {
            "Authorization": f"Bearer {account.access_token}",
            "Content-Type": "application/json; charset=UTF-8",
        }
        data = canonical(body).encode() if body is not None else b""
        reply, call = self._send(name, self._base + path, headers, data, len(data), API_TIMEOUT)
        try:
            found, error = wire.parse_reply(reply.body)
        except wire.ReplyError as problem:
            outcome: Outcome = "retry" if reads else "unknown"
            raise TikTokError(outcome, call, "tiktok_error", f"HTTP {reply.status}: {problem}") from problem
        call = Call(
            name=name,
            status=reply.status,
            code=error["code"],
            log_id=wire.log_id_of(error, reply.headers),
            took_ms=call.took_ms,
        )
        if error["code"] != "ok":
            raise TikTokError(
                _outcome(reply.status, reads=reads), call, error["code"], str(error.get("message") or "")
            )
        return found, call

    def _send(
        self,
        name: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | FileWindow,
        size: int,
        timeout: Timeout,
    ) -> tuple[Reply, Call]:
        started = self._clock.ticks()
        method = "PUT" if name.startswith("PUT") else "POST"
        try:
            reply = self._egress.send(
                method, url, headers=headers, body=body, content_length=size, timeout=timeout
            )
        except Unsent as error:
            raise TikTokError(
                "unsent", self._call(name, started), "tiktok_unreachable", str(error)
            ) from error
        except Broken as error:
            raise TikTokError(
                "unknown", self._call(name, started), "tiktok_unreachable", str(error)
            ) from error
        return reply, self._call(name, started, reply)

    def _call(self, name: str, started: float, reply: Reply | None = None) -> Call:
        return Call(
            name=name,
            status=reply.status if reply else None,
            log_id=reply.headers.get("x-tt-logid") if reply else None,
            took_ms=round((self._clock.ticks() - started) * 1000),
        )

    @staticmethod
    def _initiated(data: Mapping[str, Any], call: Call) -> Initiated:
        publish_id = data.get("publish_id")
        if not publish_id:
            raise TikTokError("unknown", call, "tiktok_error", "TikTok's reply has no publish_id")
        return Initiated(publish_id=str(publish_id), upload_url=data.get("upload_url"), call=call)


def _outcome(status: int, *, reads: bool) -> Outcome:
    """Say what an answer with an error code means: a 5xx to an init may have had its effect."""
    if status == _HTTP_TOO_MANY:
        return "retry"
    if status >= _HTTP_SERVER_ERROR:
        return "retry" if reads else "unknown"
    return "refused"
