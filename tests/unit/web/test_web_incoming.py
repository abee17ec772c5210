"""A request as rows: every content type, rows of the query, broken bodies, limits."""

import pytest
from flask import Flask, request

from connector.contract import Limits
from connector.kernel.errors import PostrailError
from connector.web.incoming import LIMITS_SETTING, Incoming, read_rows
from connector.web.multipart import read_multipart

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"
PART = 'Content-Disposition: form-data; name="{name}"'


def multipart(*parts: tuple[str, bytes]) -> bytes:
    """Return a multipart body of parts, each a head and its data."""
    return (
        b"".join(b"--x\r\n" + head.encode() + b"\r\n\r\n" + data + b"\r\n" for head, data in parts)
        + b"--x--\r\n"
    )


def field(name: str, data: bytes) -> tuple[str, bytes]:
    """Return a part that is a field."""
    return PART.format(name=name), data


def read(
    body: bytes = b"",
    kind: str | None = "application/json",
    query: str = "",
    *,
    headers: dict[str, str] | None = None,
    length: int | None = None,
    limits: Limits | None = None,
) -> Incoming:
    """Read a request; `length` is the length that it announces."""
    app = Flask("incoming")
    app.config["MAX_CONTENT_LENGTH"] = 10_000
    if limits is not None:
        app.config[LIMITS_SETTING] = limits
    environ = {} if length is None else {"CONTENT_LENGTH": str(length)}
    with app.test_request_context(
        "/x",
        method="POST",
        data=body,
        content_type=kind,
        query_string=query,
        headers=headers,
        environ_overrides=environ,
    ):
        return read_rows(request)


def refusal(body: bytes, kind: str, **more: int | str) -> tuple[str, str]:
    """Return code and problem of the refusal that a request meets."""
    with pytest.raises(PostrailError) as caught:
        read(body, kind, **more)  # type: ignore[arg-type]  # the options of `read`
    details = caught.value.details
    return caught.value.code, details[0].problem if details else ""


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/vnd.api+json", "", None])
def test_json_is_read_whatever_it_is_called(kind: str | None) -> None:
    incoming = read(b'\xef\xbb\xbf{"title": "\xc3\xa9"}', kind)
    assert incoming.rows == {"title": "é"}
    assert incoming.is_json


def test_json_that_is_called_a_form_is_read_with_a_warning() -> None:
    incoming = read(b'{"title": "a=b&c"}', FORM)
    assert incoming.rows == {"title": "a=b&c"}
    assert incoming.is_json
    assert len(incoming.rows.warnings) == 1


def test_a_form_that_only_looks_like_json_is_read_as_a_form() -> None:
    assert read(b"{title=x", FORM).rows == {"{title": "x"}


def test_a_list_of_rows_is_read() -> None:
    assert read(b'[{"key": "a", "value": 1}]').rows == {"a": 1}


def test_json_within_json_text_is_read_with_a_warning() -> None:
    incoming = read(b'"{\\"title\\": \\"x\\"}"')
    assert incoming.rows == {"title": "x"}
    assert len(incoming.rows.warnings) == 1


def test_multipart_text_survives_byte_for_byte() -> None:
    text = " a\r\nb\n😀 ".encode()
    assert read(multipart(field("title", text)), MULTIPART).rows == {"title": text.decode()}


def test_an_empty_file_part_is_no_file() -> None:
    part = ('Content-Disposition: form-data; name="video"; filename=""', b"")
    assert read(multipart(part, field("title", b"x")), MULTIPART).rows == {"title": "x"}


def test_a_file_is_refused_and_named() -> None:
    part = ('Content-Disposition: form-data; name="video"; filename="a.mp4"', b"...")
    assert refusal(multipart(part), MULTIPART) == ("unsupported_media_type", "file_not_taken")


@pytest.mark.parametrize("body", [b"--x", b"--x\r\nContent-Disposition: form-data\r\n", b"hello"])
def test_a_broken_multipart_body_is_refused(body: bytes) -> None:
    assert refusal(body, MULTIPART) == ("bad_request", "broken_multipart")


def test_multipart_text_that_is_no_utf8_is_refused() -> None:
    assert refusal(multipart(field("title", b"\xff")), MULTIPART)[0] == "bad_request"


def test_more_parts_than_allowed_are_refused() -> None:
    body = multipart(*[field("a", b"")] * 3)
    assert len(read_multipart(body, "x", Limits(max_fields=3)).pairs) == 3
    with pytest.raises(PostrailError):
        read_multipart(body, "x", Limits(max_fields=2))


@pytest.mark.parametrize(
    ("kind", "problem"),
    [(MULTIPART, "stalled_multipart"), ("application/json", "stalled_body"), (FORM, "stalled_body")],
)
def test_a_body_that_breaks_off_is_told_how_to_be_sent(kind: str, problem: str) -> None:
    assert refusal(b"--x\r\n", kind, length=500) == ("request_timeout", problem)


def test_rows_of_the_query_are_added() -> None:
    assert read(query="ids[]=1&ids[]=2&wait=5", kind=None).rows == {"ids": ["1", "2"], "wait": "5"}
    assert read(b'{"title": "x"}', query="privacy=public").rows == {"title": "x", "privacy": "public"}


def test_a_row_in_query_and_body_must_be_the_same() -> None:
    assert read(b'{"title": "x"}', query="title=x").rows == {"title": "x"}
    assert refusal(b'{"title": "x"}', "application/json", query="title=y") == ("bad_request", "sent_twice")


def test_prefer_wait_counts_where_no_row_says_it() -> None:
    assert read(b"{}", headers={"Prefer": "respond-async, wait=10"}).rows == {"wait_seconds": 10}
    assert read(b'{"wait": 1}', headers={"Prefer": "wait=10"}).rows == {"wait": 1}


@pytest.mark.parametrize(
    ("body", "kind", "problem"),
    [
        (b'{"a": [1, 2, 3, 4]}', "application/json", "too_many_fields"),
        (b'{"a": [[[1]]]}', "application/json", "too_deep"),
        (b"a=1&b=2&c=3&d=4&e=5", FORM, "too_many_fields"),
        (b"a[b][c]=1", FORM, "too_deep"),
    ],
)
def test_the_limits_of_a_body_are_settings(body: bytes, kind: str, problem: str) -> None:
    with pytest.raises(PostrailError) as caught:
        read(body, kind, limits=Limits(max_fields=4, max_depth=2))
    assert caught.value.details[0].problem == problem
    assert read(body, kind).rows


def test_a_body_beyond_the_size_is_refused() -> None:
    assert refusal(b"x" * 10_001, "application/json")[0] == "payload_too_large"
