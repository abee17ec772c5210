"""An operation narrowed to what an account may do: fewer choices, nothing else changed."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import jsonschema_rs
import pytest

from connector.contract import load_contract
from connector.contract.narrow import narrow

VIDEO: dict[str, object] = {"source_url": "https://media.example.com/a.mp4", "privacy": "SELF_ONLY"}


@dataclass(frozen=True)
class Limits:
    """What a private account with comments turned off may do."""

    privacy_level_options: tuple[str, ...] = ("FOLLOWER_OF_CREATOR", "SELF_ONLY")
    comment_disabled: bool = True
    duet_disabled: bool = False
    stitch_disabled: bool = False
    max_video_post_duration_sec: int = 60


def narrowed(key: str, limits: Limits) -> dict[str, Any]:
    """Return an operation's narrowed input schema."""
    return narrow(load_contract().schema(f"input/{key}"), limits)


def accepts(schema: dict[str, Any], **rows: object) -> bool:
    """Tell whether a schema accepts a good post with these values."""
    return jsonschema_rs.Draft202012Validator(schema).is_valid({**VIDEO, **rows})


@pytest.mark.parametrize(
    ("rows", "accepted"),
    [
        ({}, True),
        ({"privacy": "FOLLOWER_OF_CREATOR"}, True),
        ({"privacy": "PUBLIC_TO_EVERYONE"}, False),
        ({"disable_comment": True}, True),
        ({"disable_comment": False}, False),
        ({"disable_duet": False}, True),
        ({"disable_stitch": False}, True),
    ],
)
def test_what_the_account_may_not_do_is_no_valid_input(rows: dict[str, object], accepted: bool) -> None:
    assert accepts(narrowed("post_video", Limits()), **rows) is accepted


def test_other_names_of_choices_that_are_gone_are_gone_too() -> None:
    privacy = narrowed("post_video", Limits())["properties"]["privacy"]
    assert privacy["x-aliases"] == {"followers": "FOLLOWER_OF_CREATOR", "private": "SELF_ONLY"}
    assert privacy["enum"] == ["FOLLOWER_OF_CREATOR", "SELF_ONLY"]


def test_the_longest_video_is_told_where_tiktok_has_said_it() -> None:
    assert narrowed("post_video", Limits())["properties"]["source_url"]["x-maxDurationS"] == 60
    unknown = narrowed("post_video", Limits(max_video_post_duration_sec=0))
    assert "x-maxDurationS" not in unknown["properties"]["source_url"]


def test_examples_that_no_longer_hold_are_left_out() -> None:
    examples = narrowed("post_video", Limits())["examples"]
    assert examples == [
        {"source_url": "https://media.example.com/clip.mp4", "privacy": "SELF_ONLY"},
        {"source_url": "https://media.example.com/clip.mp4", "post_mode": "inbox"},
    ]


def test_an_operation_without_such_fields_stays_as_it_is() -> None:
    assert narrowed("check_status", Limits()) == load_contract().schema("input/check_status")


def test_the_schema_of_the_contract_itself_is_not_changed() -> None:
    before = deepcopy(load_contract().schema("input/post_photos"))
    narrowed("post_photos", Limits())
    assert load_contract().schema("input/post_photos") == before


def test_an_account_without_known_options_keeps_every_choice() -> None:
    found = narrowed("post_photos", Limits(privacy_level_options=(), comment_disabled=False))
    assert found == load_contract().schema("input/post_photos")
