"""Uploads in the engine: recognised, all or nothing, collected when nobody needs them."""

from dataclasses import replace
from typing import cast

import pytest

from connector.domain.lifecycle import State
from connector.domain.net import origin_of
from connector.engine.budget import reserve
from connector.engine.collect import collect
from connector.engine.fetch import fetch
from connector.engine.intake import (
    LONGEST_LABEL,
    MOST_FILES,
    Received,
    end,
    label_of,
    show,
    show_album,
    take_in,
)
from connector.engine.library import preview_of, reach_of, reference, resolve, url_of
from connector.engine.model import Principal
from connector.kernel.errors import PostrailError
from tests.fakes.scripted import PretendFile, Scene
from tests.ledgers import ALL

pytest_plugins = ("tests.databases", "tests.engine_scene")

ME = Principal(workspace_id="w", key_id="k", scopes=frozenset({"posts:read", "posts:write"}))
ID = "media_01J9Z3K8Q4T2W6Y1X5V7B0N3M8"
OWN = frozenset({origin_of("https://posts.example"), origin_of("http://127.0.0.1:8000")})


def files(*contents: bytes) -> list[Received]:
    """Return files that have come in."""
    return [
        Received(field=f"file[{number}]", label=f"{number}.jpg", file=PretendFile(bytearray(data)))
        for number, data in enumerate(contents)
    ]


def upload(scene: Scene, *contents: bytes, album: str | None = None) -> dict[str, object]:
    """Take files in."""
    return take_in(scene.context, ME, files(*contents), album=album)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (ID, ID),
        (f" {ID}\n", ID),
        (f"https://posts.example/v1/media/{ID}/a.mp4", ID),
        (f"https://POSTS.example:443/v1/media/{ID}", ID),
        (f"http://127.0.0.1:8000/base/v1/media/{ID}/a.mp4?x=1#y", ID),
        ("https://posts.example/v1/media/other/a.mp4", "other"),
        (f"https://posts.example/media/{ID}/a.mp4", None),
        (f"https://evil.example/v1/media/{ID}/a.mp4", None),
        (f"https://posts.example@evil.example/v1/media/{ID}/a.mp4", None),
        (f"http://posts.example/v1/media/{ID}/a.mp4", None),
        (f"ftp://posts.example/v1/media/{ID}", None),
        ("https://posts.example/a.mp4", None),
        ("http://[", None),
        ("", None),
        (f"https://posts.example/v1/media/{ID}/preview", None),
        (f"https://posts.example/v1/media/{ID}/preview.jpg", ID),
        ("https://posts.example/v1/media/tus/a", None),
        ("https://posts.example/v1/media/presigned", None),
        ("https://posts.example/v1/media/presigned/a", None),
    ],
)
def test_an_upload_is_recognised_by_its_id_and_by_our_own_address_alone(text: str, found: str | None) -> None:
    assert reference(text, OWN) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f" https://posts.example/v1/media/{ID}/preview?side=64&at_ms=3", ID),
        (f"https://posts.example/v1/media/{ID}/%70review", ID),
        (f"https://evil.example/v1/media/{ID}/preview", None),
        (f"https://posts.example/v1/media/{ID}/a.mp4", None),
        (f"https://posts.example/v1/media/{ID}", None),
        (ID, None),
        ("http://[", None),
    ],
)
def test_a_preview_is_recognised_by_our_own_address_alone(text: str, found: str | None) -> None:
    assert preview_of(text, OWN) == found


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\mia\\clip.mp4", "clip.mp4"),
        ("a\0b\r\n.jpg", "ab.jpg"),
        ("  caf\u00e9 \u202e.jpg ", "caf\u00e9 .jpg"),
        ("/", ""),
        ("x" * 500, "x" * LONGEST_LABEL + "... (300 more characters)"),
    ],
)
def test_a_name_is_a_label_alone(name: str, label: str) -> None:
    assert label_of(name) == label


def test_a_url_has_a_name_that_needs_no_escape_and_the_true_ending(scene: Scene) -> None:
    upload(scene, b"a")
    found = scene.stage.media.needed(scene.intake.files, scene.life)
    assert len(found) == 1
    body = take_in(scene.context, ME, [replace(files(b"a")[0], label="caf\u00e9 & bar?.png")], album=None)
    assert str(body["url"]).endswith("/0.jpg")  # the first name stays while it lives
    shown = scene.stage.media.find(ALL, str(body["media_id"]))
    assert shown is not None
    assert url_of("https://p.example", replace(shown, label="caf\u00e9 & bar?.png")).endswith("/caf-bar.jpg")
    assert url_of("https://p.example", replace(shown, label="\u0440")).endswith("/file.jpg")


def test_several_photos_make_an_album_and_one_does_not(scene: Scene) -> None:
    assert upload(scene, b"a")["album_id"] is None
    assert str(upload(scene, b"a", b"b")["album_id"]).startswith("album_")
    assert upload(scene, b"a", b"video")["album_id"] is None


def test_the_answer_names_the_album_of_the_request_and_no_older_one(scene: Scene) -> None:
    first = upload(scene, b"a", album="new")
    again = upload(scene, b"a")
    assert again["media_id"] == first["media_id"]
    assert again["album_id"] is None
    assert show(scene.context, ME, str(first["media_id"]))["album_id"] == first["album_id"]


def test_the_same_file_twice_is_one_upload_and_once_in_the_album(scene: Scene) -> None:
    body = upload(scene, b"a", b"b", b"a")
    rows = body["media"]
    assert isinstance(rows, list)
    assert [row["media_id"] for row in rows] == [
        rows[0]["media_id"],
        rows[1]["media_id"],
        rows[0]["media_id"],
    ]
    assert body["photo_images"] == [rows[0]["url"], rows[1]["url"]]
    assert body["photo_images"] == show_album(scene.context, ME, str(body["album_id"]))["photo_images"]
    assert [str(warning)[:33] for warning in cast("list[object]", body["warnings"])] == [
        "2.jpg has the same bytes as 0.jpg"
    ]


def test_a_bound_key_posts_no_upload_of_the_others(scene: Scene) -> None:
    bound = replace(ME, account_id="a")
    theirs, mine = upload(scene, b"a"), take_in(scene.context, bound, files(b"b"), album=None)
    named = {"photo_images": [mine["media_id"], theirs["url"]]}
    with pytest.raises(PostrailError, match="media_not_found") as refused:
        resolve(scene.library, reach_of(bound), "photo", named)
    assert [problem.field for problem in refused.value.details] == ["photo_images[1]"]
    assert len(resolve(scene.library, reach_of(ME), "photo", named)[1]) == 2


def test_unfinished_uploads_count_in_the_quota_of_whole_ones(scene: Scene) -> None:
    scene.life = replace(scene.life, quota=100)
    scene.partials.create("upload_1", ALL, 60, {}, lambda _: None)
    with pytest.raises(PostrailError, match="101 bytes") as refused:
        upload(scene, b"a" * 41)
    assert refused.value.code == "media_quota_exceeded"
    upload(scene, b"a" * 40)


def test_of_bad_files_all_are_named_and_no_good_one_stays(scene: Scene) -> None:
    with pytest.raises(PostrailError, match="unsupported_file_type") as caught:
        upload(scene, b"good", b"bad 1", b"bad 2")
    assert [problem.field for problem in caught.value.details] == ["file[1]", "file[2]"]
    assert scene.intake.files == {}


def test_a_refused_record_leaves_no_file(scene: Scene) -> None:
    with pytest.raises(PostrailError, match="album_not_found"):
        upload(scene, b"a", album="album_x")
    assert scene.intake.files == {}


def test_a_file_that_an_older_upload_needs_survives_a_refusal(scene: Scene) -> None:
    upload(scene, b"a")
    with pytest.raises(PostrailError, match="album_not_found"):
        upload(scene, b"a", b"b", album="album_x")
    assert list(scene.intake.files.values()) == [b"a"]


def test_a_file_that_is_gone_before_it_is_recorded_is_no_upload(scene: Scene) -> None:
    media_id = str(upload(scene, b"a")["sha256"])
    scene.intake.missing.add(media_id)
    with pytest.raises(PostrailError, match="not_ready"):
        upload(scene, b"a")


def test_more_files_than_a_carousel_has_are_refused(scene: Scene) -> None:
    with pytest.raises(PostrailError, match="too_many_images"):
        upload(scene, *[b"a"] * (MOST_FILES + 1))


def test_a_key_that_may_only_read_uploads_nothing(scene: Scene) -> None:
    reader = replace(ME, scopes=frozenset({"posts:read"}))
    with pytest.raises(PostrailError, match="forbidden"):
        take_in(scene.context, reader, files(b"a"), album=None)


def test_the_names_of_uploads_in_a_post_become_ids_and_other_urls_stay(scene: Scene) -> None:
    body = upload(scene, b"a")
    other = "https://m.example/b.jpg"
    content, uploads = resolve(
        scene.library, ALL, "photo", {"photo_images": [body["url"], other, body["media_id"]], "title": "x"}
    )
    assert content == {"photo_images": [body["media_id"], other, body["media_id"]], "title": "x"}
    assert {found.id for found in uploads} == {body["media_id"]}


def test_every_name_that_leads_nowhere_is_told_at_once(scene: Scene) -> None:
    video = str(upload(scene, b"video")["media_id"])
    with pytest.raises(PostrailError, match="media_not_found") as caught:
        resolve(scene.library, ALL, "photo", {"photo_images": [ID, "https://m.example/b.jpg", video]})
    assert [(problem.field, problem.problem) for problem in caught.value.details] == [
        ("photo_images[0]", "media_not_found"),
        ("photo_images[2]", "wrong_kind"),
    ]


def test_a_preview_does_not_stand_for_its_upload(scene: Scene) -> None:
    body = upload(scene, b"a")
    with pytest.raises(PostrailError, match="bad_request") as caught:
        resolve(scene.library, ALL, "photo", {"photo_images": [body["url"], body["preview_url"]]})
    (problem,) = caught.value.details
    assert (problem.field, problem.problem) == ("photo_images[1]", "is_preview")
    assert str(body["media_id"]) in problem.fix


def test_a_collection_deletes_what_nobody_needs_and_nothing_else(scene: Scene) -> None:
    ended = str(upload(scene, b"ended")["media_id"])
    upload(scene, b"alive")
    scene.intake.files["orphan"] = b"orphan"
    scene.stage.media.end(ALL, ended)
    dry = collect(scene.library, scene.stage.clock.now(), dry_run=True)
    assert (dry.files, dry.bytes, dry.kept_files, dry.kept_bytes) == (2, 11, 1, 5)
    assert len(scene.intake.files) == 3
    done = collect(scene.library, scene.stage.clock.now())
    assert replace(done, dry_run=True) == dry
    assert list(scene.intake.files.values()) == [b"alive"]


def test_a_young_file_is_passed_by(scene: Scene) -> None:
    scene.intake.files["orphan"] = b"orphan"
    assert collect(scene.library, 5_000, young_ms=10_000).files == 0
    assert collect(scene.library, 15_000, young_ms=10_000).files == 1


def test_a_post_keeps_its_upload_past_its_life_and_publishes_it(scene: Scene) -> None:
    scene.tiktok.statuses = []
    body = upload(scene, b"video")
    post = scene.accept_video(
        input={"source_url": body["media_id"], "privacy": "SELF_ONLY"}, uploads=(str(body["media_id"]),)
    )
    scene.stage.clock.advance(100 * 86_400_000)
    assert collect(scene.library, scene.stage.clock.now()).files == 0
    claim = scene.stage.claim()
    fetch(scene.context, claim)
    found = scene.now(post)
    assert [item.media_id for item in found.media] == [body["sha256"]]
    assert found.state is State.FETCHING


def test_ending_an_upload_deletes_its_file_at_once(scene: Scene) -> None:
    body = upload(scene, b"a")
    end(scene.context, ME, str(body["media_id"]))
    assert scene.intake.files == {}
    with pytest.raises(PostrailError, match="media_expired"):
        end(scene.context, ME, str(body["media_id"]))
    with pytest.raises(PostrailError, match="media_not_found"):
        end(scene.context, ME, ID)


def test_a_photo_that_is_too_large_is_scaled_where_that_was_asked_for(scene: Scene) -> None:
    with pytest.raises(PostrailError, match="unsupported_file_type"):
        upload(scene, b"wide")
    assert take_in(scene.context, ME, files(b"wide"), album=None, fit=True)["ok"]


def test_media_is_fetched_at_once_although_the_post_must_wait_for_its_slot(scene: Scene) -> None:
    account = scene.stage.access.account("a")
    assert account is not None
    while not reserve(scene.context, account, "init_video"):
        pass
    post = scene.accept_video()
    assert fetch(scene.context, scene.stage.claim()) is None
    found = scene.now(post)
    assert (found.state, len(found.media)) == (State.FETCHING, 1)
    assert found.next_at is not None
    assert found.next_at > scene.stage.clock.now()


def test_a_collection_drops_files_that_nobody_went_on_with_and_old_records(scene: Scene) -> None:
    body = upload(scene, b"a")
    scene.partials.create("upload_1", ALL, 10, {}, lambda _: None)
    scene.stage.clock.advance(200 * 86_400_000)
    done = collect(scene.library, scene.stage.clock.now())
    assert (done.files, done.records) == (1, 2)
    assert scene.partials.parts == {}
    assert scene.stage.media.find(ALL, str(body["media_id"])) is None
