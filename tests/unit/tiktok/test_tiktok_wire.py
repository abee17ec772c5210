"""TikTok's wire shapes: built and read as its pages say, and held to `schemas/tiktok/`."""

import json
from typing import Any

import jsonschema
import pytest

from connector.contract import load_contract
from connector.domain.chunks import plan_chunks
from connector.domain.lifecycle import State
from connector.engine.model import Post
from connector.tiktok import posting, wire

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


def post(kind: str, content: dict[str, object]) -> Post:
    """A post as the ledger holds it."""
    plain: dict[str, Any] = {"kind": kind, "mode": "direct", "transfer": "pull", "state": State.SENDING}
    return Post(
        id="post_1",
        workspace_id="w",
        account_id="a",
        operation=f"post_{kind}",
        input=content,
        receipt={},
        created_at=0,
        updated_at=0,
        **plain,
    )


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
    "body", [b"", b"<html>", b"[]", b"{}", b'{"error":"x"}', b'{"error":{}}', b'{"error":{"code":1}}']
)
def test_a_reply_of_another_shape_is_not_taken_for_success(body: bytes) -> None:
    with pytest.raises(wire.ReplyError):
        wire.parse_reply(body)


def test_data_may_be_absent() -> None:
    assert wire.parse_reply(json.dumps({"error": {"code": "ok"}}).encode())[0] == {}


def test_the_log_id_is_found_under_each_of_its_names() -> None:
    assert wire.log_id_of({"log_id": "a"}, {}) == "a"
    assert wire.log_id_of({"logid": "b"}, {}) == "b"
    assert wire.log_id_of({}, {"x-tt-logid": "c"}) == "c"
    assert wire.log_id_of({}, {}) is None


@pytest.mark.parametrize(
    ("header", "held"),
    [("bytes 0-9999999/50000123", 10_000_000), (None, None), ("bytes */7", None), ("nonsense", None)],
)
def test_the_bytes_tiktok_holds_are_read_from_content_range(header: str | None, held: int | None) -> None:
    assert posting.uploaded_in(header) == held
