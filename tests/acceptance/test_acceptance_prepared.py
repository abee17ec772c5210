"""Photos that TikTok would refuse are made right and published; a video of the wrong shape is told."""

from collections.abc import Callable, Iterator

import pytest

from connector.demo.host import MediaHost
from tests.corpus import Recipe, encoded, painted
from tests.corpus_photos import heic, turned
from tests.pictures_made import profile
from tests.running import House

MADE: dict[str, Callable[[], bytes]] = {
    "phone.heic": lambda: heic(size=(1200, 1600)),
    "wide.png": lambda: painted("PNG", "RGBA", (2160, 1080)),
    "print.jpg": lambda: painted("JPEG", "CMYK"),
    "camera.jpg": lambda: painted("JPEG", size=(400, 300), exif=turned(6), icc_profile=profile("wide")),
    "moving.gif": lambda: painted("GIF", frames=3),
    "right.webp": lambda: painted("WEBP"),
    "wide.mp4": lambda: encoded(Recipe(width=640, height=360, frames=30)),
}


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server beside a host with difficult media."""
    folder = tmp_path_factory.mktemp("studio")
    (folder / "media").mkdir()
    for name, make in MADE.items():
        (folder / "media" / name).write_bytes(make())
    with MediaHost(folder / "media") as host:
        built = House(folder / "house", host.url, {})
        try:
            built.start()
            yield built
        finally:
            built.close()


def decisions(studio: House, post_id: str) -> str:
    """Return what was decided for a post, as one text."""
    return "\n".join(str(line["decision"]) for line in studio.status(post_id)["timeline"])


def test_difficult_photos_are_made_right_and_published(studio: House) -> None:
    names = ["phone.heic", "wide.png", "print.jpg", "camera.jpg", "moving.gif", "right.webp"]
    images = [f"{studio.media_url}/{name}" for name in names]
    answer = studio.run("post_photos", studio.photos("made right", photo_images=images, fit="yes"))
    told = studio.wait(answer.body["post_id"])
    assert (told["state"], told["status"]) == ("done", "published_public"), told
    said = decisions(studio, answer.body["post_id"])
    assert "scaled from 1200 x 1600 px to 810 x 1080 px" in said
    assert "colours brought from CMYK to sRGB" in said
    assert "turned upright" in said
    assert "the first picture of an animation taken" in said


def test_without_fit_the_large_ones_are_named_with_what_would_do(studio: House) -> None:
    images = [f"{studio.media_url}/{name}" for name in ("right.webp", "wide.png", "phone.heic")]
    answer = studio.run("post_photos", studio.photos("too large", photo_images=images))
    told = studio.wait(answer.body["post_id"])
    assert told["error"] == "image_too_large_px"
    assert [item["field"] for item in told["details"]] == ["photo_images[1]", "photo_images[2]"]
    assert all(item["auto_fix"] == {"fit": True} for item in told["details"])


def test_a_wide_video_is_published_with_a_warning_and_refused_by_pm3ks_address(studio: House) -> None:
    rows = {"source_url": f"{studio.media_url}/wide.mp4", "privacy": "public", "title": "wide"}
    answer = studio.run("post_video", rows, params={"wait_seconds": "30"})
    assert studio.wait(answer.body["post_id"])["state"] == "done"
    refused = studio.call("POST", "/api/tiktok/direct_post", json={**rows, "title": "wide again"})
    assert (refused.status, refused.body["error"]) == (400, "bad_request")
    assert [item["problem"] for item in refused.body["details"]] == ["not_vertical"]
