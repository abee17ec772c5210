"""Uploads in several requests: whole ones become uploads once, refused ones are forgotten."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from connector.engine.model import Principal
from connector.engine.model_media import Partial
from connector.engine.resume import MOST_OPEN, append, begin, give_up, look
from connector.kernel.errors import PostrailError
from tests.fakes.scripted import Scene

pytest_plugins = ("tests.databases", "tests.engine_scene")

ME = Principal(workspace_id="w", key_id="k", scopes=frozenset({"posts:read", "posts:write"}))


def start(scene: Scene, length: int, **metadata: str) -> str:
    """Begin a file."""
    return begin(scene.context, ME, length, metadata).id


def send(
    scene: Scene, partial_id: str, offset: int, *pieces: bytes, keep_part: bool = True, right: bool = True
) -> Partial:
    """Append."""
    return append(scene.context, ME, partial_id, offset, pieces, keep_part=keep_part, is_right=lambda: right)


def test_a_whole_file_becomes_an_upload_under_its_name(scene: Scene) -> None:
    partial_id = start(scene, 6, filename="../a.jpg")
    assert send(scene, partial_id, 0, b"abc").upload_id is None
    done = send(scene, partial_id, 3, b"d", b"ef")
    upload = scene.stage.media.find("w", str(done.upload_id))
    assert upload is not None
    assert upload.label == "a.jpg"
    assert scene.intake.files[upload.item.media_id] == b"abcdef"


def test_a_file_that_was_whole_when_the_server_died_becomes_an_upload_when_it_is_asked_for(
    scene: Scene,
) -> None:
    partial_id = start(scene, 3)
    with scene.partials.take("w", partial_id) as part:
        part.write(b"abc")
    first = look(scene.context, ME, partial_id)
    assert first.upload_id is not None
    assert look(scene.context, ME, partial_id).upload_id == first.upload_id


def test_a_refused_file_is_forgotten(scene: Scene) -> None:
    partial_id = start(scene, 3)
    with pytest.raises(PostrailError, match="unsupported_file_type"):
        send(scene, partial_id, 0, b"bad")
    with pytest.raises(PostrailError, match="upload_not_found"):
        look(scene.context, ME, partial_id)


def test_a_file_whose_trouble_may_pass_stays(scene: Scene) -> None:
    partial_id = start(scene, 3)
    scene.intake.missing.add("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    with pytest.raises(PostrailError, match="not_ready"):
        send(scene, partial_id, 0, b"abc")
    scene.intake.missing.clear()
    assert look(scene.context, ME, partial_id).upload_id is not None


@pytest.mark.parametrize(("keep_part", "stays"), [(True, 2), (False, 0)])
def test_what_came_before_a_cut_stays_unless_a_checksum_was_to_hold(
    scene: Scene, keep_part: bool, stays: int
) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"12"
        raise PostrailError("bad_request", "broken off")

    partial_id = start(scene, 10)

    with pytest.raises(PostrailError, match="bad_request"):
        append(scene.context, ME, partial_id, 0, pieces(), keep_part=keep_part, is_right=lambda: True)
    assert look(scene.context, ME, partial_id).offset == stays
    assert scene.partials.parts[partial_id].synced >= stays


def test_bytes_that_are_not_those_sent_are_not_kept(scene: Scene) -> None:
    partial_id = start(scene, 3)
    with pytest.raises(PostrailError, match="upload_checksum_mismatch"):
        send(scene, partial_id, 0, b"abc", right=False)
    assert look(scene.context, ME, partial_id).offset == 0


def test_more_bytes_than_announced_are_not_kept(scene: Scene) -> None:
    partial_id = start(scene, 3)
    with pytest.raises(PostrailError, match="too_large"):
        send(scene, partial_id, 0, b"ab", b"cd")
    assert look(scene.context, ME, partial_id).offset == 0


def test_a_wrong_offset_is_told_with_the_right_one(scene: Scene) -> None:
    partial_id = start(scene, 3)
    send(scene, partial_id, 0, b"a")
    with pytest.raises(PostrailError, match="1 bytes are here") as caught:
        send(scene, partial_id, 2, b"c")
    assert caught.value.code == "upload_offset_mismatch"


def test_an_album_is_looked_for_before_anything_is_sent(scene: Scene) -> None:
    with pytest.raises(PostrailError, match="album_not_found"):
        start(scene, 3, album_id="album_x")
    done = send(scene, start(scene, 1, album="new"), 0, b"a")
    upload = scene.stage.media.find("w", str(done.upload_id))
    assert upload is not None
    assert upload.album_id is not None


def test_giving_up_forgets_the_file(scene: Scene) -> None:
    partial_id = start(scene, 3)
    give_up(scene.context, ME, partial_id)
    assert scene.partials.parts == {}


def test_a_key_that_may_only_read_begins_nothing(scene: Scene) -> None:
    reader = Principal(workspace_id="w", key_id="k", scopes=frozenset({"posts:read"}))
    with pytest.raises(PostrailError, match="forbidden"):
        begin(scene.context, reader, 3, {})


def test_what_is_begun_counts_as_if_it_were_here(scene: Scene) -> None:
    scene.life = replace(scene.life, quota=100)
    send(scene, start(scene, 30), 0, b"a" * 30)
    begun = start(scene, 60)
    with pytest.raises(PostrailError, match="101 bytes") as refused:
        start(scene, 11)
    assert refused.value.code == "media_quota_exceeded"
    give_up(scene.context, ME, begun)
    assert look(scene.context, ME, start(scene, 70)).length == 70


def test_a_workspace_has_so_many_files_begun_and_no_more(scene: Scene) -> None:
    begun = [start(scene, 1) for _ in range(MOST_OPEN)]
    with pytest.raises(PostrailError, match="too_many_open_uploads"):
        start(scene, 1)
    assert send(scene, begun[0], 0, b"a").upload_id is not None
    assert start(scene, 1)
