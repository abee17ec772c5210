"""Uploads in several requests: whole ones become uploads once, refused ones are forgotten."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from connector.engine.library import reach_of
from connector.engine.model import Principal
from connector.engine.model_media import Partial
from connector.engine.resume import MOST_OPEN, append, begin, give_up, look
from connector.kernel.errors import PostrailError
from tests.fakes.scripted import Scene
from tests.ledgers import ALL

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
    upload = scene.stage.media.find(ALL, str(done.upload_id))
    assert upload is not None
    assert upload.label == "a.jpg"
    assert scene.intake.files[upload.item.media_id] == b"abcdef"


def test_a_file_that_was_whole_when_the_server_died_becomes_an_upload_when_it_is_asked_for(
    scene: Scene,
) -> None:
    partial_id = start(scene, 3)
    with scene.partials.take(ALL, partial_id) as part:
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
    upload = scene.stage.media.find(ALL, str(done.upload_id))
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


def test_an_unfinished_upload_counts_once_in_its_own_quota(scene: Scene) -> None:
    scene.life = replace(scene.life, quota=100)
    assert send(scene, start(scene, 100), 0, b"a" * 100).upload_id is not None


@pytest.mark.parametrize("word", ["true", "yes", "1", "on"])
def test_fit_is_switched_on_as_everywhere(scene: Scene, word: str) -> None:
    assert send(scene, start(scene, 4, fit=word), 0, b"wide").upload_id is not None


@pytest.mark.parametrize("metadata", [{"fit": "no"}, {"fit": ""}, {}])
def test_fit_is_off_unless_it_is_switched_on(scene: Scene, metadata: dict[str, str]) -> None:
    with pytest.raises(PostrailError, match="unsupported_file_type"):
        send(scene, start(scene, 4, **metadata), 0, b"wide")


@pytest.mark.parametrize(
    ("metadata", "field", "problem"),
    [
        ({"fit": "perhaps"}, "fit", "not_a_boolean"),
        ({"fit": "{{ $json.fit }}"}, "fit", "unresolved_expression"),
        ({"album": "old"}, "album", "not_one_of"),
        ({"album": "new", "album_id": "album_1"}, "album", "two_albums"),
    ],
)
def test_metadata_that_is_not_understood_is_refused_before_anything_is_sent(
    scene: Scene, metadata: dict[str, str], field: str, problem: str
) -> None:
    with pytest.raises(PostrailError, match="invalid_request") as refused:
        start(scene, 4, **metadata)
    assert [(one.field, one.problem) for one in refused.value.details] == [(field, problem)]
    assert scene.partials.parts == {}


def test_what_clients_add_to_the_metadata_is_theirs(scene: Scene) -> None:
    assert start(scene, 4, filetype="image/jpeg", relativePath="a/b.jpg", strict="yes")


def test_a_full_album_is_told_before_anything_is_sent(scene: Scene) -> None:
    album = [send(scene, start(scene, 1, album="new"), 0, b"a")]
    upload = scene.stage.media.find(ALL, str(album[0].upload_id))
    assert upload is not None
    for number in range(34):
        data = f"{number:02}".encode()
        send(scene, start(scene, 2, album_id=str(upload.album_id)), 0, data)
    with pytest.raises(PostrailError, match="too_many_images"):
        start(scene, 2, album_id=str(upload.album_id))


def test_an_upload_of_a_bound_key_is_its_own_whoever_ends_it(scene: Scene) -> None:
    bound, other = replace(ME, account_id="a"), replace(ME, account_id="b")
    partial_id = begin(scene.context, bound, 1, {}).id
    with pytest.raises(PostrailError, match="upload_not_found"):
        look(scene.context, other, partial_id)
    upload_id = str(send(scene, partial_id, 0, b"a").upload_id)
    assert scene.stage.media.find(reach_of(bound), upload_id) is not None
    assert scene.stage.media.find(reach_of(other), upload_id) is None
