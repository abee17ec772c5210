"""Whatever is sent: a clear refusal that says how to mend it, nothing at TikTok, nothing half stored."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from tests.running import Answer, House

pytest_plugins = ("tests.databases", "tests.running")

VIDEO = "/v1/operations/post_video"
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MEMBERS = {
    "ok",
    "error",
    "message",
    "request_id",
    "details",
    "fix",
    "who",
    "retryable",
    "retry_at",
    "tiktok_log_id",
}


@pytest.fixture(autouse=True)
def nothing_is_stored_or_sent(house: House) -> Iterator[None]:
    """Hold every test of this file to it: no call to TikTok's inits, no post in the ledger, not even half."""
    before = house.witness.inits(), house.stored()
    yield
    assert (house.witness.inits(), house.stored()) == before


def raw(house: House, body: bytes, headers: dict[str, str], path: str = VIDEO) -> Answer:
    return house.call("POST", path, data=body, headers=headers)


def assert_refused(answer: Answer, status: int, code: str) -> None:
    body = answer.body
    assert (answer.status, body["ok"], body["error"]) == (status, False, code)
    assert set(body) >= MEMBERS
    assert body["message"]
    assert body["fix"]
    assert body["request_id"] == answer.headers["X-Request-Id"]


def assert_mendable(answer: Answer, field: str, problem: str) -> None:
    found = next(item for item in answer.body["details"] if item["field"] == field)
    assert found["problem"] == problem
    assert all(found[name] for name in ("got", "expected", "fix"))


def test_a_missing_privacy_is_named_with_the_choices(house: House) -> None:
    answer = house.run("post_video", {"source_url": f"{house.media_url}/clip.mp4"})
    assert_refused(answer, 400, "invalid_request")
    assert_mendable(answer, "privacy", "required")
    assert "PUBLIC_TO_EVERYONE" in answer.body["message"]


def test_a_list_that_is_a_word_and_no_url_is_quoted_back(house: House) -> None:
    answer = house.run("post_photos", house.photos("a word", photo_images="holiday"))
    assert_refused(answer, 400, "bad_request")
    assert "holiday" in answer.body["details"][0]["got"]
    assert answer.body["details"][0]["field"].startswith("photo_images")


def test_all_problems_are_told_at_once(house: House) -> None:
    rows = {"source_url": "no url", "privacy": "everybody", "disable_duet": "maybe", "title": "x" * 2201}
    answer = house.run("post_video", rows)
    assert {field for field, _ in answer.problems} == set(rows)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b'{"privacy": "public",', "broken_json"),
        (b'{"privacy": NaN}', "not_a_number"),
        (b'{"privacy": 1e999}', "not_a_number"),
        (b"[" * 50_000 + b"]" * 50_000, "too_deep"),
        (b'{"a":' * 2_000 + b"1" + b"}" * 2_000, "too_deep"),
        (b'"text"', "not_an_object"),
        (b"[1, 2]", "not_an_object"),
        (b'{"title": "\xff\xfe"}', "not_utf8"),
        (b"{" + b",".join(b'"f%d": 1' % number for number in range(20_000)) + b"}", "too_many_fields"),
    ],
    ids=["broken", "nan", "infinity", "deep list", "deep object", "text", "list", "bytes", "many fields"],
)
def test_a_body_that_is_no_json_object_is_refused_with_its_reason(
    house: House, body: bytes, problem: str
) -> None:
    answer = raw(house, body, JSON)
    assert_refused(answer, 400, "bad_request")
    assert [item["problem"] for item in answer.body["details"]] == [problem]


@pytest.mark.parametrize("body", [b"title=%ff%fe&privacy=public", b"\xff\xfe=1"], ids=["escaped", "raw"])
def test_a_form_that_is_not_utf8_is_refused(house: House, body: bytes) -> None:
    assert_refused(raw(house, body, FORM), 400, "bad_request")


def test_an_empty_body_is_told_what_is_missing(house: House) -> None:
    answer = raw(house, b"", JSON)
    assert answer.status == 400
    assert ("privacy", "required") in answer.problems


def test_a_name_that_stands_twice_is_told_and_the_last_value_counts(house: House) -> None:
    body = b'{"source_url": "https://a.example/x.mp4", "privacy": "public", "privacy": "private"}'
    answer = raw(house, body, JSON, f"{VIDEO}/check")
    assert answer.body["input"]["privacy"] == "SELF_ONLY"
    assert "privacy" in answer.body["warnings"][0]


def test_an_unknown_field_is_reported_and_its_neighbour_named(house: House) -> None:
    rows = house.video("unknown field", disable_comments="yes")
    answer = house.run("post_video/check", rows)
    assert [item["field"] for item in answer.body["ignored"]] == ["disable_comments"]
    assert "disable_comment" in answer.body["ignored"][0]["why"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("publish_at", "2030-01-01T10:00:00Z"), ("callback_url", "https://a.example/")],
)
def test_a_field_that_is_not_done_yet_is_refused_and_not_ignored(
    house: House, field: str, value: str
) -> None:
    answer = house.run("post_video", house.video("not yet", **{field: value}))
    assert_refused(answer, 400, "invalid_request")
    assert_mendable(answer, field, answer.problems[0][1])


@pytest.mark.parametrize(
    ("key", "code"),
    [("", "unauthorized"), ("pr_live_no-such-key", "invalid_api_key"), ("\xe4", "invalid_api_key")],
    ids=["none", "wrong", "odd"],
)
def test_a_call_without_a_valid_key_is_refused(house: House, key: str, code: str) -> None:
    answer = house.run("post_video", house.video("no key"), key=key)
    assert_refused(answer, 401, code)
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_an_unknown_path_and_an_unknown_operation_are_not_found(house: House) -> None:
    assert_refused(house.call("POST", "/v2/nothing", json={}), 404, "not_found")
    assert_refused(house.run("post_podcast", {}), 404, "not_found")


def test_a_wrong_method_is_told_which_is_right(house: House) -> None:
    answer = house.call("PATCH", VIDEO)
    assert_refused(answer, 405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]


def test_a_huge_body_is_refused(house: House) -> None:
    assert_refused(raw(house, b" " * (1_048_576 + 1), JSON), 413, "payload_too_large")


def test_a_huge_multipart_body_is_refused(house: House) -> None:
    files = {"title": (None, "x" * (1_048_576 + 1))}
    assert_refused(house.call("POST", VIDEO, files=files), 413, "payload_too_large")


def test_a_file_in_the_body_is_refused_with_what_to_do_instead(house: House) -> None:
    answer = house.call("POST", VIDEO, data={"privacy": "public"}, files={"source_url": ("a.mp4", b"bytes")})
    assert_refused(answer, 415, "unsupported_media_type")
    assert_mendable(answer, "source_url", "file_not_taken")


def test_a_multipart_body_without_an_end_is_refused(house: House) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = raw(house, b'--x\r\nContent-Disposition: form-data; name="privacy"\r\n\r\npub', headers)
    assert 400 <= answer.status < 500
    assert answer.body["ok"] is False


def test_a_chunked_body_is_read_like_any_other(house: House) -> None:
    rows = json.dumps(house.video("chunked")).encode()
    answer = house.call("POST", f"{VIDEO}/check", data=iter([rows[:20], rows[20:]]), headers=JSON)
    assert (answer.status, answer.body["input"]["title"]) == (200, "chunked")


def test_a_chunked_body_without_end_is_cut_at_the_limit(house: House) -> None:
    pieces = (b" " * 65_536 for _ in range(40))
    assert_refused(house.call("POST", VIDEO, data=pieces, headers=JSON), 413, "payload_too_large")


def exchange(house: House, request: bytes, *, end: bool = False) -> bytes:
    """Send bytes on one connection and read until the server closes it; `end`: nothing more will come."""
    parts = urlsplit(house.url)
    with closing(socket.create_connection((parts.hostname or "", parts.port or 0), timeout=20)) as line:
        line.sendall(request)
        if end:
            line.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := line.recv(65_536):
            answer += piece
        return answer


def head_of(house: House, *lines: str) -> bytes:
    """Return the head of a raw request with the house's key."""
    first = (f"POST {VIDEO} HTTP/1.1", "Host: x", f"Authorization: Bearer {house.key}")
    return "\r\n".join((*first, *lines, "", "")).encode()


@pytest.mark.parametrize(
    "kind", ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_a_body_that_stalls_is_answered_408(house: House, kind: str) -> None:
    started = time.perf_counter()
    request = head_of(house, f"Content-Type: {kind}", "Content-Length: 500") + b'{"privacy"'
    head, _, body = exchange(house, request).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408")
    assert json.loads(body)["error"] == "request_timeout"
    assert time.perf_counter() - started < 10


def test_a_form_that_breaks_off_is_not_published_with_half_its_caption(house: House) -> None:
    form = f"source_url={house.media_url}/clip.mp4&privacy=public&title=half".encode()
    request = head_of(house, f"Content-Type: {FORM['Content-Type']}", "Content-Length: 5000") + form
    assert exchange(house, request, end=True).startswith(b"HTTP/1.1 408")


def test_a_body_that_nobody_read_does_not_pass_for_the_next_request(house: House) -> None:
    refused = b"POST /v1/operations/post_video HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    smuggled = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(smuggled), smuggled)
    answers = exchange(house, refused + body, end=True)
    assert answers.startswith(b"HTTP/1.1 401")
    assert answers.count(b"HTTP/1.1 ") == 1


def test_a_chunked_body_that_is_wrongly_coded_is_refused(house: House) -> None:
    request = head_of(house, "Content-Type: application/json", "Transfer-Encoding: chunked") + b"zz\r\n{}\r\n"
    assert exchange(house, request, end=True).startswith(b"HTTP/1.1 400")


def test_what_is_no_http_at_all_is_refused_and_harms_nobody(house: House) -> None:
    assert exchange(house, b"\x16\x03\x01 hello\r\n\r\n").startswith(b"HTTP/1.1 400")
    assert house.call("GET", "/healthz").status == 200


def test_broken_json_is_told_how_each_tool_builds_it(house: House) -> None:
    answer = raw(house, b'{"title": "one\ntwo"}', JSON)
    assert answer.body["message"] == "The body is not JSON: Invalid control character at line 1, column 15."
    (problem,) = answer.body["details"]
    assert "n8n: write {{ JSON.stringify($json.title) }}" in problem["fix"]


def test_a_row_in_query_and_body_is_told_with_both_values(house: House) -> None:
    answer = house.call("POST", f"{VIDEO}?privacy=private", json={"privacy": "public"})
    assert answer.body["details"][0]["got"] == '"private" in the query, "public" in the body'


def test_a_compressed_body_is_refused_by_its_name(house: House) -> None:
    answer = house.call(
        "POST", VIDEO, data=b"x", headers={"Content-Type": "application/json", "Content-Encoding": "gzip"}
    )
    assert_refused(answer, 415, "unsupported_media_type")
    assert answer.problems == [("", "encoded_body")]
