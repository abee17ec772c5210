"""415: what was sent is named, and what to do instead is the same above and in the details."""

import base64
from urllib.parse import urlsplit

import pytest

from tests.running import Answer, House

pytest_plugins = ("tests.databases", "tests.running")

TUS = {"Tus-Resumable": "1.0.0"}


def cures(answer: Answer) -> tuple[str, list[str]]:
    """Return the cure above and those of the details, and see that all have one code."""
    assert answer.status == 415, answer.body
    assert {answer.body["error"], *(item["code"] for item in answer.body["details"])} == {
        "unsupported_media_type"
    }
    return answer.body["fix"], [item["fix"] for item in answer.body["details"]]


@pytest.mark.parametrize("path", ["/v1/operations/post_photos", "/api/tiktok/direct_post"])
def test_a_file_in_a_post_is_sent_to_upload_media(house: House, path: str) -> None:
    above, (detail,) = cures(house.call("POST", path, files={"photo_images": ("a.jpg", b"\xff\xd8\xff")}))
    assert "upload_media" in detail
    assert "/v1/media" in detail
    assert above.lower() == f"{detail}.".lower()


def test_a_compressed_body_is_to_be_sent_as_it_is(house: House) -> None:
    answer = house.call(
        "POST", "/v1/operations/post_video", data=b"\x1f\x8b", headers={"Content-Encoding": "gzip"}
    )
    above, (detail,) = cures(answer)
    assert "compression" in detail
    assert "compression" in above


@pytest.mark.parametrize("kind", ["application/octet-stream", "text/plain", ""])
def test_a_part_of_a_file_is_sent_as_the_protocol_has_it(house: House, kind: str) -> None:
    begun = house.call("POST", "/v1/media/tus", headers={**TUS, "Upload-Length": "5"})
    path = urlsplit(begun.headers["Location"]).path
    headers = {**TUS, "Upload-Offset": "0", **({"Content-Type": kind} if kind else {})}
    answer = house.call("PATCH", path, data=b"12345", headers=headers)
    above, (detail,) = cures(answer)
    assert answer.body["details"][0]["got"] == (kind or "no Content-Type header")
    assert "application/offset+octet-stream" in above
    assert "application/offset+octet-stream" in detail


def test_a_photo_that_is_called_json_is_told_as_what_it_is(house: House) -> None:
    answer = house.call(
        "POST", "/v1/media", data=b"BM" + bytes(60), headers={"Content-Type": "application/json"}
    )
    assert (answer.status, answer.body["error"]) == (400, "unsupported_image_type")


def test_the_fit_of_a_resumable_upload_is_refused_before_its_bytes(house: House) -> None:
    spelled = f"fit {base64.b64encode(b'perhaps').decode()}"
    answer = house.call(
        "POST", "/v1/media/tus", headers={**TUS, "Upload-Length": "5", "Upload-Metadata": spelled}
    )
    assert (answer.status, answer.problems) == (400, [("fit", "not_a_boolean")])
