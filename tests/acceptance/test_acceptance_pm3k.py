"""PM3K's document, section 4: every JSON body in it, sent to a real server and published to the end.

The bodies are those of the contract's tests; only their media addresses are replaced, by files of ours.
"""

import json
import re
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from connector.demo.media import make_photo
from tests.running import Answer, House, eventually

pytest_plugins = ("tests.databases", "tests.running")

DIRECT = "/api/tiktok/direct_post"
STATUS = "/api/tiktok/status"
BODIES = Path(__file__).parents[1] / "contract" / "data" / "pm3k_bodies.json"
CASES: list[dict[str, Any]] = json.loads(BODIES.read_text())
EACH = pytest.mark.parametrize("case", CASES, ids=[case["section"] for case in CASES])
FILES = {"mp4": "clip.mp4", "jpg": "one.jpg", "webp": "two.webp", "png": "three.png"}

numbers = count()


def with_local_media(house: House, rows: dict[str, Any]) -> dict[str, Any]:
    """Replace each address of the document by one here that no other call has used."""

    def local(found: re.Match[str]) -> str:
        return f"{house.media_url}/{FILES[found[1]]}?{next(numbers)}"

    replaced: dict[str, Any] = json.loads(re.sub(r"https://[^\"]*?\.(\w+)(?=\")", local, json.dumps(rows)))
    return replaced


def send(house: House, case: dict[str, Any], *, strict: bool) -> Answer:
    rows = with_local_media(house, {**case.get("completed_by", {}), **case["body"]})
    return house.call("POST", DIRECT, json={**rows, **({"strict": True} if strict else {})})


def last_status(house: House, publish_id: str) -> dict[str, Any]:
    """Ask PM3K's way until the post is no longer pending."""

    def ended() -> dict[str, Any] | None:
        body = house.call("POST", STATUS, json={"publish_id": publish_id}).body
        return body if body["state"] != "pending" else None

    return eventually(ended, what=f"{publish_id} done")


def assert_published(house: House, answer: Answer) -> None:
    assert (answer.status, answer.body["ok"]) == (200, True), answer.body
    assert answer.headers["Content-Type"].startswith("application/json")
    told = last_status(house, answer.body["publish_id"])
    assert {"ok", "status", "state", "fail_reason", "raw"} <= set(told)
    assert (told["ok"], told["state"], told["fail_reason"]) == (True, "done", None)
    assert told["status"] == told["raw"]["data"]["status"] == "PUBLISH_COMPLETE"
    published = [post["publish_id"] for post in house.witness.posts()]
    assert published.count(answer.body["publish_id"]) == 1


def assert_outcome(house: House, answer: Answer, case: dict[str, Any], said: str) -> None:
    if said == "ok":
        assert_published(house, answer)
        return
    assert (answer.status, answer.body["ok"], answer.body["error"]) == (400, False, said)
    assert [problem["field"] for problem in answer.body["details"]] == case["at"]
    assert answer.body["message"]


@EACH
def test_strict_gives_what_the_document_says(house: House, case: dict[str, Any]) -> None:
    assert_outcome(house, send(house, case, strict=True), case, case["strict"])


@EACH
def test_what_the_document_calls_incorrect_is_understood_without_strict(
    house: House, case: dict[str, Any]
) -> None:
    answer = send(house, case, strict=False)
    assert_outcome(house, answer, case, case["lenient"])
    if case["strict"] != case["lenient"]:
        assert {item["field"] for item in answer.body["coerced"]} >= set(case["at"])


@pytest.mark.parametrize(
    "case", [case for case in CASES if "completed_by" in case], ids=lambda case: case["section"]
)
def test_a_fragment_as_it_stands_is_refused_for_its_missing_privacy(
    house: House, case: dict[str, Any]
) -> None:
    inits = house.witness.inits()
    answer = house.call("POST", DIRECT, json=with_local_media(house, case["body"]))
    assert (answer.status, answer.body["ok"]) == (400, False)
    assert ("privacy", "required") in answer.problems
    assert house.witness.inits() == inits


@pytest.mark.parametrize("strict", ["true", "false"])
def test_the_form_that_the_document_calls_a_bad_result(house: House, strict: str) -> None:
    rows = {"source_url": f"{house.media_url}/clip.mp4?{next(numbers)}", "privacy": "PUBLIC_TO_EVERYONE"}
    answer = house.call("POST", DIRECT, data={**rows, "strict": strict})
    if strict == "true":
        assert (answer.status, answer.body["error"]) == (400, "invalid_request")
    else:
        assert_published(house, answer)


def test_sections_4_5_1_and_4_5_2_photos_uploaded_retained_and_posted(house: House, tmp_path: Path) -> None:
    files = []
    for name, form in (("a.jpg", "JPEG"), ("b.webp", "WEBP")):
        make_photo(tmp_path / name, form)
        files.append(("file", (name, (tmp_path / name).read_bytes())))
    uploaded = house.call("POST", "/v1/media", files=files).body
    retained = house.call("POST", "/api/album/retain", json={"album_id": uploaded["album_id"]})
    assert (retained.status, retained.body["ok"]) == (200, True)
    assert retained.body["expires_at"] > uploaded["expires_at"]
    payload = next(case["body"] for case in CASES if case["section"].startswith("4.5.1"))
    title = "An album of one's own"
    answer = house.call(
        "POST", DIRECT, json={**payload, "photo_images": uploaded["photo_images"], "title": title}
    )
    assert_published(house, answer)
    task = next(task for task in house.witness.publishes(title))
    assert len(task["source_info"]["photo_images"]) == 2


def test_an_album_that_nobody_has_is_not_found(house: House) -> None:
    answer = house.call("POST", "/api/album/retain", json={"album_id": "album_1"})
    assert (answer.status, answer.body["ok"], answer.body["error"]) == (404, False, "album_not_found")


@pytest.mark.parametrize(
    ("key", "code"), [("", "unauthorized"), ("pr_live_wrong", "invalid_api_key")], ids=["none", "wrong"]
)
@pytest.mark.parametrize("path", [DIRECT, STATUS])
def test_a_caller_without_a_valid_key_is_told_so_in_the_documents_words(
    house: House, path: str, key: str, code: str
) -> None:
    answer = house.call("POST", path, key=key, json={})
    assert (answer.status, answer.body["error"]) == (401, code)


def test_the_same_body_twice_is_a_video_duplicate(house: House) -> None:
    rows = with_local_media(house, CASES[0]["body"])
    assert house.call("POST", DIRECT, json=rows).status == 200
    answer = house.call("POST", DIRECT, json=rows)
    assert (answer.status, answer.body["error"]) == (400, "video_duplicate")


def test_a_publish_id_that_nobody_was_given_is_refused(house: House) -> None:
    answer = house.call("POST", STATUS, json={"publish_id": "7153xxxxxxxxxxxxxxxxxx"})
    assert (answer.status, answer.body["ok"]) == (404, False)
