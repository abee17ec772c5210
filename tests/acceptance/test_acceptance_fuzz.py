"""Whatever bytes come in, a JSON answer goes out, and never one that says the server is to blame."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from tests.running import Answer, House

pytest_plugins = ("tests.databases", "tests.running")

FEW = settings(
    max_examples=70,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
PATHS = some.sampled_from(
    [
        "/v1/operations/post_video",
        "/v1/operations/post_photos",
        "/v1/operations/post_photos/check",
        "/v1/operations/check_status",
        "/api/tiktok/direct_post",
        "/api/tiktok/status",
    ]
)
FIELDS = [
    "source_url",
    "title",
    "privacy",
    "photo_images",
    "photo_cover_index",
    "is_ad",
    "disable_duet",
    "wait_seconds",
    "until",
    "post_id",
    "publish_id",
    "idempotency_key",
    "strict",
    "account",
    "media_type",
    "dry_run",
    "post_mode",
]
NAMES = some.sampled_from(FIELDS) | some.text(max_size=12)
TEXTS = some.text(max_size=40) | some.sampled_from(
    [
        "true",
        "null",
        "[]",
        "{}",
        "[object Object]",
        "{{ $json.a }}",
        "https://127.0.0.1:9/a.mp4",
        "\x00",
        "\ud800",
    ]
)
VALUES = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | TEXTS,
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
KINDS = some.sampled_from(
    [
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
        "a/b;;",
    ]
)


@pytest.fixture(scope="module", autouse=True)
def nothing_is_published(house: House) -> Iterator[None]:
    """Hold the whole file to it: what is made up here never becomes a publish task."""
    before = house.witness.inits()
    yield
    assert house.witness.inits() == before, "a publish task was opened"
    assert "request_defect" not in house.log()


def assert_answered(answer: Answer) -> None:
    assert answer.status < 500, answer.content
    assert answer.headers["Content-Type"] == "application/json"
    assert isinstance(answer.body["ok"], bool)
    assert answer.body["ok"] == (answer.status < 400) or answer.body["status"] == "failed"


@FEW
@given(path=PATHS, body=some.binary(max_size=300), kind=KINDS)
def test_any_bytes_are_answered(house: House, path: str, body: bytes, kind: str) -> None:
    assert_answered(house.call("POST", path, data=body, headers={"Content-Type": kind}))


@FEW
@given(path=PATHS, value=some.dictionaries(NAMES, VALUES, max_size=8) | VALUES)
def test_any_json_is_answered(house: House, path: str, value: object) -> None:
    body = json.dumps(value).encode()
    assert_answered(house.call("POST", path, data=body, headers={"Content-Type": "application/json"}))


@FEW
@given(path=PATHS, pairs=some.lists(some.tuples(NAMES, some.text(max_size=30)), max_size=12))
def test_any_form_is_answered(house: House, path: str, pairs: list[tuple[str, str]]) -> None:
    clean = [(name.encode("utf-8", "replace"), text.encode("utf-8", "replace")) for name, text in pairs]
    assert_answered(house.call("POST", path, data=clean))


@FEW
@given(path=some.text(max_size=30), method=some.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS"]))
def test_any_path_is_answered(house: House, path: str, method: str) -> None:
    answer = house.call(
        method, "/v1/" + path.encode("utf-8", "replace").hex() + "/" + path.replace("\ud800", "")
    )
    assert answer.status < 500
