"""Holds a post against what TikTok says its account may do right now (creator_info)."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from connector.kernel.errors import Problem


class Limits(Protocol):
    """The members of creator_info that bind a post."""

    @property
    def privacy_level_options(self) -> tuple[str, ...]:
        """The audiences that may be chosen."""

    @property
    def max_video_post_duration_sec(self) -> int:
        """The longest video in seconds; 0 when TikTok did not say."""

    @property
    def comment_disabled(self) -> bool:
        """Whether the account's settings turn comments off."""

    @property
    def duet_disabled(self) -> bool:
        """Whether the account's settings turn duets off."""

    @property
    def stitch_disabled(self) -> bool:
        """Whether the account's settings turn stitches off."""


class Timed(Protocol):
    """A file that may have a duration."""

    @property
    def duration_ms(self) -> int | None:
        """Milliseconds, None for a picture."""


def check_against_creator(
    post: Mapping[str, object], media: Sequence[Timed], limits: Limits
) -> list[Problem]:
    """Return every reason for which TikTok would refuse the post of this account."""
    problems: list[Problem] = []
    options = limits.privacy_level_options
    if options and post.get("privacy") not in options:
        problems.append(
            Problem(
                field="privacy",
                problem="not_offered",
                got=str(post.get("privacy")),
                expected="one of " + ", ".join(options),
                fix="send one of them; public, friends, followers and private are their short names",
                code="privacy_level_option_mismatch",
            )
        )
    longest = limits.max_video_post_duration_sec
    durations = [item.duration_ms for item in media if item.duration_ms is not None]
    if longest and durations and max(durations) > longest * 1000:
        problems.append(
            Problem(
                field="source_url",
                problem="too_long",
                got=f"{max(durations) / 1000:.1f} s",
                expected=f"at most {longest} s for this account",
                fix="shorten the video",
                code="duration_check_failed",
            )
        )
    return problems
