"""The words of tus: lengths, offsets, metadata, checksums."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.kernel.errors import PostrailError
from connector.web.tus import (
    LONGEST_METADATA,
    check_version,
    checksum_of,
    http_date,
    length_of,
    metadata_of,
    offers,
    offset_of,
    spell_metadata,
)

NAMES = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=8)


@given(st.dictionaries(NAMES, st.text(max_size=20), max_size=5))
def test_metadata_comes_back(found: dict[str, str]) -> None:
    assert metadata_of({"Upload-Metadata": spell_metadata(found)}) == found


@pytest.mark.parametrize(
    "text",
    [
        "a b c",
        "a !",
        "a YQ==,a YQ==",
        ",",
        "a /w==",
        "a " + "A" * LONGEST_METADATA,
        " YQ==,,b YQ==",
        "a \u00e9",
    ],
)
def test_metadata_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(PostrailError, match="bad_request"):
        metadata_of({"Upload-Metadata": text})


def test_a_name_may_stand_without_a_value() -> None:
    assert metadata_of({"Upload-Metadata": "is_draft, name YQ=="}) == {"is_draft": "", "name": "a"}
    assert metadata_of({}) == {}


@pytest.mark.parametrize("text", ["", "-1", "1.5", "1e3", "0x10", "9" * 19, "\u0663", " 1"])
def test_what_is_no_count_is_refused(text: str) -> None:
    for read in (offset_of, lambda headers: length_of(headers, 100)):
        with pytest.raises(PostrailError, match="bad_request"):
            read({"Upload-Offset": text, "Upload-Length": text})


def test_a_length_is_held_to_the_limit() -> None:
    assert length_of({"Upload-Length": "100"}, 100) == 100
    with pytest.raises(PostrailError, match="too_large"):
        length_of({"Upload-Length": "101"}, 100)
    with pytest.raises(PostrailError, match="bad_request"):
        length_of({"Upload-Defer-Length": "1"}, 100)


@pytest.mark.parametrize("algorithm", offers(1)["Tus-Checksum-Algorithm"].split(","))
def test_a_checksum_of_each_algorithm_is_read(algorithm: str) -> None:
    digest = hashlib.new(algorithm, b"data").digest()
    found = checksum_of({"Upload-Checksum": f"{algorithm} {base64.b64encode(digest).decode()}"})
    assert found is not None
    running = found.begin()
    running.update(b"da")
    running.update(b"ta")
    assert running.digest() == found.digest == digest


@pytest.mark.parametrize("text", ["", "sha1", "crc32 AAAA", "sha1 ???", "SHA1 AAAA", "sha1 \u00e9"])
def test_a_checksum_that_is_none_is_refused(text: str) -> None:
    if text == "sha1":
        assert checksum_of({"Upload-Checksum": text}) is not None  # of no bytes: it will never match
        return
    with pytest.raises(PostrailError, match="bad_request"):
        checksum_of({"Upload-Checksum": text})


def test_no_checksum_is_none() -> None:
    assert checksum_of({}) is None


@pytest.mark.parametrize("headers", [{}, {"Tus-Resumable": "0.2.1"}])
def test_another_version_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(PostrailError, match="tus_version_unsupported"):
        check_version(headers)


def test_a_date_is_spelled_as_http_has_it() -> None:
    assert http_date(1_795_132_800_000) == "Fri, 20 Nov 2026 00:00:00 GMT"
