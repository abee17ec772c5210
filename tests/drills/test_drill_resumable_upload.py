"""A file of 1 GB by the public tus client, cut twenty times, through a server that stays under 256 MiB.

The server's memory is its peak resident set, as the kernel counts it (`VmHWM`): a limit on the address space
(RLIMIT_AS) says little about a process whose threads each reserve a stack that they hardly touch.
"""

import hashlib
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from benchmarks.big_video import MB, pad
from benchmarks.machine import reset_peak, resident_mib
from connector.demo.media import make_video
from tests.cutting import CuttingProxy, upload_through
from tests.running import BuildHouse

pytest_plugins = ("tests.databases", "tests.running")

MEGABYTES, CUTS = 1_000, 20
WHOLE_MEGABYTES = 300
LIMIT_MIB = 256
FLAT_MIB = 64
PIECE = 65_536


def test_a_gigabyte_that_is_cut_twenty_times_arrives_whole_in_flat_memory(
    build_house: BuildHouse, tmp_path: Path
) -> None:
    house = build_house()
    clip = make_video(tmp_path / "clip.mp4", seconds=1, width=540, height=960)
    large = tmp_path / "large.mp4"
    pad(clip, large, MEGABYTES * MB)
    assert house.server is not None
    assert house.server.process is not None
    pid = house.server.process.pid
    reset_peak(pid)
    with CuttingProxy(house.url) as proxy:
        url = upload_through(proxy, "/v1/media/tus", house.key, large, cuts=CUTS)
        assert proxy.cuts == CUTS
    told = house.call("GET", urlsplit(url).path).body
    with large.open("rb") as file:
        assert told["sha256"] == hashlib.file_digest(file, "sha256").hexdigest()
    assert resident_mib(pid, "VmHWM") < LIMIT_MIB


def pieces(*parts: bytes | Path) -> Iterator[bytes]:
    """Yield bytes, and files piece by piece, in base64 where the part before ends in `base64,`."""
    encode = False
    for part in parts:
        if isinstance(part, bytes):
            encode = part.endswith(b"base64,")
            yield part
            continue
        with part.open("rb") as file:
            while piece := file.read(3 * PIECE):
                yield b64encode(piece) if encode else piece


HEAD = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n'
WAYS: dict[str, tuple[str, bytes, bytes]] = {
    "raw": ("video/mp4", b"", b""),
    "multipart": ("multipart/form-data; boundary=x", HEAD, b"\r\n--x--\r\n"),
    "data URI in JSON": ("application/json", b'{"data": "data:video/mp4;base64,', b'"}'),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_large_file_in_one_request_takes_flat_memory(
    build_house: BuildHouse, tmp_path: Path, way: str
) -> None:
    house = build_house()
    clip = make_video(tmp_path / "clip.mp4", seconds=1, width=540, height=960)
    large = pad(clip, tmp_path / "large.mp4", WHOLE_MEGABYTES * MB)
    assert house.server is not None
    assert house.server.process is not None
    pid = house.server.process.pid
    before = resident_mib(pid)
    reset_peak(pid)
    kind, head, tail = WAYS[way]
    body = pieces(head, large, tail)
    answer = house.call("POST", "/v1/media", data=body, headers={"Content-Type": kind})
    assert (answer.status, answer.body["size"]) == (200, WHOLE_MEGABYTES * MB)
    assert resident_mib(pid, "VmHWM") - before < FLAT_MIB
