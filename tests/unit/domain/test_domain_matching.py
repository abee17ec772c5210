"""A post known again among the videos of its account: tables of what must, may and must not be it."""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import pytest

from connector.domain.matching import (
    LENGTH_MS,
    SKEW_MS,
    WITHIN_MS,
    Sought,
    evidence,
    is_like,
    known_again,
    sought_until,
    why_not_sought,
)
from connector.domain.retry import SOUGHT_FOR_MS, seek_again

BEGAN = 1_790_000_000_000
CAPTION = "Grüße aus dem Garten 🌻 #garten"
SCOPES = frozenset({"video.publish", "video.list"})


@dataclass(frozen=True)
class Video:
    """A video as an account shows it."""

    id: str = "7602997517160123666"
    created_at: int | None = BEGAN + 30_000
    title: str | None = CAPTION
    description: str | None = CAPTION
    share_url: str | None = "https://www.tiktok.com/@mia/video/7602997517160123666?utm_source=aw1"
    duration_s: int | None = 12


VIDEO = Video()
SOUGHT = Sought(kind="video", texts=(CAPTION,), since=BEGAN, until=sought_until(BEGAN), duration_ms=12_400)
PHOTOS = Sought(kind="photo", texts=("Day one", "All of it"), since=BEGAN, until=sought_until(BEGAN))
CAROUSEL = Video(
    title="Day one", description="All of it", duration_s=0, share_url="https://www.tiktok.com/@mia/photo/7602"
)


def video(**changes: Any) -> Video:  # noqa: ANN401 - any member of Video
    """Return the video with changes."""
    return replace(VIDEO, **changes)


@pytest.mark.parametrize(
    ("shown", "like"),
    [
        (VIDEO, True),
        # The time: within the window of the attempt, to the second, give or take the clocks.
        (video(created_at=BEGAN - SKEW_MS), True),
        (video(created_at=BEGAN - SKEW_MS - 1000), False),
        (video(created_at=BEGAN + WITHIN_MS + SKEW_MS), True),
        (video(created_at=BEGAN + WITHIN_MS + SKEW_MS + 1000), False),
        (video(created_at=None), False),
        # The length: rounded either way.
        (video(duration_s=13), True),
        (video(duration_s=11), False),
        (video(duration_s=14), False),
        (video(duration_s=None), False),
        # The kind.
        (video(share_url="https://www.tiktok.com/@mia/photo/7602997517160123666"), False),
        (video(share_url=None), True),
        # The caption: in either place, with other blanks, in another normal form.
        (video(title="", description=CAPTION), True),
        (video(title=CAPTION, description=None), True),
        (video(title=None, description=None), False),
        (video(title="Another", description="Another"), False),
        (video(title=None, description=f"  {CAPTION.replace(' ', '  ')}\n"), True),
        (video(title=None, description=CAPTION.replace("ü", "u\u0308")), True),
        (video(title=None, description=CAPTION[:-1]), False),
    ],
)
def test_a_video_is_like_a_post_in_its_time_length_kind_and_caption(shown: Video, like: bool) -> None:
    assert is_like(SOUGHT, shown) is like


LONG = "a caption of more than a hundred and fifty letters " * 5


@pytest.mark.parametrize(
    ("shown", "like"),
    [
        (LONG[:150], True),
        (LONG[:147] + "...", True),
        (LONG[:149] + "…", True),
        (LONG[:149] + "\ufffd", True),
        (LONG[:149] + chr(0xD83C), True),
        ("🌻" + LONG[:148], False),
        (LONG[:100], False),
        (LONG[:140] + "other end", False),
    ],
)
def test_a_long_caption_is_known_again_though_tiktok_cuts_it_short(shown: str, like: bool) -> None:
    long = replace(SOUGHT, texts=(LONG,))
    assert is_like(long, video(title=None, description=shown)) is like


@pytest.mark.parametrize(
    ("shown", "like"),
    [
        (CAROUSEL, True),
        (replace(CAROUSEL, share_url=None), True),
        (replace(CAROUSEL, share_url="https://www.tiktok.com/@mia/video/7602", duration_s=9), False),
        (replace(CAROUSEL, description="Something else"), False),
        (replace(CAROUSEL, title="Something else"), False),
    ],
)
def test_a_carousel_is_known_by_its_title_and_its_description(shown: Video, like: bool) -> None:
    assert is_like(PHOTOS, shown) is like


def test_a_carousel_that_says_more_than_the_post_is_not_the_post() -> None:
    assert not is_like(replace(PHOTOS, texts=("Day one",)), CAROUSEL)


def test_exactly_one_video_that_nobody_else_can_be_is_the_post() -> None:
    other = video(id="76", title="Another", description="Another")
    assert known_again(SOUGHT, [], [other, VIDEO], taken=()) == VIDEO


@pytest.mark.parametrize(
    ("rivals", "shown", "taken", "why"),
    [
        ([], [], set(), "none of 0 public posts is like it"),
        ([], [VIDEO], {VIDEO.id}, "none of 1 public posts is like it"),
        ([], [VIDEO, video(id="76")], set(), f"2 public posts are like it: {VIDEO.id}, 76"),
        ([SOUGHT], [VIDEO], set(), f"{VIDEO.id} is like it, and may be another post"),
        # Nobody knows what a creator has written over a draft, nor when.
        (
            [replace(SOUGHT, texts=None, until=None, since=BEGAN - 9 * WITHIN_MS)],
            [VIDEO],
            set(),
            "another post",
        ),
        # A file whose length nobody has read may be any.
        ([replace(SOUGHT, duration_ms=None)], [VIDEO], set(), "another post"),
    ],
)
def test_none_several_or_one_that_another_post_may_be_proves_nothing(
    rivals: list[Sought], shown: list[Video], taken: set[str], why: str
) -> None:
    assert why in str(known_again(SOUGHT, rivals, shown, taken))


@pytest.mark.parametrize(
    "rival",
    [
        replace(SOUGHT, texts=("Another",)),
        replace(SOUGHT, duration_ms=12_000 + 2 * LENGTH_MS),
        replace(SOUGHT, since=BEGAN + WITHIN_MS, until=None),
        PHOTOS,
    ],
)
def test_a_post_that_cannot_be_it_is_no_rival(rival: Sought) -> None:
    assert known_again(SOUGHT, [rival], [VIDEO], taken=()) == VIDEO


def test_of_two_that_are_known_to_be_taken_the_third_is_the_post() -> None:
    shown = [video(id="1"), video(id="2"), VIDEO]
    assert known_again(SOUGHT, [], shown, taken={"1", "2"}) == VIDEO


def test_the_evidence_names_the_id_the_time_the_length_and_the_address() -> None:
    assert evidence(SOUGHT, VIDEO) == (
        "found as 7602997517160123666, the same caption, made 30 s after the attempt began, 12 s long: "
        "https://www.tiktok.com/@mia/video/7602997517160123666"
    )


def test_a_video_that_is_older_than_the_attempt_by_tiktoks_clock_says_so() -> None:
    said = evidence(SOUGHT, video(created_at=BEGAN - 2000))
    assert "made 2 s (by TikTok's clock) before the attempt began" in said


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, None),
        ({"scopes": None}, None),
        ({"scopes": frozenset({"video.publish"})}, "connected without video.list"),
        ({"privacy": "SELF_ONLY"}, "this one is for SELF_ONLY"),
        ({"privacy": "MUTUAL_FOLLOW_FRIENDS"}, "lists public posts alone"),
        ({"texts": ()}, "no caption"),
        ({"mode": "inbox"}, "draft"),
    ],
)
def test_what_cannot_be_found_in_the_list_is_said_at_once(changes: dict[str, Any], why: str | None) -> None:
    plain: dict[str, Any] = {
        "mode": "direct",
        "privacy": "PUBLIC_TO_EVERYONE",
        "texts": (CAPTION,),
        "scopes": SCOPES,
    }
    found = why_not_sought(**{**plain, **changes})
    assert found is None if why is None else why in str(found)


def test_the_looks_grow_apart_and_end() -> None:
    at, looks = 0, [0]
    while (wait := seek_again(at)) is not None:
        at += wait
        looks.append(at)
    assert looks[-1] >= SOUGHT_FOR_MS
    assert len(looks) < 40
    gaps = [later - earlier for earlier, later in pairwise(looks)]
    assert gaps == sorted(gaps)
