"""Whether a video that an account shows is a post of ours of whose outcome TikTok does not tell. Pure.

video/list names no publish task, so a post is known again by what went out with it: its caption, the time of
its attempt, its length, its kind. What is not in the list may have been published all the same: it shows
public posts alone, and those that have passed moderation.

Source: the pages for video/list and the video object: `create_time` in seconds, `title` and
`video_description` of at most 150 characters each. TikTok does not say how it counts those.
"""

import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar
from urllib.parse import urlsplit

from connector.domain.scopes import VIDEO_LIST

PUBLIC = "PUBLIC_TO_EVERYONE"

WITHIN_MS = 4 * 3_600_000
"""A post of ours is made within so long of its attempt: TikTok takes its bytes for an hour, then works on."""

SKEW_MS = 300_000
"""By how much TikTok's clock and ours may differ."""

CUT_UNITS = 140
"""A caption that is shown with so many UTF-16 units or more may have been cut short (limit 150)."""

HALVES = "\N{REPLACEMENT CHARACTER}" + "".join(map(chr, range(0xD800, 0xDC00)))
"""What is left of a character that a cut has gone through."""

LENGTH_MS = 1_000
"""By how much a length in whole seconds may differ from the file's: TikTok may round up or down."""


class Shown(Protocol):
    """A video as the account shows it; a member is None where TikTok does not tell it."""

    @property
    def id(self) -> str:
        """TikTok's id of the post."""

    @property
    def created_at(self) -> int | None:
        """When it was made, UTC milliseconds, to the second."""

    @property
    def title(self) -> str | None:
        """The title."""

    @property
    def description(self) -> str | None:
        """The caption, or a carousel's description."""

    @property
    def share_url(self) -> str | None:
        """Where it can be seen."""

    @property
    def duration_s(self) -> int | None:
        """Its length in seconds."""


V = TypeVar("V", bound=Shown)


@dataclass(frozen=True, kw_only=True)
class Sought:
    """What a post of ours looks like among the videos of its account.

    `texts` are its caption, or title and description; None where its creator may have written others.
    `since` and `until` (None: open) are UTC milliseconds; `duration_ms` is None for a carousel.
    """

    kind: Literal["video", "photo"]
    texts: tuple[str, ...] | None
    since: int
    until: int | None
    duration_ms: int | None = None


def sought_until(began: int) -> int:
    """Return until when a post of an attempt that `began` then is made at TikTok (UTC milliseconds)."""
    return began + WITHIN_MS


def why_not_sought(
    *, mode: str, privacy: object, texts: Collection[str], scopes: Collection[str] | None
) -> str | None:
    """Return why a post cannot be looked for among its account's videos, None where it can.

    `scopes` are those that the account has granted, None where that is not known.
    """
    if mode == "inbox":
        return "It was a draft, and its creator may have posted it with another caption"
    if privacy != PUBLIC:
        return f"TikTok lists public posts alone, and this one is for {privacy}"
    if not texts:
        return "It has no caption by which it could be told from others"
    if scopes is not None and VIDEO_LIST not in scopes:
        return f"It cannot be looked for: the account was connected without {VIDEO_LIST}"
    return None


def known_again(
    sought: Sought, rivals: Sequence[Sought], shown: Sequence[V], taken: Collection[str]
) -> V | str:
    """Return the one video that must be the post, else in plain words why there is none.

    `rivals` are the other posts that went to the account and that nobody knows the ids of; `taken` the ids of
    those that are known.
    """
    like = [video for video in shown if video.id not in taken and is_like(sought, video)]
    if not like:
        return f"none of {len(shown)} public posts is like it"
    if len(like) > 1:
        return f"{len(like)} public posts are like it: " + ", ".join(video.id for video in like)
    if any(could_be(rival, like[0]) for rival in rivals):
        return f"{like[0].id} is like it, and may be another post that was sent for this account"
    return like[0]


def is_like(sought: Sought, video: Shown) -> bool:
    """Tell whether a video is the post by all that can be held against it: nothing unknown, nothing more."""
    is_measured = sought.kind == "photo" or None not in (sought.duration_ms, video.duration_s)
    return could_be(sought, video) and is_measured and _says_no_more(sought, video)


def could_be(sought: Sought, video: Shown) -> bool:
    """Tell whether nothing that is known says that a video is not the post."""
    return (
        _is_in_time(sought, video)
        and _is_of_kind(sought, video)
        and _may_be_as_long(sought, video)
        and _says_the_same(sought, video)
    )


def evidence(sought: Sought, video: Shown) -> str:
    """Say in plain words by what a video was known again."""
    after_s = ((video.created_at or 0) - sought.since) // 1000
    when = f"{after_s} s after" if after_s >= 0 else f"{-after_s} s (by TikTok's clock) before"
    length = "" if sought.duration_ms is None else f", {video.duration_s} s long"
    where = f": {video.share_url.partition('?')[0]}" if video.share_url else ""
    return f"found as {video.id}, the same caption, made {when} the attempt began{length}{where}"


def _is_in_time(sought: Sought, video: Shown) -> bool:
    if video.created_at is None or video.created_at < sought.since - SKEW_MS:
        return False
    return sought.until is None or video.created_at <= sought.until + SKEW_MS


def _is_of_kind(sought: Sought, video: Shown) -> bool:
    shows_photos = "/photo/" in urlsplit(video.share_url or "").path
    if sought.kind == "video":
        return not shows_photos
    return shows_photos or not video.duration_s


def _may_be_as_long(sought: Sought, video: Shown) -> bool:
    if sought.kind == "photo" or sought.duration_ms is None or video.duration_s is None:
        return True
    return abs(video.duration_s * 1000 - sought.duration_ms) <= LENGTH_MS


def _says_the_same(sought: Sought, video: Shown) -> bool:
    if sought.texts is None:
        return True
    theirs = _texts_of(video)
    return all(any(_is_kept(ours, text) for text in theirs) for ours in sought.texts)


def _says_no_more(sought: Sought, video: Shown) -> bool:
    """Tell whether every text that is shown is one of the post's."""
    ours = sought.texts
    return ours is None or all(any(_is_kept(text, theirs) for text in ours) for theirs in _texts_of(video))


def _texts_of(video: Shown) -> list[str]:
    return [text for text in (video.title, video.description) if text]


def _is_kept(ours: str, theirs: str) -> bool:
    """Tell whether TikTok shows `ours` as `theirs`: the same, or the same cut short."""
    whole, shown = _plain(ours), _plain(theirs)
    if whole == shown:
        return True
    start = shown.removesuffix("…").removesuffix("...").rstrip(HALVES).rstrip()
    units = len(shown.encode("utf-16-le", "surrogatepass")) // 2
    return units >= CUT_UNITS and whole.startswith(start)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())
