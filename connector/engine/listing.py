"""Reads what an account shows, as far back as its unconfirmed posts, by pages of video/list."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from connector.domain.lifecycle import State
from connector.domain.matching import SKEW_MS, Sought, sought_until
from connector.domain.retry import SOUGHT_FOR_MS
from connector.engine.budget import take
from connector.engine.context import Context
from connector.engine.model import Account, Attempt, MediaItem, Post
from connector.engine.ports import Call
from connector.engine.ports_tiktok import Video, VideoPage

MOST_PAGES = 5
"""Pages of 20 videos that one look reads."""

EARLIER_MS = SOUGHT_FOR_MS + 86_400_000
"""How far before an attempt other unconfirmed posts of the account are looked for."""

RIVALS_MS = 7 * 86_400_000
"""How far before an attempt other posts matter, drafts among them: one of them may be what is found."""


@dataclass(frozen=True, kw_only=True)
class Listed:
    """What an account shows, and which posts were sent for it, once for each attempt of theirs.

    `videos` are all of its public ones from `back_to` up to `up_to` (UTC milliseconds; None: to now).
    """

    videos: tuple[Video, ...]
    back_to: int
    up_to: int | None
    around: tuple[tuple[Post, Attempt], ...]
    call: Call

    def covers(self, sought: Sought) -> bool:
        """Tell whether all that may be a post is among the videos: one that is alone there must be it."""
        if self.up_to is not None and (sought.until is None or sought.until + SKEW_MS > self.up_to):
            return False
        return self.back_to <= sought.since - SKEW_MS


def sought_of(post: Post, attempt: Attempt) -> Sought:
    """Return what a post looks like among the videos of its account."""
    draft = post.mode == "inbox"
    return Sought(
        kind=post.kind,
        texts=None if draft else texts_of(post),
        since=attempt.created_at,
        until=None if draft else sought_until(attempt.created_at),
        duration_ms=_length(post.media) if post.kind == "video" else None,
    )


def rivals_of(post_id: str, around: Sequence[tuple[Post, Attempt]]) -> list[Sought]:
    """Return what else may be among the videos: other posts of which nobody knows what became of them.

    Nor does anybody know when: TikTok may have taken its time. What is known of a post is known of the last
    of its attempts alone.
    """
    return [
        replace(sought_of(other, attempt), until=None)
        for other, attempt in around
        if other.id != post_id and not _is_known(other, attempt)
    ]


def _is_known(post: Post, attempt: Attempt) -> bool:
    is_last = attempt.publish_id == post.publish_id
    return is_last and (bool(post.public_ids) or post.tiktok_status == "FAILED")


def texts_of(post: Post) -> tuple[str, ...]:
    """Return the words that TikTok was given with a post."""
    names = ("title",) if post.kind == "video" else ("title", "description")
    said = (str(post.input.get(name) or "").strip() for name in names)
    return tuple(text for text in said if text)


def _length(media: Sequence[MediaItem]) -> int | None:
    return media[0].duration_ms if media else None


def list_public(context: Context, account: Account, mine: Attempt) -> Listed:
    """Read what the account shows, for the post of the attempt `mine` and its other unconfirmed ones.

    Each further page takes a call of the budget for status calls. Raises TikTokError.
    """
    doubtful = [
        attempt.created_at
        for post, attempt in context.ledger.around(mine.account_id, mine.created_at - EARLIER_MS)
        if post.state is State.UNCONFIRMED and attempt.publish_id == post.publish_id
    ]
    attempts = (*doubtful, mine.created_at)
    since, until = min(attempts) - SKEW_MS, sought_until(max(attempts)) + SKEW_MS
    before = until if until < context.ledger.now() else None
    page = context.tiktok.video_list(account, before=before)
    pages = [page]
    while _goes_on(page, since) and len(pages) < MOST_PAGES and not take(context, account, "status"):
        page = context.tiktok.video_list(account, before=page.next_before)
        pages.append(page)
    # A page may begin with what the one before ended with.
    videos = {video.id: video for page in pages for video in page.videos if video.id}
    return Listed(
        videos=tuple(videos.values()),
        back_to=since if not _goes_on(page, since) else _oldest(page),
        up_to=before,
        # Read once more: a post that has become known meanwhile cannot be what is sought.
        around=tuple(context.ledger.around(mine.account_id, since - RIVALS_MS)),
        call=pages[0].call,
    )


def _goes_on(page: VideoPage, since: int) -> bool:
    """Tell whether the next page may show what was made at or after `since`."""
    return page.next_before is not None and _oldest(page) >= since


def _oldest(page: VideoPage) -> int:
    """Return when the last video of a page was made; the page's own cursor where TikTok does not tell."""
    made = page.videos[-1].created_at if page.videos else None
    return made if made is not None else page.next_before or 0
