"""A whole post against every rule that can be looked up before TikTok sees it."""

from dataclasses import dataclass, replace

import pytest

from connector.domain.preflight import Rules, check_post, is_vertical


@dataclass(frozen=True)
class File:
    """What was looked at."""

    width: int | None = 1080
    height: int | None = 1920
    duration_ms: int | None = 10_000


@dataclass(frozen=True)
class Creator:
    """What TikTok says of an account."""

    privacy_level_options: tuple[str, ...] = ("PUBLIC_TO_EVERYONE", "SELF_ONLY")
    max_video_post_duration_sec: int = 60
    comment_disabled: bool = False
    duet_disabled: bool = False
    stitch_disabled: bool = False


POST: dict[str, object] = {"privacy": "SELF_ONLY"}
RULES = Rules(creator=Creator())


def words(content: dict[str, object], file: File = File(), rules: Rules = RULES) -> list[tuple[str, str]]:
    """Return (field, word) of each problem of a video."""
    return [(one.field, one.problem) for one in check_post("video", content, [file], rules).problems]


def test_a_post_that_is_right_has_neither_problems_nor_warnings() -> None:
    found = check_post("video", POST, [File()], RULES)
    assert (found.problems, found.warnings) == ((), ())


def test_every_problem_is_told_at_once_with_what_was_measured() -> None:
    content = {"privacy": "FOLLOWER_OF_CREATOR", "video_cover_timestamp_ms": 70_000}
    rules = replace(RULES, require_vertical=True)
    found = check_post("video", content, [File(1920, 1080, 61_000)], rules).problems
    assert [(one.problem, one.code) for one in found] == [
        ("behind_the_end", "cover_out_of_range"),
        ("not_vertical", "bad_request"),
        ("not_offered", "privacy_level_option_mismatch"),
        ("too_long", "duration_check_failed"),
    ]
    assert [one.got for one in found] == [
        "70000 ms in a video of 61000 ms",
        "1920 x 1080 px",
        "FOLLOWER_OF_CREATOR",
        "61.0 s",
    ]
    assert all(one.fix and one.expected for one in found)


@pytest.mark.parametrize(
    ("at", "length", "problem"),
    [
        (None, 10_000, []),
        (0, 10_000, []),
        (9_999, 10_000, []),
        (10_000, 10_000, [("video_cover_timestamp_ms", "behind_the_end")]),
        (10_000, None, []),
    ],
)
def test_a_cover_lies_inside_the_video(at: int | None, length: int | None, problem: list[object]) -> None:
    assert words({**POST, "video_cover_timestamp_ms": at}, File(duration_ms=length)) == problem


def test_a_draft_leaves_its_cover_to_the_creator() -> None:
    assert words({"video_cover_timestamp_ms": 99_999}, rules=Rules(is_draft=True)) == []


@pytest.mark.parametrize(
    ("sides", "vertical"),
    [
        ((1080, 1920), True),
        ((720, 1280), True),
        ((608, 1080), True),
        ((1080, 1350), False),
        ((1080, 1080), False),
        ((1920, 1080), False),
        ((1080, 2400), False),
    ],
)
def test_nine_by_sixteen_is_vertical_give_or_take_an_encoders_rounding(
    sides: tuple[int, int], *, vertical: bool
) -> None:
    assert is_vertical(*sides) is vertical
    file = File(*sides)
    assert bool(words(POST, file, replace(RULES, require_vertical=True))) is not vertical
    assert words(POST, file) == []
    assert bool(check_post("video", POST, [file], RULES).warnings) is not vertical


def test_sides_that_are_not_known_are_not_judged() -> None:
    assert words(POST, File(None, None), replace(RULES, require_vertical=True)) == []


def test_photos_have_no_shape_cover_or_duration() -> None:
    found = check_post("photo", POST, [File(1080, 300, None)] * 3, replace(RULES, require_vertical=True))
    assert (found.problems, found.warnings) == ((), ())


@pytest.mark.parametrize(
    ("kind", "field", "off", "warned"),
    [
        ("video", "disable_comment", "comment_disabled", True),
        ("video", "disable_duet", "duet_disabled", True),
        ("video", "disable_stitch", "stitch_disabled", True),
        ("photo", "disable_comment", "comment_disabled", True),
        ("photo", "disable_duet", "duet_disabled", False),
    ],
)
def test_what_the_account_has_turned_off_is_said_where_the_post_asks_for_it(
    kind: str, field: str, off: str, *, warned: bool
) -> None:
    rules = Rules(creator=replace(Creator(), **{off: True}))  # type: ignore[arg-type] # the three switches
    files = [File()]
    asked = check_post(kind, {**POST, field: False}, files, rules)  # type: ignore[arg-type] # two kinds
    assert bool(asked.warnings) is warned
    assert check_post(kind, {**POST, field: True}, files, rules).warnings == ()  # type: ignore[arg-type] # same
    assert check_post(kind, POST, files, rules).warnings == ()  # type: ignore[arg-type] # same
