"""The port of uploads: kept once, living as long as they may, needed by whom."""

from dataclasses import replace

import pytest

from connector.domain.lifecycle import State
from connector.domain.retry import PULL_WINDOW_MS
from connector.engine.model import Change, MediaItem
from connector.engine.model_media import Admission, Life, NewUpload, Reach, Upload
from connector.kernel.errors import PostrailError
from tests.ledgers import ALL, IDS, VIDEO, Stage, new_post

pytest_plugins = ("tests.databases", "tests.ledgers")

DAY = 86_400_000
LIFE = Life(plain_ms=3 * DAY, retained_ms=30 * DAY)


def item(sha: str, **changes: object) -> MediaItem:
    """Return a photo with these bytes."""
    plain = MediaItem(media_id=sha * 64, kind="photo", name="a.jpg", mime="image/jpeg", size=100, width=3)
    return replace(plain, **changes)  # type: ignore[arg-type] # any member


def admit(
    stage: Stage,
    *shas: str,
    workspace: str = "w",
    life: Life = LIFE,
    album: str | None = None,
    new: bool = False,
    account: str | None = None,
) -> tuple[Upload, ...]:
    """Record photos."""
    uploads = tuple(
        NewUpload(id=IDS.new("media"), item=item(sha), label=f"{sha}.jpg", warnings=("hm",)) for sha in shas
    )
    reach = Reach(workspace_id=workspace, account_id=account)
    return stage.media.admit(Admission(reach=reach, uploads=uploads, album_id=album, new_album=new), life)


def test_an_upload_is_found_as_it_was_recorded(stage: Stage) -> None:
    (upload,) = admit(stage, "a")
    assert upload.item == item("a", source_url=upload.id)
    assert (upload.label, upload.warnings, upload.album_id) == ("a.jpg", ("hm",), None)
    assert (upload.created_at, upload.expires_at) == (stage.clock.now(), stage.clock.now() + 3 * DAY)
    assert stage.media.find(ALL, upload.id) == upload


def test_the_same_bytes_are_the_same_upload_and_live_on(stage: Stage) -> None:
    (first,) = admit(stage, "a")
    stage.clock.advance(DAY)
    (again,) = admit(stage, "a")
    assert (again.id, again.created_at) == (first.id, first.created_at)
    assert again.expires_at == first.expires_at + DAY


def test_a_shorter_life_does_not_shorten_a_longer_one(stage: Stage) -> None:
    (first,) = admit(stage, "a")
    (again,) = admit(stage, "a", life=Life(plain_ms=DAY, retained_ms=DAY))
    assert again.expires_at == first.expires_at


def test_another_workspace_has_its_own(stage: Stage) -> None:
    stage.access.add_workspace("x", "Other")
    (mine,), (theirs,) = admit(stage, "a"), admit(stage, "a", workspace="x")
    assert mine.id != theirs.id
    assert stage.media.find(ALL, theirs.id) is None
    assert not stage.media.end(ALL, theirs.id)


def test_an_album_has_its_photos_in_order_and_takes_more(stage: Stage) -> None:
    admit(stage, "b", "a", album="album_1", new=True)
    admit(stage, "c", "a", album="album_1")
    album = stage.media.album(ALL, "album_1")
    assert album is not None
    assert [upload.label for upload in album.uploads] == ["b.jpg", "a.jpg", "c.jpg"]
    assert {upload.album_id for upload in album.uploads} == {"album_1"}


def test_a_retained_album_and_what_comes_into_it_live_longer(stage: Stage) -> None:
    (photo,) = admit(stage, "a", album="album_1", new=True)
    kept = stage.media.retain(ALL, "album_1", LIFE)
    assert kept is not None
    assert kept.expires_at == kept.uploads[0].expires_at == stage.clock.now() + 30 * DAY
    assert kept.retained_at == stage.clock.now()
    (late,) = admit(stage, "b", album="album_1")
    assert late.expires_at == kept.expires_at > photo.expires_at


def test_an_album_that_is_over_or_strange_takes_nothing(stage: Stage) -> None:
    stage.access.add_workspace("x", "Other")
    admit(stage, "a", album="album_1", new=True)
    for workspace, wait in (("x", 0), ("w", 3 * DAY)):
        stage.clock.advance(wait)
        with pytest.raises(PostrailError, match="album_not_found"):
            admit(stage, "b", album="album_1", workspace=workspace)
        reach = Reach(workspace_id=workspace)
        assert stage.media.album(reach, "album_1") is None
        assert stage.media.retain(reach, "album_1", LIFE) is None
        assert not stage.media.end_album(reach, "album_1")
    assert stage.media.needed(["b" * 64], LIFE) == frozenset()


def test_a_refused_admission_records_nothing(stage: Stage) -> None:
    tight = replace(LIFE, quota=150)
    admit(stage, "a", life=tight)
    admit(stage, "a", life=tight)
    with pytest.raises(PostrailError, match="media_quota_exceeded"):
        admit(stage, "b", "c", life=tight, album="album_1", new=True)
    assert stage.media.needed(["a" * 64, "b" * 64], LIFE) == {"a" * 64}
    assert stage.media.album(ALL, "album_1") is None


def test_what_has_ended_counts_for_no_quota(stage: Stage) -> None:
    tight = replace(LIFE, quota=150)
    (first,) = admit(stage, "a", life=tight)
    assert stage.media.end(ALL, first.id)
    admit(stage, "b", life=tight)


def test_ending_an_album_ends_its_photos_unless_another_album_has_them(stage: Stage) -> None:
    admit(stage, "a", "b", album="album_1", new=True)
    admit(stage, "b", "c", album="album_2", new=True)
    assert stage.media.end_album(ALL, "album_1")
    assert stage.media.needed([sha * 64 for sha in "abc"], LIFE) == {"b" * 64, "c" * 64}
    assert stage.media.end_album(ALL, "album_2")
    assert stage.media.needed([sha * 64 for sha in "abc"], LIFE) == frozenset()


def test_an_ended_upload_is_known_still_and_comes_back_with_its_bytes(stage: Stage) -> None:
    (first,) = admit(stage, "a")
    assert stage.media.end(ALL, first.id)
    assert not stage.media.end(ALL, first.id)
    found = stage.media.find(ALL, first.id)
    assert found is not None
    assert found.expires_at == stage.clock.now()
    assert admit(stage, "a")[0].id == first.id


def test_a_post_may_name_a_living_upload_alone(stage: Stage) -> None:
    (upload,) = admit(stage, "a")
    stage.accept(uploads=(upload.id,), input_hash="01" * 32)
    stage.clock.advance(3 * DAY)
    with pytest.raises(PostrailError, match="media_expired"):
        stage.accept(uploads=(upload.id,), input_hash="02" * 32)


def test_a_replay_does_not_ask_whether_the_upload_is_alive(stage: Stage) -> None:
    (upload,) = admit(stage, "a")
    new = new_post(uploads=(upload.id,), idempotency_key="k")
    first = stage.ledger.accept(new)
    stage.clock.advance(4 * DAY)
    assert stage.ledger.accept(new) == replace(first, replayed=True)


def test_a_file_is_needed_by_its_upload_then_by_its_post_then_by_nobody(stage: Stage) -> None:
    (upload,) = admit(stage, "a")
    stage.accept(uploads=(upload.id,))
    with pytest.raises(PostrailError, match="media_in_use"):
        stage.media.end(ALL, upload.id)
    stage.clock.advance(10 * DAY)
    assert stage.media.needed(["a" * 64], LIFE) == {"a" * 64}
    stage.ledger.save(stage.claim().lease, Change(state=State.FAILED))
    stage.clock.advance(3 * DAY - 1)
    assert stage.media.needed(["a" * 64], LIFE) == {"a" * 64}
    stage.clock.advance(1)
    assert stage.media.needed(["a" * 64], LIFE) == frozenset()


def test_a_fetched_file_is_needed_by_its_post_while_tiktok_may_pull(stage: Stage) -> None:
    claim = stage.fetched()
    short = Life(plain_ms=1, retained_ms=1)
    stage.clock.advance(30 * DAY)
    assert stage.media.needed([VIDEO.media_id], short) == {VIDEO.media_id}
    stage.ledger.save(claim.lease, Change(state=State.CANCELLED))
    stage.clock.advance(PULL_WINDOW_MS - 1)
    assert stage.media.needed([VIDEO.media_id], short) == {VIDEO.media_id}
    stage.clock.advance(1)
    assert stage.media.needed([VIDEO.media_id], short) == frozenset()


def test_what_ended_long_ago_is_forgotten_unless_a_post_may_ask_for_it(stage: Stage) -> None:
    old, asked = admit(stage, "a", "b", album="album_1", new=True)
    stage.accept(uploads=(asked.id,))
    stage.clock.advance(10 * DAY)
    (young,) = admit(stage, "c")
    assert stage.media.sweep(5 * DAY) == 2
    assert [stage.media.find(ALL, upload.id) is None for upload in (old, asked, young)] == [
        True,
        False,
        False,
    ]
    assert stage.media.sweep(5 * DAY) == 0


BOUND = Reach(workspace_id="w", account_id="a")
OTHER = Reach(workspace_id="w", account_id="b")


def test_what_a_bound_key_brings_is_its_own_accounts_and_the_workspaces(stage: Stage) -> None:
    (upload,) = admit(stage, "a", account="a")
    assert stage.media.find(BOUND, upload.id) == stage.media.find(ALL, upload.id) == upload
    assert stage.media.find(OTHER, upload.id) is None
    assert not stage.media.end(OTHER, upload.id)
    assert stage.media.needed(["a" * 64], LIFE) == {"a" * 64}
    assert stage.media.end(BOUND, upload.id)


def test_what_an_unbound_key_brings_no_bound_key_sees(stage: Stage) -> None:
    (upload,) = admit(stage, "a", album="album_1", new=True)
    assert stage.media.find(BOUND, upload.id) is None
    assert not stage.media.end(BOUND, upload.id)
    assert stage.media.album(BOUND, "album_1") is None
    assert stage.media.retain(BOUND, "album_1", LIFE) is None
    assert not stage.media.end_album(BOUND, "album_1")
    with pytest.raises(PostrailError, match="album_not_found"):
        admit(stage, "b", album="album_1", account="a")


def test_the_same_bytes_of_two_owners_are_two_uploads_and_one_file(stage: Stage) -> None:
    uploads = [admit(stage, "a", account=account)[0] for account in (None, "a", "b", "a")]
    assert len({upload.id for upload in uploads}) == 3
    assert stage.media.held("w") == 100
    assert stage.media.end(BOUND, uploads[1].id)
    assert stage.media.needed(["a" * 64], LIFE) == {"a" * 64}
    assert stage.media.find(OTHER, uploads[2].id) == uploads[2]


def test_what_goes_into_an_album_belongs_to_whom_the_album_belongs(stage: Stage) -> None:
    admit(stage, "a", album="album_1", new=True, account="a")
    (late,) = admit(stage, "b", album="album_1")
    assert stage.media.find(BOUND, late.id) == late
    album = stage.media.album(BOUND, "album_1")
    assert album is not None
    assert [upload.label for upload in album.uploads] == ["a.jpg", "b.jpg"]


def test_a_post_of_another_account_keeps_no_bound_key_from_ending_its_upload(stage: Stage) -> None:
    (theirs,), (mine,) = admit(stage, "a", account="b"), admit(stage, "a", account="a")
    stage.accept(uploads=(theirs.id,), account_id="b")
    assert stage.media.end(BOUND, mine.id)
    with pytest.raises(PostrailError, match="media_in_use"):
        stage.media.end(OTHER, theirs.id)


LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"


def test_an_album_holds_as_many_photos_as_a_post_and_not_one_more(stage: Stage) -> None:
    admit(stage, *LETTERS[:34], album="album_1", new=True)
    admit(stage, LETTERS[34], LETTERS[0], album="album_1")
    with pytest.raises(PostrailError, match="too_many_images") as refused:
        admit(stage, LETTERS[35], album="album_1")
    assert [(one.field, one.problem) for one in refused.value.details] == [("album_id", "album_full")]
    assert stage.media.needed(["z" * 64], LIFE) == frozenset()
    album = stage.media.album(ALL, "album_1")
    assert album is not None
    assert len(album.uploads) == 35


def test_a_photo_that_has_ended_makes_room_in_its_album(stage: Stage) -> None:
    first, *_ = admit(stage, *LETTERS[:35], album="album_1", new=True)
    assert stage.media.end(ALL, first.id)
    admit(stage, LETTERS[35], album="album_1")


def test_an_upload_names_no_album_that_has_ended(stage: Stage) -> None:
    (photo,) = admit(stage, "a", album="album_1", new=True)
    admit(stage, "a", album="album_0", new=True)
    assert stage.media.end_album(ALL, "album_1")
    found = stage.media.find(ALL, photo.id)
    assert found is not None
    assert found.album_id == "album_0"


def test_what_is_begun_counts_in_the_quota_of_every_upload(stage: Stage) -> None:
    new = NewUpload(id=IDS.new("media"), item=item("a"), label="a.jpg")
    with pytest.raises(PostrailError, match="151 bytes"):
        stage.media.admit(Admission(reach=ALL, uploads=(new,), begun=51), replace(LIFE, quota=150))
    stage.media.admit(Admission(reach=ALL, uploads=(new,), begun=50), replace(LIFE, quota=150))
