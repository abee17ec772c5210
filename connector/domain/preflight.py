"""Holds a whole post against every rule that can be looked up before TikTok sees it. Pure.

One function for a dry run and for every publish: what a dry run passes, a publish passes. What binds each
file by itself stands in `domain/media`. Sources: the reference page for direct post (cover, comments, duets)
and PM3K's document, section 4.4 (vertical video).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from connector.domain.creator import Limits, check_against_creator
from connector.domain.media import video_warnings
from connector.kernel.errors import Problem

VERTICAL_SLACK = 0.02
"""How far a shape may be off 9:16 and still counts as it: 608 x 1080 is an encoder's way to write it."""

_NINE_SIXTEENTHS = 9 / 16


class Seen(Protocol):
    """A file that was looked at."""

    @property
    def width(self) -> int | None:
        """Pixels as displayed, None where that is not known."""

    @property
    def height(self) -> int | None:
        """Pixels as displayed, None where that is not known."""

    @property
    def duration_ms(self) -> int | None:
        """Milliseconds, None for a picture."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What binds a post beside TikTok's fixed limits.

    `creator` is what TikTok says of the account now, None where it was not asked: a draft asks nobody, and
    leaves the cover to its creator.
    """

    require_vertical: bool = False
    is_draft: bool = False
    creator: Limits | None = None


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What was found: problems, with which the post cannot go, and warnings, with which it does."""

    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()


def check_post(
    kind: Literal["video", "photo"], content: Mapping[str, object], media: Sequence[Seen], rules: Rules
) -> Findings:
    """Return everything that stands against a post, by its content and what its files are."""
    problems: list[Problem] = []
    warnings: list[str] = []
    if kind == "video":
        for item in media:
            problems += [] if rules.is_draft else _cover(content, item)
            problems += _shape(item, rules)
            warnings += [] if rules.require_vertical else _shape_warnings(item)
    if rules.creator is not None:
        problems += check_against_creator(content, media, rules.creator)
        warnings += _switched_off(kind, content, rules.creator)
    return Findings(problems=tuple(problems), warnings=tuple(warnings))


def _cover(content: Mapping[str, object], video: Seen) -> list[Problem]:
    """TikTok takes the first frame where the cover lies behind the end, and does not say so."""
    at, length = content.get("video_cover_timestamp_ms"), video.duration_ms
    if not isinstance(at, int) or length is None or at < length:
        return []
    return [
        Problem(
            field="video_cover_timestamp_ms",
            problem="behind_the_end",
            got=f"{at} ms in a video of {length} ms",
            expected=f"less than {length} ms",
            fix="choose a moment of the video, or leave it out for the first frame",
            code="cover_out_of_range",
        )
    ]


def is_vertical(width: int, height: int) -> bool:
    """Tell whether a picture is 9:16, as TikTok shows it full screen."""
    return abs(width / height / _NINE_SIXTEENTHS - 1) <= VERTICAL_SLACK


def _shape(video: Seen, rules: Rules) -> list[Problem]:
    if not rules.require_vertical or not video.width or not video.height:
        return []
    if is_vertical(video.width, video.height):
        return []
    return [
        Problem(
            field="source_url",
            problem="not_vertical",
            got=f"{video.width} x {video.height} px",
            expected="a vertical video (9:16), such as 1080 x 1920 px",
            fix="export it at 1080 x 1920 px",
            code="bad_request",
        )
    ]


def _shape_warnings(video: Seen) -> list[str]:
    if not video.width or not video.height or is_vertical(video.width, video.height):
        return []
    return video_warnings(video.width, video.height)


def _switched_off(kind: str, content: Mapping[str, object], creator: Limits) -> list[str]:
    """Return what the post asks for and the account's own settings turn off all the same."""
    switches = [("disable_comment", creator.comment_disabled, "comments")]
    if kind == "video":
        switches += [
            ("disable_duet", creator.duet_disabled, "duets"),
            ("disable_stitch", creator.stitch_disabled, "stitches"),
        ]
    return [
        f"{what} stay off whatever {field} says: the account's settings in TikTok turn them off"
        for field, is_off, what in switches
        if is_off and content.get(field) is False
    ]
