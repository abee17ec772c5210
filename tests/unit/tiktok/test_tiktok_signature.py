"""Webhooks of TikTok's: whose they are, and what they say."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.engine.ports_tiktok import EventKind, TikTokHooks
from connector.kernel.errors import PostrailError
from connector.tiktok import signature
from connector.tiktok.signature import read_event, sign, verify

SECRET = "test_client_secret"
BODY = (
    rb'{"client_key":"aw_test","event":"post.publish.complete","create_time":1790000000,'
    rb'"user_openid":"-000TEST","content":"{\"publish_id\":\"v_pub_file~v2-1.7600000000000000001\",'
    rb'\"publish_type\":\"DIRECT_PUBLISH\"}"}'
)
MAC = "a109fdfdc2a0e6d50a4c48e3f51262fc8998b3a50e6b7b24b17ebeb155fb4e02"
HEADER = f"t=1790000001,s={MAC}"
NOW_MS = 1_790_000_001_000


def verdict(header: str | None = HEADER, raw: bytes = BODY, secret: str = SECRET, now: int = NOW_MS) -> str:
    """Judge a delivery with a tolerance of five minutes."""
    return verify(header, raw, secret, now_ms=now, tolerance_s=300)


def delivery(event: str, content: object, **more: object) -> bytes:
    """A webhook's body."""
    body = {"client_key": "aw", "event": event, "create_time": 1790000000, "user_openid": "-000A"}
    text = content if isinstance(content, str) else json.dumps(content)
    return json.dumps({**body, "content": text, **more}).encode()


def test_the_module_is_the_port() -> None:
    hooks: TikTokHooks = signature
    assert hooks.read_event(BODY).client_key == "aw_test"


def test_the_published_vector_is_genuine() -> None:
    assert sign("1790000001", BODY, SECRET) == MAC
    assert verdict() == "genuine"


@pytest.mark.parametrize(
    ("header", "word"),
    [
        (None, "malformed"),
        ("", "malformed"),
        ("t=1790000001", "malformed"),
        (f"s={MAC}", "malformed"),
        (f"t=now,s={MAC}", "malformed"),
        (f"t={'9' * 5000},s={MAC}", "malformed"),
        (f"t=١٧٩٠٠٠٠٠٠١,s={MAC}", "malformed"),
        (f"t=1790000001,s={MAC[:-1]}", "malformed"),
        (f"t=1790000001,s={MAC}0", "malformed"),
        ("t=1790000001,s=ü", "malformed"),
        (f"t=1790000001, s={MAC}", "genuine"),
        (f"s={MAC.upper()},t=1790000001", "genuine"),
        (f"t=1790000002,s={MAC}", "forged"),
        (f"t=01790000001,s={MAC}", "forged"),
        (f"t=1790000001,s={'0' * 64}", "forged"),
    ],
)
def test_a_header_is_read_strictly(header: str | None, word: str) -> None:
    assert verdict(header) == word


@pytest.mark.parametrize(
    ("off_s", "word"),
    [(0, "genuine"), (300, "genuine"), (-300, "genuine"), (300.001, "stale"), (-301, "stale")],
)
def test_the_tolerance_holds_both_ways(off_s: float, word: str) -> None:
    assert verdict(now=NOW_MS + round(off_s * 1000)) == word


def test_an_app_without_a_secret_believes_nobody() -> None:
    assert verdict(f"t=1790000001,s={sign('1790000001', BODY, '')}", secret="") == "forged"


def test_json_that_means_the_same_but_is_spelt_otherwise_is_forged() -> None:
    assert verdict(raw=json.dumps(json.loads(BODY)).encode()) == "forged"


@given(raw=st.binary(max_size=200), secret=st.text(min_size=1, max_size=20), at=st.integers(0, 10**10))
def test_what_is_signed_is_genuine_and_any_flipped_bit_is_not(raw: bytes, secret: str, at: int) -> None:
    try:
        secret.encode()
    except UnicodeEncodeError:
        return
    header = f"t={at},s={sign(str(at), raw, secret)}"
    assert verify(header, raw, secret, now_ms=at * 1000, tolerance_s=0) == "genuine"
    assert verify(header, raw + b"\0", secret, now_ms=at * 1000, tolerance_s=0) == "forged"
    assert verify(header, raw, secret + "x", now_ms=at * 1000, tolerance_s=0) == "forged"
    assert verify(f"t={at + 1},s={header[-64:]}", raw, secret, now_ms=at * 1000, tolerance_s=9) == "forged"
    flipped = bytes([raw[0] ^ 1]) + raw[1:] if raw else b"\1"
    assert verify(header, flipped, secret, now_ms=at * 1000, tolerance_s=0) == "forged"


@given(header=st.text(max_size=100), raw=st.binary(max_size=50))
def test_no_header_breaks_the_check(header: str, raw: bytes) -> None:
    assert verify(header, raw, SECRET, now_ms=0, tolerance_s=300) in {"malformed", "forged"}


def test_an_event_is_read_through_both_layers_of_json() -> None:
    event = read_event(BODY)
    assert (event.kind, event.client_key, event.open_id) == (
        EventKind.PUBLISH_COMPLETE,
        "aw_test",
        "-000TEST",
    )
    assert (event.publish_id, event.flow) == ("v_pub_file~v2-1.7600000000000000001", "direct")
    assert event.created_at == 1_790_000_000_000


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("authorization.removed", EventKind.AUTHORIZATION_REMOVED),
        ("post.publish.failed", EventKind.PUBLISH_FAILED),
        ("post.publish.complete", EventKind.PUBLISH_COMPLETE),
        ("post.publish.inbox_delivered", EventKind.INBOX_DELIVERED),
        ("post.publish.publicly_available", EventKind.PUBLICLY_AVAILABLE),
        ("post.publish.publicaly_available", EventKind.PUBLICLY_AVAILABLE),
        ("post.publish.no_longer_publicly_available", EventKind.NO_LONGER_PUBLIC),
        ("post.publish.no_longer_publicaly_available", EventKind.NO_LONGER_PUBLIC),
        ("video.upload.failed", EventKind.UNKNOWN),
        ("unknown", EventKind.UNKNOWN),
        ("portability.download.ready", EventKind.UNKNOWN),
    ],
)
def test_every_spelling_of_an_event_is_known(name: str, kind: EventKind) -> None:
    event = read_event(delivery(name, {"publish_id": "p"}))
    assert (event.kind, event.name) == (kind, name)


@pytest.mark.parametrize(
    ("word", "flow"),
    [("DIRECT_PUBLISH", "direct"), ("DIRECT_POST", "direct"), ("INBOX_SHARE", "inbox"), ("NEW", None)],
)
def test_the_flow_is_known_by_each_of_its_names(word: str, flow: str | None) -> None:
    event = read_event(delivery("post.publish.complete", {"publish_id": "p", "publish_type": word}))
    assert event.flow == flow


@pytest.mark.parametrize("given_id", ["7602997517160123666", 7602997517160123666])
def test_a_64_bit_post_id_is_text_unrounded(given_id: object) -> None:
    event = read_event(
        delivery(
            "post.publish.publicly_available", {"publish_id": "p", "post_id": given_id, "request_id": 2**63}
        )
    )
    assert event.post_id == "7602997517160123666"
    assert (event.content["post_id"], event.content["request_id"]) == (event.post_id, str(2**63))


def test_a_failure_tells_its_fail_reason_and_a_removal_its_number() -> None:
    failed = read_event(delivery("post.publish.failed", {"publish_id": "p", "reason": "spam_risk"}))
    removed = read_event(delivery("authorization.removed", {"reason": 1}))
    assert (failed.fail_reason, failed.removal_reason) == ("spam_risk", None)
    assert (removed.fail_reason, removed.removal_reason) == (None, 1)


def test_the_same_event_has_one_digest_however_it_is_spelt() -> None:
    content = {"publish_id": "p", "post_id": "1"}
    spelt = [
        delivery("post.publish.publicly_available", content),
        delivery("post.publish.publicaly_available", dict(reversed(content.items()))),
        delivery("post.publish.publicly_available", '{ "publish_id": "p", "post_id": 1 }'),
    ]
    assert len({read_event(raw).digest for raw in spelt}) == 1


@pytest.mark.parametrize(
    "other",
    [
        delivery("post.publish.complete", {"publish_id": "q"}),
        delivery("post.publish.failed", {"publish_id": "p"}),
        delivery("post.publish.complete", {"publish_id": "p"}, create_time=1790000001),
        delivery("post.publish.complete", {"publish_id": "p"}, user_openid="-000B"),
        delivery("post.publish.complete", {"publish_id": "p"}, client_key="aw2"),
    ],
)
def test_another_event_has_another_digest(other: bytes) -> None:
    assert (
        read_event(other).digest != read_event(delivery("post.publish.complete", {"publish_id": "p"})).digest
    )


def test_two_unknown_events_are_not_taken_for_one() -> None:
    assert read_event(delivery("a.new", {})).digest != read_event(delivery("b.new", {})).digest


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        ("not json", {"text": "not json"}),
        ("[1]", {"text": "[1]"}),
        ("", {"text": ""}),
        ("[" * 100_000, {"text": "[" * 100_000}),
    ],
)
def test_content_that_cannot_be_read_is_kept(content: str, kept: dict[str, object]) -> None:
    event = read_event(delivery("post.publish.complete", content))
    assert event.content == kept
    assert event.publish_id is None


def test_content_may_be_an_object_or_absent() -> None:
    plain = {"client_key": "aw", "event": "post.publish.complete", "create_time": 1}
    assert read_event(json.dumps({**plain, "content": {"publish_id": "p"}}).encode()).publish_id == "p"
    assert read_event(json.dumps(plain).encode()).content == {}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"event":"x","client_key":"k"}',
        b'{"event":"x","create_time":1}',
        b'{"client_key":"k","create_time":1}',
        b'{"event":1,"client_key":"k","create_time":1}',
        b'{"event":"x","client_key":"k","create_time":true}',
        b'{"event":"x","client_key":"k","create_time":1,"content":"{\\"a\\":NaN}"}',
    ],
)
def test_what_is_no_webhook_is_a_bad_request(raw: bytes) -> None:
    with pytest.raises(PostrailError) as caught:
        read_event(raw)
    assert caught.value.code == "bad_request"


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(raw: bytes) -> None:
    try:
        read_event(raw)
    except PostrailError as error:
        assert error.code == "bad_request"  # noqa: PT017 - most bytes are refused, some may be read


@given(
    st.dictionaries(
        st.text(max_size=8), st.none() | st.booleans() | st.integers() | st.text(max_size=8), max_size=4
    )
)
def test_any_content_comes_through_with_ids_as_text(content: dict[str, object]) -> None:
    event = read_event(delivery("a.new", content))
    assert set(event.content) == set(content)
    for key, value in content.items():
        assert event.content[key] in {value, str(value)}
        assert not (key.endswith("_id") and type(event.content[key]) is int)
