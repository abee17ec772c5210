"""The corpus at TikTok's own endpoints: every file goes there over HTTP, and TikTok says what Postrail said.

What Postrail takes is published with the very bytes; what it refuses would have failed, for the same reason.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.corpus import CONVERTED, KEEPS, Specimen
from tests.corpus_photos import PHOTOS
from tests.corpus_verdicts import FORMAT, Judged, judged
from tests.corpus_videos import VIDEOS
from tests.integration.sandbox.sandbox_process import (
    Client,
    MediaHost,
    Sandbox,
    Wire,
    media_host,
    running_sandbox,
)
from tests.unit.sandbox.sandbox_helpers import one_chunk

PUBLIC = "PUBLIC_TO_EVERYONE"
EMPTY = "an empty file"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One sandbox, working at once, for the whole corpus."""
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def host() -> Iterator[MediaHost]:
    """The host from which files are pulled."""
    with media_host() as host:
        yield host


@pytest.fixture(scope="module")
def creator(sandbox: Sandbox) -> Client:
    """A creator who may post as long and as often as the API allows."""
    return sandbox.client(rate_limits=False, max_video_post_duration_sec=600)


def uploaded(creator: Client, file: Judged) -> str:
    """Send a video in one chunk and return its publish_id."""
    size = len(file.sent)
    made = creator.video_init(one_chunk(size), PUBLIC)
    assert creator.put(made["upload_url"], file.sent, 0, size, file.mime).status_code == 201
    return str(made["publish_id"])


def pulled(creator: Client, url: str) -> str:
    """Have a video pulled and return its publish_id."""
    return str(creator.video_init({"source": "PULL_FROM_URL", "video_url": url}, PUBLIC)["publish_id"])


def hold_to_verdict(creator: Client, publish_id: str, one: Specimen, file: Judged) -> None:
    """Hold what TikTok says in the end to what Postrail said at once."""
    told = creator.settled(publish_id)
    posts = [post for post in creator.sandbox.control("posts")["posts"] if post["publish_id"] == publish_id]
    if file.reasons:
        assert told["status"] == "FAILED"
        assert told["fail_reason"] in file.reasons
        assert posts == []
        return
    assert one.verdict in {KEEPS, CONVERTED}
    assert told["status"] == "PUBLISH_COMPLETE", told
    [post] = posts
    assert [str(number) for number in told["publicaly_available_post_id"]] == [post["post_id"]]
    assert post["media"] == [_as_kept(file)]


def _as_kept(file: Judged) -> Wire:
    sha256 = hashlib.sha256(file.sent).hexdigest()
    return {"sha256": sha256, "size": len(file.sent), "content_type": file.mime}


@pytest.mark.parametrize("one", [one for one in VIDEOS if one.name != EMPTY], ids=lambda one: one.name)
def test_a_video_uploaded_to_tiktok_ends_there_as_postrail_said(
    one: Specimen, creator: Client, tmp_path: Path
) -> None:
    file = judged(one, tmp_path)
    hold_to_verdict(creator, uploaded(creator, file), one, file)


@pytest.mark.parametrize("one", VIDEOS, ids=lambda one: one.name)
def test_a_video_pulled_by_tiktok_ends_there_as_postrail_said(
    one: Specimen, creator: Client, host: MediaHost, tmp_path: Path
) -> None:
    file = judged(one, tmp_path)
    hold_to_verdict(creator, pulled(creator, host.serve("/video", file.sent)), one, file)


@pytest.mark.parametrize("one", PHOTOS, ids=lambda one: one.name)
def test_a_photo_pulled_by_tiktok_ends_there_as_postrail_said(
    one: Specimen, creator: Client, host: MediaHost, tmp_path: Path
) -> None:
    file = judged(one, tmp_path)
    publish_id = creator.photos_init(host.serve("/photo", file.sent))
    hold_to_verdict(creator, publish_id, one, file)


def test_an_empty_video_is_refused_by_tiktok_before_any_byte_is_asked_for(
    creator: Client, tmp_path: Path
) -> None:
    [empty] = [one for one in VIDEOS if one.name == EMPTY]
    assert judged(empty, tmp_path).reasons == {FORMAT}
    body = {"post_info": {"privacy_level": PUBLIC}, "source_info": one_chunk(0)}
    assert creator.call("video/init", body)["error"]["code"] == "invalid_params"
