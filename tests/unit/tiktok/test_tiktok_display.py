"""Shapes of the Display API: asked by granted scope, read without rounding."""

import json

import jsonschema
import pytest

from connector.contract import load_contract
from connector.engine.ports import Call
from connector.tiktok import display, wire

CALL = Call(name="video/list")
VIDEO = {
    "id": "7600000000000000011",
    "create_time": 1790000000,
    "title": "cat",
    "duration": 12,
    "view_count": 1200,
    "like_count": 40,
}


@pytest.mark.parametrize(
    ("scopes", "count"),
    [
        ((), 4),
        (("user.info.basic",), 4),
        (("user.info.profile",), 8),
        (("user.info.stats", "video.publish"), 8),
        (("user.info.basic", "user.info.profile", "user.info.stats"), 12),
    ],
)
def test_only_fields_of_granted_scopes_are_asked(scopes: tuple[str, ...], count: int) -> None:
    fields = display.user_fields(scopes)
    assert (fields[0], len(fields)) == ("open_id", count)
    assert ("follower_count" in fields) == ("user.info.stats" in scopes)
    assert ("username" in fields) == ("user.info.profile" in scopes)


def test_every_field_that_is_asked_is_one_of_tiktoks() -> None:
    contract = load_contract()
    user = json.dumps(contract.schema("tiktok/user_info_response"))
    video = json.dumps(contract.schema("tiktok/video_list_response"))
    everything = ("user.info.profile", "user.info.stats")
    assert [name for name in display.user_fields(everything) if f'"{name}"' not in user] == []
    assert [name for name in display.VIDEO_FIELDS if f'"{name}"' not in video] == []


def test_a_list_is_asked_for_in_milliseconds_and_in_tiktoks_shape() -> None:
    body = display.list_body(before=1790000000000, limit=20)
    assert body == {"cursor": 1790000000000, "max_count": 20}
    for asked in (body, display.list_body(before=None, limit=1)):
        jsonschema.validate(asked, load_contract().schema("tiktok/video_list_request"))


@pytest.mark.parametrize("limit", [0, 21, -1])
def test_more_videos_than_a_page_holds_are_not_asked_for(limit: int) -> None:
    with pytest.raises(ValueError, match="1 to 20"):
        display.list_body(before=None, limit=limit)


def test_videos_are_asked_for_by_id() -> None:
    assert display.query_body(["1", "2"]) == {"filters": {"video_ids": ["1", "2"]}}
    for ids in ([], [str(number) for number in range(21)]):
        with pytest.raises(ValueError, match="1 to 20"):
            display.query_body(ids)


def test_a_profile_tells_none_for_what_it_does_not_show() -> None:
    user = {
        "open_id": "-000a",
        "display_name": "Mia",
        "follower_count": 0,
        "is_verified": False,
        "bio_description": "",
    }
    info = display.read_user({"user": user}, CALL)
    assert (info.open_id, info.display_name, info.username) == ("-000a", "Mia", None)
    assert (info.follower_count, info.likes_count, info.is_verified) == (0, None, False)
    assert info.bio_description is None


@pytest.mark.parametrize("data", [{}, {"user": None}, {"user": {}}, {"user": {"open_id": ""}}])
def test_a_profile_of_nobody_is_no_profile(data: dict[str, object]) -> None:
    with pytest.raises(wire.ReplyError):
        display.read_user(data, CALL)


def test_a_video_has_its_time_in_milliseconds_and_its_id_as_text() -> None:
    video = display.read_video({**VIDEO, "id": 7600000000000000011})
    assert (video.id, video.created_at) == ("7600000000000000011", 1_790_000_000_000)
    assert (video.duration_s, video.view_count, video.comment_count) == (12, 1200, None)
    assert video.raw["id"] == "7600000000000000011"


def test_a_page_leads_on_only_while_there_is_more() -> None:
    data = {"videos": [VIDEO], "cursor": 1790000000000, "has_more": True}
    assert display.read_page(data, CALL).next_before == 1_790_000_000_000
    assert display.read_page({**data, "has_more": False}, CALL).next_before is None


@pytest.mark.parametrize("data", [{}, {"videos": None}, {"videos": ["x"]}])
def test_a_page_of_nothing_is_empty(data: dict[str, object]) -> None:
    assert display.read_page(data, CALL).videos == ()
