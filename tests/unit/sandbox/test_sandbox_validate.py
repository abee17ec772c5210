"""The bodies of the init calls as tables of what is refused, and with which of TikTok's messages."""

from typing import Any

import pytest

from connector.sandbox.validate import (
    may_be_pulled,
    read_content_init,
    read_inbox_init,
    read_video_init,
    utf16_units,
)
from connector.sandbox.wire import BAD_MEDIA_TYPE, BAD_POST_INFO, BAD_SOURCE_INFO, Refusal
from tests.unit.sandbox.sandbox_helpers import one_chunk

POST: dict[str, Any] = {"privacy_level": "SELF_ONLY"}
URL = "https://media.example.com/a.jpg"
PHOTOS: dict[str, Any] = {"source": "PULL_FROM_URL", "photo_images": [URL, URL], "photo_cover_index": 1}


def photo(**changed: object) -> dict[str, object]:
    """Return a content/init body with some members changed."""
    body = {"media_type": "PHOTO", "post_mode": "DIRECT_POST", "post_info": POST, "source_info": PHOTOS}
    return {**body, **changed}


def test_an_upload_is_read() -> None:
    init = read_video_init({"post_info": {**POST, "title": "hi"}, "source_info": one_chunk(1000)})
    assert (init.kind, init.flow, init.source, init.title) == ("video", "direct", "FILE_UPLOAD", "hi")
    assert init.plan is not None
    assert (init.plan.size, init.urls) == (1000, ())


def test_a_pull_is_read() -> None:
    init = read_inbox_init({"source_info": {"source": "PULL_FROM_URL", "video_url": URL}})
    assert (init.flow, init.plan, init.urls, init.privacy_level) == ("inbox", None, (URL,), None)


def test_photos_are_read() -> None:
    init = read_content_init(photo(post_mode="MEDIA_UPLOAD"))
    assert (init.kind, init.flow, init.urls) == ("photo", "inbox", (URL, URL))


def test_a_missing_privacy_level_is_left_to_the_account_check() -> None:
    assert read_video_init({"post_info": {}, "source_info": one_chunk(9)}).privacy_level is None


@pytest.mark.parametrize(
    "post_info",
    [
        None,
        "SELF_ONLY",
        {"privacy_level": "PUBLIC"},
        {"privacy_level": 1},
        {**POST, "title": "x" * 2201},
        {**POST, "title": "\U0001f600" * 1101},
        {**POST, "title": None},
        {**POST, "disable_comment": "true"},
        {**POST, "disable_duet": 1},
        {**POST, "is_aigc": None},
        {**POST, "video_cover_timestamp_ms": "1000"},
        {**POST, "video_cover_timestamp_ms": True},
    ],
)
def test_bad_post_info_of_a_video_is_refused(post_info: object) -> None:
    with pytest.raises(Refusal) as caught:
        read_video_init({"post_info": post_info, "source_info": one_chunk(9)})
    assert (caught.value.code, caught.value.message) == ("invalid_params", BAD_POST_INFO)


@pytest.mark.parametrize(
    "source_info",
    [
        None,
        {},
        {"source": "URL", "video_url": URL},
        {"source": "PULL_FROM_URL"},
        {"source": "PULL_FROM_URL", "video_url": 1},
        {**one_chunk(9), "video_size": "9"},
        {**one_chunk(9), "chunk_size": 9.0},
        {**one_chunk(9), "total_chunk_count": True},
    ],
)
def test_bad_source_info_of_a_video_is_refused(source_info: object) -> None:
    with pytest.raises(Refusal) as caught:
        read_video_init({"post_info": POST, "source_info": source_info})
    assert caught.value.message == BAD_SOURCE_INFO


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (None, BAD_MEDIA_TYPE),
        (photo(media_type="VIDEO"), BAD_MEDIA_TYPE),
        (photo(post_mode="DIRECT POST"), BAD_MEDIA_TYPE),
        (photo(post_info={**POST, "title": "x" * 91}), BAD_POST_INFO),
        (photo(post_info={**POST, "description": "x" * 4001}), BAD_POST_INFO),
        (photo(post_info={**POST, "auto_add_music": "on"}), BAD_POST_INFO),
        (photo(is_aigc="yes"), BAD_POST_INFO),
        (photo(source_info={**PHOTOS, "source": "FILE_UPLOAD"}), BAD_SOURCE_INFO),
        (photo(source_info={**PHOTOS, "photo_images": []}), BAD_SOURCE_INFO),
        (photo(source_info={**PHOTOS, "photo_images": [URL] * 36}), BAD_SOURCE_INFO),
        (photo(source_info={**PHOTOS, "photo_images": [URL, ""]}), BAD_SOURCE_INFO),
        (photo(source_info={**PHOTOS, "photo_images": URL}), BAD_SOURCE_INFO),
        (photo(source_info={**PHOTOS, "photo_cover_index": 2}), BAD_SOURCE_INFO),
        (photo(source_info={**PHOTOS, "photo_cover_index": -1}), BAD_SOURCE_INFO),
        (photo(source_info={**PHOTOS, "photo_cover_index": "0"}), BAD_SOURCE_INFO),
    ],
)
def test_bad_photo_bodies_are_refused(body: object, message: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_content_init(body)
    assert (caught.value.status, caught.value.message) == (400, message)


def test_fields_tiktok_does_not_know_are_ignored() -> None:
    body = {"post_info": {**POST, "mood": "fine"}, "source_info": one_chunk(9), "title": "x"}
    assert read_video_init(body).title == ""


@pytest.mark.parametrize(
    ("url", "may"),
    [
        ("https://media.example.com/a.mp4", True),
        ("http://media.example.com/a.mp4", False),
        ("https://93.184.216.34/a.mp4", False),
        ("https://intranet/a.mp4", False),
        ("http://127.0.0.1:8000/a.mp4", True),
        ("http://[::1]:8000/a.mp4", True),
        ("http://localhost:8000/a.mp4", True),
        ("ftp://127.0.0.1/a.mp4", False),
        ("https://media.example.com:port/a.mp4", False),
        ("media.example.com/a.mp4", False),
    ],
)
def test_only_https_to_a_name_or_the_loopback_is_pulled(url: str, may: bool) -> None:
    assert may_be_pulled(url) is may


def test_an_emoji_counts_two_units() -> None:
    assert utf16_units("a\U0001f600") == 3
