"""A video is looked at where it lies: by a few ranges, whatever its size, or not at all."""

import re
import socket
from contextlib import closing
from pathlib import Path

import pytest

from connector.domain.sources import OPEN_TERMS
from connector.engine.model import MediaLook
from connector.kernel.clock import SystemClock
from connector.kernel.errors import PostrailError
from connector.media.remote import BLOCK, NotByRanges, look_from_afar
from connector.media.room import Media
from connector.media.spool import Spool
from connector.net import Egress, Timeout
from tests.integration.media.scripted_server import Script, ScriptedServer, answer, says
from tests.media_samples import make_photo
from tests.movies_made import made_movie, made_webm

FAR = 1_000_000_000
"""Bytes of a large file, of which all but its boxes is made up when it is asked for."""


def ranged(data: bytes, *, hole: int = 0, etags: tuple[str, ...] = ('"one"',)) -> Script:
    """Serve ranges of `data`, with `hole` zero bytes let in behind the head of its box of media."""
    at = data.index(b"mdat") + 4 if hole else len(data)
    size, left = len(data) + hole, list(etags)

    def piece(first: int, end: int) -> bytes:
        zeros = bytes(max(0, min(end, at + hole) - max(first, at)))
        behind = data[max(first - hole, at) : max(end - hole, at)]
        return data[min(first, at) : min(end, at)] + zeros + behind

    def script(connection: socket.socket, head: str) -> None:
        found = re.search(r"Range: bytes=(\d+)-(\d+)", head)
        assert found is not None
        first, end = int(found[1]), min(int(found[2]) + 1, size)
        etag = left.pop(0) if len(left) > 1 else left[0]
        told = f"bytes {first}-{end - 1}/{size}"
        connection.sendall(answer("206 Partial Content", piece(first, end), Content_Range=told, ETag=etag))

    return script


def grown(data: bytes, hole: int) -> bytes:
    """Say in the size of the box of media that `hole` bytes more are in it."""
    at = data.index(b"mdat") - 4
    old = int.from_bytes(data[at : at + 4], "big")
    return data[:at] + (old + hole).to_bytes(4, "big") + data[at + 4 :]


def looked(folder: Path, script: Script, kind: str = "video") -> tuple[MediaLook, list[str]]:
    """Look by a media room at what `script` serves; return the look and the requests; nothing is kept."""
    with ScriptedServer(script) as server:
        egress = Egress(trusted=frozenset({server.origin}), clock=SystemClock())
        with closing(egress):
            room = Media(egress, Spool(folder))
            look = room.look(server.url("/a"), kind, field_path="source_url")  # type: ignore[arg-type] # a kind
    assert [path for path in folder.rglob("*") if path.is_file() and path.parent.name != "incoming"] == []
    return look, server.heads


def afar(script: Script) -> None:
    """Look at what `script` serves by ranges alone."""
    with ScriptedServer(script) as server:
        egress = Egress(trusted=frozenset({server.origin}), clock=SystemClock())
        with closing(egress):
            look_from_afar(egress, server.url("/a"), Timeout(), OPEN_TERMS)


@pytest.mark.parametrize("index_last", [False, True], ids=["moov first", "moov last"])
def test_of_a_gigabyte_two_ranges_are_fetched(tmp_path: Path, *, index_last: bool) -> None:
    data = grown(made_movie(index_last=index_last), FAR)
    look, heads = looked(tmp_path, ranged(data, hole=FAR))
    assert (look.item.width, look.item.duration_ms, look.item.size) == (720, 2000, len(data) + FAR)
    assert look.facts["codec"] == "h264"
    assert len(heads) <= 3
    assert all(re.search(r"Range: bytes=\d+-\d+\r", head) for head in heads)


def test_what_is_wrong_is_told_from_afar(tmp_path: Path) -> None:
    with pytest.raises(PostrailError) as caught:
        looked(tmp_path, ranged(made_movie(width=100, codec=b"av01")))
    assert [one.problem for one in caught.value.details] == ["unsupported_codec", "side_out_of_range"]
    assert {one.field for one in caught.value.details} == {"source_url"}


@pytest.mark.parametrize(
    "script",
    [
        says(answer("200 OK", made_movie())),
        says(answer("206 Partial Content", made_movie(), Content_Range="bytes 5-9/10")),
        says(answer("206 Partial Content", made_movie(), Content_Range="bytes 0-9/*")),
        says(answer("206 Partial Content", made_movie()[:50], Content_Range="bytes 0-899/900")),
        says(answer("404 Not Found", b"none")),
        ranged(made_movie(media=bytes(3 * BLOCK), index_last=True), etags=('"one"', '"two"')),
        ranged(made_webm(seconds=None)),
        ranged(b"<!doctype html><html>" + bytes(200)),
    ],
    ids=["no ranges", "elsewhere", "no size", "short", "missing", "changed", "live", "page"],
)
def test_what_cannot_be_judged_from_afar_is_left_to_a_whole_fetch(script: Script) -> None:
    with pytest.raises(NotByRanges):
        afar(script)


def test_a_host_without_ranges_is_fetched_from(tmp_path: Path) -> None:
    look, heads = looked(tmp_path, says(answer("200 OK", made_movie())))
    assert look.item.duration_ms == 2000
    assert len(heads) == 2


def test_a_photo_is_fetched_and_converted_for_the_look(tmp_path: Path) -> None:
    data = make_photo(tmp_path.parent / f"{tmp_path.name}.png", "PNG").read_bytes()
    look, _ = looked(tmp_path / "spool", says(answer("200 OK", data)), "photo")
    assert (look.item.mime, look.item.media_id) == ("image/jpeg", "")
    assert isinstance(look.facts["before"], dict)
    assert look.facts["before"]["mime"] == "image/png"


def test_a_film_in_very_many_pieces_far_apart_is_fetched_whole() -> None:
    film = made_movie(runs=(), fragments=((1,),) * 600, sounds=0)
    piece = (8 + BLOCK).to_bytes(4, "big") + b"mdat" + bytes(BLOCK)
    with pytest.raises(NotByRanges, match="too many"):
        afar(ranged(re.sub(rb"\x00\x00\x00\x09mdat\x00", piece, film)))
