"""Files that their senders put into a bucket themselves: the whole way in, on a real S3 server."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from obstore.store import S3Store

from connector.domain.storage import Bucket
from connector.engine.collect import collect
from connector.engine.model import Principal
from connector.engine.model_media import Life, Partial, Reach
from connector.engine.presigned import begin, complete, give_up
from connector.kernel.clock import SystemClock
from connector.kernel.errors import PostrailError
from connector.media.locks import FolderLocks
from connector.media.objects import Credentials, open_bucket
from connector.media.presigned import MARGIN_MS, BucketUploads, part_sizes
from tests.databases import HandClock
from tests.fakes.scripted import Scene
from tests.running import call

pytest_plugins = ("tests.buckets", "tests.databases", "tests.engine_scene")

ME = Principal(workspace_id="w", key_id="k", scopes=frozenset({"posts:read", "posts:write"}))
READER = replace(ME, scopes=frozenset({"posts:read"}))
W = Reach(workspace_id="w")
LIFE = 60_000
DATA = b"a photo of more than two parts"
PARTS = 12


@pytest.fixture
def bucket_clock() -> HandClock:
    """A clock that begins now: objects have the storage's own times."""
    return HandClock(SystemClock().now())


@pytest.fixture
def store(s3_endpoint: str, bucket: str) -> S3Store:
    """An empty bucket."""
    return open_bucket(
        Bucket(name=bucket, prefix="media", endpoint=s3_endpoint), Credentials(key_id="test", secret="test")
    )


@pytest.fixture
def uploads(store: S3Store, bucket_clock: HandClock, tmp_path: Path) -> BucketUploads:
    """Uploads into it, in parts of a few bytes."""
    return BucketUploads(store, bucket_clock, FolderLocks(tmp_path), life_ms=LIFE, places=2, part_size=PARTS)


@pytest.fixture
def at(scene: Scene, uploads: BucketUploads) -> Scene:
    """The engine with that bucket."""
    scene.presigned = uploads
    scene.partials.elsewhere = uploads.begun
    return scene


def put(told: dict[str, object], data: bytes = DATA) -> str:
    """Put every part to its address, the last one first; return the upload's id."""
    parts = told["parts"]
    assert isinstance(parts, list)
    for part in reversed(parts):
        piece = data[part["first"] : part["first"] + part["size"]]
        answer = call("PUT", part["url"], data=piece, headers=told["headers"])
        assert answer.status == 200
    return str(told["upload_id"])


def ready(at: Scene, data: bytes = DATA, **given: object) -> str:
    """Begin a file, and put it."""
    return put(begin(at.context, ME, {"size": len(data), **given}), data)


def objects(uploads: BucketUploads, partial_id: str) -> set[str]:
    """Return the names of what lies in the bucket for an upload."""
    state = Partial(id=partial_id, workspace_id="w", length=1, offset=0, expires_at=0, metadata={})
    return set(uploads._things(state))  # noqa: SLF001 - what is left there is the point


def problems(caught: pytest.ExceptionInfo[PostrailError]) -> list[tuple[str, str]]:
    """Return the field and the word of each problem."""
    return [(problem.field, problem.problem) for problem in caught.value.details]


@pytest.mark.parametrize(
    ("length", "sizes"), [(1, [1]), (12, [12]), (13, [12, 1]), (24, [12, 12]), (30, [12, 12, 6])]
)
def test_the_parts_of_a_file_are_all_of_it(length: int, sizes: list[int]) -> None:
    assert part_sizes(length, 12) == sizes


def test_a_file_that_was_put_in_parts_is_taken_in_as_any_other(at: Scene, uploads: BucketUploads) -> None:
    told = begin(at.context, ME, {"size": len(DATA), "name": "../b.jpg", "content_type": "image/jpeg"})
    assert (told["url"], told["headers"]) == (None, {"Content-Type": "image/jpeg"})
    partial_id = put(told)
    assert told["complete_url"] == f"https://posts.example/v1/media/presigned/{partial_id}/complete"
    body = complete(at.context, ME, partial_id)
    assert (body["sha256"], body["size"]) == (hashlib.sha256(DATA).hexdigest(), len(DATA))
    assert body["name"] == "b.jpg"
    assert at.intake.files[str(body["sha256"])] == DATA
    assert {name.partition("-")[0] for name in objects(uploads, partial_id)} == {"begun", "done"}


def test_a_small_file_has_one_address(at: Scene) -> None:
    told = begin(at.context, ME, {"size": 3})
    parts = told["parts"]
    assert isinstance(parts, list)
    assert [part["url"] for part in parts] == [told["url"]]


def test_completing_twice_answers_the_same_upload(at: Scene) -> None:
    partial_id = ready(at)
    first = complete(at.context, ME, partial_id)
    assert complete(at.context, ME, partial_id)["media_id"] == first["media_id"]


def test_another_machine_completes_it(
    at: Scene, store: S3Store, bucket_clock: HandClock, tmp_path: Path
) -> None:
    partial_id = ready(at)
    at.presigned = BucketUploads(
        store, bucket_clock, FolderLocks(tmp_path), life_ms=LIFE, places=1, part_size=PARTS
    )
    assert complete(at.context, ME, partial_id)["size"] == len(DATA)


def test_what_is_missing_or_of_another_size_is_named_and_may_be_put_again(at: Scene) -> None:
    told = begin(at.context, ME, {"size": len(DATA)})
    partial_id, parts = str(told["upload_id"]), told["parts"]
    assert isinstance(parts, list)
    call("PUT", parts[1]["url"], data=b"short")
    with pytest.raises(PostrailError, match="upload_mismatch") as caught:
        complete(at.context, ME, partial_id)
    assert problems(caught) == [
        ("parts[0]", "missing"),
        ("parts[1]", "wrong_size"),
        ("parts[2]", "missing"),
    ]
    put(told)
    assert complete(at.context, ME, partial_id)["ok"] is True


def test_other_bytes_than_announced_are_told_and_may_be_put_again(at: Scene) -> None:
    told = begin(at.context, ME, {"size": len(DATA), "sha256": hashlib.sha256(DATA).hexdigest().upper()})
    partial_id = put(told, bytes(reversed(DATA)))
    with pytest.raises(PostrailError, match="upload_mismatch") as caught:
        complete(at.context, ME, partial_id)
    assert problems(caught) == [("sha256", "other_bytes")]
    assert at.intake.files == {}
    put(told)
    assert complete(at.context, ME, partial_id)["ok"] is True


def test_a_refused_file_is_forgotten(at: Scene, uploads: BucketUploads) -> None:
    partial_id = ready(at, b"bad file")
    with pytest.raises(PostrailError, match="unsupported_file_type"):
        complete(at.context, ME, partial_id)
    with pytest.raises(PostrailError, match="upload_not_found"):
        complete(at.context, ME, partial_id)
    assert objects(uploads, partial_id) == set()


def test_a_file_whose_trouble_may_pass_stays(at: Scene) -> None:
    partial_id = ready(at)
    at.intake.missing.add(hashlib.sha256(DATA).hexdigest())
    with pytest.raises(PostrailError, match="not_ready"):
        complete(at.context, ME, partial_id)
    at.intake.missing.clear()
    assert complete(at.context, ME, partial_id)["ok"] is True


@pytest.mark.parametrize(("fit", "refused"), [(True, False), (False, True)])
def test_fit_is_kept_until_the_file_is_whole(at: Scene, fit: bool, refused: bool) -> None:
    partial_id = ready(at, b"wide photo", fit=fit)
    if refused:
        with pytest.raises(PostrailError, match="unsupported_file_type"):
            complete(at.context, ME, partial_id)
    else:
        assert complete(at.context, ME, partial_id)["ok"] is True


def test_an_album_is_looked_for_before_anything_is_put(at: Scene) -> None:
    with pytest.raises(PostrailError, match="album_not_found"):
        begin(at.context, ME, {"size": 3, "album_id": "album_x"})


def test_a_file_larger_than_this_server_takes_is_refused_before_anything_is_put(at: Scene) -> None:
    with pytest.raises(PostrailError, match="too_large") as caught:
        begin(at.context, ME, {"size": at.intake.limit + 1})
    assert problems(caught) == [("size", "too_large")]


def test_the_declared_size_counts_against_the_quota(at: Scene, uploads: BucketUploads) -> None:
    at.life = Life(plain_ms=1_000, retained_ms=2_000, quota=20)
    with pytest.raises(PostrailError, match="media_quota_exceeded"):
        begin(at.context, ME, {"size": 21})
    partial_id = str(begin(at.context, ME, {"size": 15})["upload_id"])
    assert uploads.begun("w") == {partial_id: 15}
    assert uploads.begun("elsewhere") == {}


def test_what_is_done_counts_no_more_as_begun(at: Scene, uploads: BucketUploads) -> None:
    partial_id = ready(at)
    complete(at.context, ME, partial_id)
    assert uploads.begun("w") == {}


@pytest.mark.parametrize(
    "who",
    [replace(ME, workspace_id="x"), replace(ME, account_id="acc_2")],
    ids=["another workspace", "a key of another account"],
)
def test_nobody_else_finds_it(at: Scene, who: Principal) -> None:
    mine = replace(ME, account_id="acc_1")
    partial_id = put(begin(at.context, mine, {"size": len(DATA)}))
    for act in (complete, give_up):
        with pytest.raises(PostrailError, match="upload_not_found"):
            act(at.context, who, partial_id)
    body = complete(at.context, ME, partial_id)
    owned = at.stage.media.find(Reach(workspace_id="w", account_id="acc_1"), str(body["media_id"]))
    assert owned is not None


@pytest.mark.parametrize("partial_id", ["upload_0", "../begun", "", "a" * 65, "done"])
def test_what_was_never_begun_is_not_found(at: Scene, partial_id: str) -> None:
    with pytest.raises(PostrailError, match="upload_not_found"):
        complete(at.context, ME, partial_id)


def test_a_key_that_may_only_read_begins_nothing(at: Scene) -> None:
    partial_id = ready(at)
    with pytest.raises(PostrailError, match="forbidden"):
        begin(at.context, READER, {"size": 3})
    for act in (complete, give_up):
        with pytest.raises(PostrailError, match="forbidden"):
            act(at.context, READER, partial_id)


def test_giving_up_leaves_nothing(at: Scene, uploads: BucketUploads) -> None:
    partial_id = ready(at)
    give_up(at.context, ME, partial_id)
    assert objects(uploads, partial_id) == set()


def test_without_a_bucket_it_is_told_which_way_to_take(scene: Scene) -> None:
    with pytest.raises(PostrailError, match="presigned_not_offered"):
        begin(scene.context, ME, {"size": 3})
    for act in (complete, give_up):
        with pytest.raises(PostrailError, match="presigned_not_offered"):
            act(scene.context, ME, "upload_1")


def test_one_request_has_a_file_in_hand_at_a_time(at: Scene, uploads: BucketUploads) -> None:
    partial_id = ready(at)
    with uploads.take(W, partial_id), pytest.raises(PostrailError, match="upload_locked"):
        complete(at.context, ME, partial_id)
    assert complete(at.context, ME, partial_id)["ok"] is True


def test_only_so_many_are_read_at_once(at: Scene, uploads: BucketUploads) -> None:
    first, second, third = (ready(at) for _ in range(3))
    with (
        uploads.take(W, first),
        uploads.take(W, second),
        pytest.raises(PostrailError, match="too_many_downloads"),
    ):
        complete(at.context, ME, third)
    assert complete(at.context, ME, third)["ok"] is True


def test_two_requests_at_once_end_in_one_upload(at: Scene) -> None:
    partial_id = ready(at)

    def attempt() -> str:
        try:
            return str(complete(at.context, ME, partial_id)["media_id"])
        except PostrailError as error:
            return error.code

    with ThreadPoolExecutor(4) as pool:
        ends = {done.result() for done in [pool.submit(attempt) for _ in range(4)]}
    ends.discard("upload_locked")
    assert ends == {complete(at.context, ME, partial_id)["media_id"]}


@pytest.mark.parametrize(("ended", "code"), [("dropped", "upload_not_found"), ("done", "upload_locked")])
def test_what_another_machine_ends_while_it_is_read_is_told_as_ended(
    at: Scene, uploads: BucketUploads, ended: str, code: str
) -> None:
    state = uploads.look(W, ready(at))
    pieces = uploads.pieces(state)
    next(pieces)
    if ended == "dropped":
        uploads.drop(state)
    else:
        uploads.done(state, "media_1")
    with pytest.raises(PostrailError, match=code):
        list(pieces)


def test_a_part_that_is_put_again_while_it_is_read_makes_no_mixed_file(
    at: Scene, uploads: BucketUploads
) -> None:
    told = begin(at.context, ME, {"size": len(DATA)})
    pieces = uploads.pieces(uploads.look(W, put(told)))
    next(pieces)
    put(told, bytes(reversed(DATA)))
    with pytest.raises(PostrailError, match="upload_mismatch") as caught:
        next(pieces)
    assert problems(caught) == [("parts[1]", "changed")]
    assert complete(at.context, ME, str(told["upload_id"]))["ok"] is True


class Outrun(BucketUploads):
    """The uploads of a machine that another one outruns: it has done them when the first byte is read."""

    def pieces(self, state: Partial) -> Iterator[bytes]:
        """Yield nothing."""
        self.done(state, "media_1")
        yield from super().pieces(state)


def test_what_another_machine_has_done_is_not_forgotten_by_who_comes_second(
    at: Scene, store: S3Store, uploads: BucketUploads, bucket_clock: HandClock, tmp_path: Path
) -> None:
    partial_id = ready(at)
    at.presigned = Outrun(store, bucket_clock, FolderLocks(tmp_path), life_ms=LIFE, places=1, part_size=PARTS)
    with pytest.raises(PostrailError, match="upload_locked"):
        complete(at.context, ME, partial_id)
    assert uploads.look(W, partial_id).upload_id == "media_1"


def test_what_is_being_completed_cannot_be_given_up(at: Scene, uploads: BucketUploads) -> None:
    partial_id = ready(at)
    with uploads.take(W, partial_id), pytest.raises(PostrailError, match="upload_locked"):
        give_up(at.context, ME, partial_id)
    assert complete(at.context, ME, partial_id)["ok"] is True


def test_giving_up_what_is_done_takes_nothing_away(at: Scene) -> None:
    partial_id = ready(at)
    first = complete(at.context, ME, partial_id)
    give_up(at.context, ME, partial_id)
    assert complete(at.context, ME, partial_id)["media_id"] == first["media_id"]


def test_a_key_that_may_only_write_is_answered_the_second_time_as_the_first(at: Scene) -> None:
    writer = replace(ME, scopes=frozenset({"posts:write"}))
    partial_id = ready(at)
    first = complete(at.context, writer, partial_id)
    assert complete(at.context, writer, partial_id) == first


def test_many_that_begin_at_once_are_held_to_the_quota_together(at: Scene, uploads: BucketUploads) -> None:
    at.life = Life(plain_ms=1_000, retained_ms=2_000, quota=20)

    def attempt() -> str:
        try:
            return str(begin(at.context, ME, {"size": 15})["ok"])
        except PostrailError as error:
            return error.code

    with ThreadPoolExecutor(6) as pool:
        ends = [done.result() for done in [pool.submit(attempt) for _ in range(6)]]
    assert sorted(ends) == ["True", *["media_quota_exceeded"] * 5]
    assert list(uploads.begun("w").values()) == [15]


def test_who_comes_second_on_another_machine_is_to_ask_again(at: Scene, uploads: BucketUploads) -> None:
    partial_id = ready(at)
    state = uploads.look(W, partial_id)
    complete(at.context, ME, partial_id)
    with pytest.raises(PostrailError, match="upload_locked"):
        next(uploads.pieces(state))


@pytest.mark.parametrize("ended", ["begun", "done", "dropped and put again"])
def test_what_nobody_goes_on_with_is_collected_and_nothing_before_its_time(
    at: Scene, uploads: BucketUploads, bucket_clock: HandClock, ended: str
) -> None:
    told = begin(at.context, ME, {"size": len(DATA)})
    partial_id = put(told)
    if ended == "done":
        complete(at.context, ME, partial_id)
    if ended == "dropped and put again":
        give_up(at.context, ME, partial_id)
        put(told)
    assert uploads.sweep() == 0
    bucket_clock.advance(LIFE + 5_000)
    with pytest.raises(PostrailError, match="upload_not_found"):
        complete(at.context, ME, partial_id)
    assert uploads.begun("w") == {}
    assert uploads.sweep() == 0
    bucket_clock.advance(MARGIN_MS)
    assert collect(at.library, at.stage.clock.now()).records == 1
    assert objects(uploads, partial_id) == set()


def test_a_bucket_that_is_gone_is_told(at: Scene, s3_endpoint: str, tmp_path: Path) -> None:
    store = open_bucket(
        Bucket(name="nobodys-bucket", endpoint=s3_endpoint), Credentials(key_id="test", secret="test")
    )
    at.presigned = BucketUploads(store, HandClock(), FolderLocks(tmp_path), life_ms=LIFE, places=1)
    with pytest.raises(PostrailError, match="media_storage_failed"):
        begin(at.context, ME, {"size": 3})
    with pytest.raises(PostrailError, match="media_storage_failed"):
        complete(at.context, ME, "upload_1")
