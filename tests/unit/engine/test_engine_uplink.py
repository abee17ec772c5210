"""The line to TikTok: measured on real uploads, and what a slow one means for a video."""

import pytest

from connector.engine.model import Account, Post
from connector.engine.ports import Call, Uploaded
from connector.engine.transfer import transfer_of
from connector.engine.uplink import FEWEST_BYTES, LASTS_S, MOST_PIECES, Uplink
from tests.fakes.scripted import Scene, refusal, status

pytest_plugins = ("tests.engine_scene",)

MIB = 1024 * 1024


def test_nothing_is_known_before_anything_was_sent() -> None:
    assert Uplink().rate(at=0) is None


def test_the_rate_is_that_of_the_last_pieces_together() -> None:
    uplink = Uplink()
    uplink.note(MIB, 1.0, at=0)
    uplink.note(3 * MIB, 1.0, at=1)
    assert uplink.rate(at=2) == 2 * MIB
    for at in range(MOST_PIECES):
        uplink.note(MIB, 4.0, at=at)
    assert uplink.rate(at=MOST_PIECES) == MIB / 4


@pytest.mark.parametrize(("size", "seconds"), [(FEWEST_BYTES - 1, 1.0), (MIB, 0.0)])
def test_what_says_nothing_about_the_line_is_not_counted(size: int, seconds: float) -> None:
    uplink = Uplink()
    uplink.note(size, seconds, at=0)
    assert uplink.rate(at=0) is None


def test_a_measurement_of_another_hour_does_not_count() -> None:
    uplink = Uplink()
    uplink.note(MIB, 1.0, at=0)
    assert uplink.rate(at=LASTS_S) == MIB
    assert uplink.rate(at=LASTS_S + 1) is None


def found_account(scene: Scene) -> Account:
    """Return the account that posts."""
    found = scene.stage.access.account("a")
    assert found is not None
    return found


def slow(scene: Scene) -> None:
    """Have sent a piece that took ages."""
    scene.uplink.note(FEWEST_BYTES, 1e9, at=scene.stage.clock.ticks())


def sent(scene: Scene, **wanted: object) -> Post:
    """Take a video to TikTok as far as it goes."""
    scene.tiktok.statuses = [status("PROCESSING_DOWNLOAD")]
    rows: dict[str, object] = {"source_url": "https://m.example/v.mp4", "privacy": "PUBLIC_TO_EVERYONE"}
    post = scene.accept_video(input={**rows, **wanted})
    scene.run(steps=2)
    return scene.now(post)


def transfers(scene: Scene, post: Post) -> list[str]:
    """Return the transfer of each attempt."""
    return [attempt.transfer for attempt in scene.stage.ledger.attempts(post.id)]


def warnings(post: Post) -> str:
    """Return what the caller is warned of."""
    return str(post.receipt["warnings"])


@pytest.mark.parametrize("wanted", [{}, {"transfer": "auto"}])
def test_a_video_that_a_slow_line_cannot_send_is_fetched_where_the_host_is_proven(
    scene: Scene, wanted: dict[str, object]
) -> None:
    slow(scene)
    post = sent(scene, **wanted)
    assert transfers(scene, post) == ["pull"]
    assert len(scene.tiktok.urls) == 1
    assert "TikTok fetches the video instead" in str(scene.stage.ledger.timeline(post.id))
    assert "in time" not in warnings(post)


@pytest.mark.parametrize(("files", "wanted"), [(False, "auto"), (True, "upload")])
def test_one_that_must_be_sent_all_the_same_is_warned_of(scene: Scene, files: bool, wanted: str) -> None:
    slow(scene)
    if not files:
        scene.signatures.files.clear()
    post = sent(scene, transfer=wanted)
    assert transfers(scene, post) == ["upload"]
    assert "cannot end in time" in warnings(post)


UNVERIFIED = "url_ownership_unverified"


def test_a_pull_of_our_choice_that_tiktok_refuses_becomes_an_upload_ever_after(
    scene: Scene,
) -> None:
    slow(scene)
    scene.tiktok.inits = [refusal(UNVERIFIED), "then as usual"]
    post = sent(scene)
    scene.run(steps=2)
    assert transfers(scene, post) == ["pull", "upload"]
    assert scene.now(post).failure is None
    post = scene.now(post)
    assert "an upload follows" in str(scene.stage.ledger.timeline(post.id))
    choice = transfer_of(scene.context, found_account(scene), "video", post.input, post.media)
    assert choice.transfer == "upload"


def test_a_pull_that_was_asked_for_fails_when_tiktok_refuses_it(scene: Scene) -> None:
    scene.tiktok.inits = [refusal(UNVERIFIED)]
    post = sent(scene, transfer="pull")
    assert transfers(scene, post) == ["pull"]
    assert post.failure is not None
    assert post.failure.code == UNVERIFIED


def test_a_line_that_was_never_measured_is_no_reason(scene: Scene) -> None:
    post = sent(scene)
    assert transfers(scene, post) == ["upload"]
    assert "in time" not in warnings(post)


@pytest.mark.parametrize(("took_ms", "rate"), [(500, True), (0, False)])
def test_an_upload_is_measured_by_its_pieces(scene: Scene, took_ms: int, rate: bool) -> None:
    scene.media.size = 2 * MIB
    call = Call(name="PUT upload", status=201, took_ms=took_ms)
    scene.tiktok.chunks = [Uploaded(uploaded=2 * MIB, complete=True, call=call)]
    sent(scene)
    found = scene.uplink.rate(at=scene.stage.clock.ticks())
    assert found == (4 * MIB if rate else None)
