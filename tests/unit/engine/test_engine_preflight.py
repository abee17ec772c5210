"""The rules of a whole post hold in every publish, by the dialect that it came by."""

from connector.domain.lifecycle import State
from tests.fakes.scripted import Scene, status

pytest_plugins = ("tests.engine_scene",)

PUBLIC: dict[str, object] = {"source_url": "https://m.example/v.mp4", "privacy": "PUBLIC_TO_EVERYONE"}


def test_a_cover_behind_the_end_fails_the_post_before_tiktok_hears_of_it(scene: Scene) -> None:
    post = scene.accept_video(input={**PUBLIC, "video_cover_timestamp_ms": 5_000})
    scene.step()
    failure = scene.now(post).failure
    assert failure is not None
    assert (failure.code, failure.details[0]["field"]) == ("cover_out_of_range", "video_cover_timestamp_ms")
    assert scene.tiktok.calls == []


def test_a_wide_video_is_warned_of_on_v1_and_refused_by_the_dialect(scene: Scene) -> None:
    scene.tiktok.statuses = [status("PROCESSING_DOWNLOAD")]
    scene.media.sides = (1920, 1080)
    ours = scene.accept_video()
    theirs = scene.accept_video(dialect="pm3k", account_id="b", input_hash="ab" * 32)
    scene.run(steps=2)
    failure = scene.now(theirs).failure
    assert failure is not None
    assert (failure.code, failure.details[0]["problem"]) == ("bad_request", "not_vertical")
    assert scene.now(ours).state is not State.FAILED
    assert "1920 x 1080" in str(scene.now(ours).receipt["warnings"])


def test_photos_are_fitted_where_that_was_asked_for(scene: Scene) -> None:
    scene.tiktok.statuses = [status("PROCESSING_DOWNLOAD")]
    scene.accept_photos()
    scene.step()
    assert scene.media.fits == [False, False]
    given = {"photo_images": ["https://m.example/9.jpg"], "privacy": "PUBLIC_TO_EVERYONE", "fit": True}
    scene.stage.accept(
        kind="photo",
        operation="post_photos",
        transfer="pull",
        input=given,
        account_id="b",
        input_hash="cd" * 32,
    )
    scene.run(steps=1)
    assert scene.media.fits == [False, False, True]


def test_the_files_of_a_carousel_keep_their_order(scene: Scene) -> None:
    scene.tiktok.statuses = [status("PROCESSING_DOWNLOAD")]
    post = scene.accept_photos(35)
    scene.step()
    assert [item.name for item in scene.now(post).media] == [f"{index}.jpg" for index in range(35)]
