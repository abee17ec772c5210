"""Fetches media from the URLs of an init call, as TikTok does, following no redirect (section 6).

How TikTok treats 503 is not documented; here it is asked again for as long as the dial's patience lasts.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import requests

from connector.kernel.clock import Clock

PIECE = 256 * 1024
"""Bytes read at a time."""
TIMEOUT = (5.0, 30.0)
"""Seconds to connect, and between two bytes."""
MAX_TRIES = 250
MAX_BROKEN = 3
"""Connections that may fail or break off before the pull has failed."""
MIN_PAUSE = 0.25
MAX_PAUSE = 10.0
"""Seconds: the shortest and the longest wait between two tries, whatever Retry-After says."""


class PullFailed(Exception):
    """The media cannot be had; the text says why."""


class Stopped(Exception):
    """The pull was given up because the task was cancelled or the server stops."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """`patience` in seconds; `max_bytes`: reading stops just past them, and the file is kept so.

    `head_first`: HEAD is asked before GET; `range_bytes`: the file is asked for in ranges of this size.
    """

    patience: float
    max_bytes: int
    head_first: bool = False
    range_bytes: int | None = None


class Puller:
    """Pulls one file at a time for one thread."""

    def __init__(self, clock: Clock, stop: threading.Event, wanted: Callable[[], bool]) -> None:
        self._clock = clock
        self._stop = stop
        self._wanted = wanted
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["User-Agent"] = "tiktok-sandbox-puller"

    def fetch(self, url: str, target: Path, limits: Limits, progress: Callable[[int], None]) -> None:
        """Fetch `url` into `target`, telling `progress` the bytes so far. Raises PullFailed or Stopped."""
        target.unlink(missing_ok=True)
        give_up = self._clock.ticks() + limits.patience
        broken = 0
        for _ in range(MAX_TRIES):
            try:
                pause = self._try(url, target, limits, progress)
            except requests.RequestException as error:
                broken += 1
                if broken >= MAX_BROKEN:
                    raise PullFailed(type(error).__name__) from error
                pause = 1.0
            if pause is None:
                return
            if self._clock.ticks() + pause > give_up:
                raise PullFailed("not served in time")
            if self._stop.wait(pause):
                raise Stopped
        raise PullFailed("too many tries")

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _try(self, url: str, target: Path, limits: Limits, progress: Callable[[int], None]) -> float | None:
        """Try once; return the seconds to wait before the next try, or None when the file is there."""
        if limits.head_first:
            with self._ask("HEAD", url) as reply:
                if reply.status_code == requests.codes.service_unavailable:
                    return pause_of(reply.headers.get("Retry-After"))
                _refuse_unless(reply, requests.codes.ok)
        more = True
        while more:
            at = target.stat().st_size if limits.range_bytes and target.exists() else 0
            with self._ask("GET", url, **_range(at, limits.range_bytes)) as reply:
                if reply.status_code == requests.codes.service_unavailable:
                    return pause_of(reply.headers.get("Retry-After"))
                more = self._take(reply, at, target, limits, progress)
        return None

    def _ask(self, method: str, url: str, **headers: str) -> requests.Response:
        if self._stop.is_set() or not self._wanted():
            raise Stopped
        return self._session.request(
            method, url, headers=headers, stream=True, allow_redirects=False, timeout=TIMEOUT
        )

    def _take(
        self,
        reply: requests.Response,
        at: int,
        target: Path,
        limits: Limits,
        progress: Callable[[int], None],
    ) -> bool:
        """Save what an answer brings and say whether more is to be asked for."""
        is_part = bool(limits.range_bytes) and reply.status_code == requests.codes.partial_content
        if not is_part:
            _refuse_unless(reply, requests.codes.ok)
        got = self._save(reply, at if is_part else 0, target, limits, progress)
        total = _total(reply.headers.get("Content-Range")) if is_part else got
        return at < got < min(total, limits.max_bytes)

    def _save(
        self, reply: requests.Response, at: int, target: Path, limits: Limits, progress: Callable[[int], None]
    ) -> int:
        got = at
        with target.open("ab" if at else "wb") as file:
            for piece in reply.iter_content(PIECE):
                if self._stop.is_set() or not self._wanted():
                    raise Stopped
                file.write(piece)
                got += len(piece)
                progress(got)
                if got > limits.max_bytes:
                    break
        return got


def _range(at: int, size: int | None) -> dict[str, str]:
    return {} if size is None else {"Range": f"bytes={at}-{at + size - 1}"}


def _refuse_unless(reply: requests.Response, status: int) -> None:
    if reply.status_code != status:
        raise PullFailed(f"HTTP {reply.status_code}")


def _total(content_range: str | None) -> int:
    total = (content_range or "").rpartition("/")[2]
    if not total.isdigit():
        raise PullFailed("a part without its total")
    return int(total)


def pause_of(retry_after: str | None) -> float:
    """Return the seconds to wait that a Retry-After asks for, within bounds; one second by default."""
    seconds = float(retry_after) if retry_after and retry_after.isascii() and retry_after.isdigit() else 1.0
    return min(max(seconds, MIN_PAUSE), MAX_PAUSE)
