"""Shapes of the Content Posting API: built and read as its pages say, and held to `schemas/tiktok/`."""

from typing import Any

import jsonschema
import pytest

from connector.contract import load_contract
from connector.domain.chunks import plan_chunks
from connector.engine.ports import Call
from connector.tiktok import posting, wire
from tests.tiktok_posts import post

VIDEO = {
    "title": "hi #cat",
    "privacy": "SELF_ONLY",
    "disable_duet": True,
    "disable_comment": False,
    "disable_stitch": True,
    "video_cover_timestamp_ms": 1000,
    "is_aigc": False,
    "brand": "kept by us",
    "source_url": "https://m.example/v.mp4",
}


def hold(body: dict[str, object], schema: str) -> None:
    """Validate a body against one of TikTok's shapes."""
    jsonschema.validate(body, load_contract().schema(f"tiktok/{schema}"))


def test_an_upload_carries_tiktoks_chunk_maths_and_only_its_own_fields() -> None:
    body = posting.video_init_body(post("video", VIDEO), plan=plan_chunks(70_000_000), video_url=None)
    hold(body, "video_init_request")
    assert body["source_info"] == {
        "source": "FILE_UPLOAD",
        "video_size": 70_000_000,
        "chunk_size": 10_000_000,
        "total_chunk_count": 7,
    }
    info: Any = body["post_info"]
    assert info["privacy_level"] == "SELF_ONLY"
    assert "brand" not in info
    assert info["brand_content_toggle"] is False


def test_a_pull_carries_the_url() -> None:
    body = posting.video_init_body(
        post("video", VIDEO), plan=None, video_url="https://p.example/media/g/v.mp4"
    )
    hold(body, "video_init_request")
    assert body["source_info"] == {"source": "PULL_FROM_URL", "video_url": "https://p.example/media/g/v.mp4"}


def test_photos_carry_the_ai_label_at_the_top_and_the_cover_in_the_source() -> None:
    content: dict[str, object] = {
        "title": "t",
        "description": "d #x",
        "privacy": "SELF_ONLY",
        "photo_cover_index": 1,
        "is_aigc": True,
        "auto_add_music": True,
    }
    body = posting.photo_init_body(
        post("photo", content), ["https://p.example/a.jpg", "https://p.example/b.jpg"]
    )
    hold(body, "content_init_request")
    source: Any = body["source_info"]
    assert (body["is_aigc"], source["photo_cover_index"]) == (True, 1)


def test_64_bit_ids_come_out_as_text_unrounded() -> None:
    ids = b'"publicaly_available_post_id":[7602997517160123666]'
    reply = b'{"data":{"status":"PUBLISH_COMPLETE",' + ids + b'},"error":{"code":"ok","message":""}}'
    data, error = wire.parse_reply(reply)
    assert posting.public_ids(data) == ("7602997517160123666",)
    assert posting.with_ids_as_text(data)["publicaly_available_post_id"] == ["7602997517160123666"]
    assert error["code"] == "ok"


def test_the_right_spelling_of_the_ids_is_read_too() -> None:
    assert posting.public_ids({"publicly_available_post_id": [1]}) == ("1",)
    assert posting.public_ids({"publicaly_available_post_id": None}) == ()


@pytest.mark.parametrize(
    ("header", "held"),
    [("bytes 0-9999999/50000123", 10_000_000), (None, None), ("bytes */7", None), ("nonsense", None)],
)
def test_the_bytes_tiktok_holds_are_read_from_content_range(header: str | None, held: int | None) -> None:
    assert posting.uploaded_in(header) == held


def test_a_video_draft_carries_its_source_and_nothing_else() -> None:
    for body in (
        posting.inbox_init_body(plan=plan_chunks(70_000_000), video_url=None),
        posting.inbox_init_body(plan=None, video_url="https://p.example/media/g/v.mp4"),
    ):
        hold(body, "inbox_video_init_request")
        assert set(body) == {"source_info"}


def test_a_photo_draft_carries_the_text_and_leaves_the_rest_to_the_creator() -> None:
    content: dict[str, object] = {
        "title": "t",
        "description": "d",
        "privacy": "SELF_ONLY",
        "is_aigc": True,
        "auto_add_music": True,
    }
    body = posting.photo_init_body(post("photo", content, "inbox"), ["https://p.example/a.jpg"])
    hold(body, "content_init_request")
    assert (body["post_mode"], body["post_info"]) == ("MEDIA_UPLOAD", {"title": "t", "description": "d"})
    assert "is_aigc" not in body


def test_what_a_creator_may_do_is_read_and_what_is_absent_is_off() -> None:
    full = {
        "creator_avatar_url": "https://p.example/a.jpg",
        "creator_username": "mia",
        "creator_nickname": "Mia",
        "privacy_level_options": ["SELF_ONLY"],
        "comment_disabled": True,
        "max_video_post_duration_sec": 300,
    }
    info = posting.read_creator(full, Call(name="creator_info/query"))
    assert (info.username, info.avatar_url, info.privacy_level_options) == (
        "mia",
        "https://p.example/a.jpg",
        ("SELF_ONLY",),
    )
    assert (info.comment_disabled, info.duet_disabled, info.max_video_post_duration_sec) == (True, False, 300)


def test_a_status_is_read_with_its_raw_form() -> None:
    status = posting.read_status(
        {"status": "FAILED", "fail_reason": "spam_risk", "uploaded_bytes": 7}, Call(name="status/fetch")
    )
    assert (status.status, status.fail_reason, status.raw["uploaded_bytes"]) == ("FAILED", "spam_risk", 7)
    assert posting.read_status({}, Call(name="status/fetch")).fail_reason is None
