"""A file of 1 GB by the public tus client, cut twenty times, through a server that stays under 256 MiB.

The server's memory is its peak resident set, as the kernel counts it (`VmHWM`): a limit on the address space
(RLIMIT_AS) says little about a process whose threads each reserve a stack that they hardly touch.
"""

import hashlib
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.big_video import MB, pad
from benchmarks.machine import reset_peak, resident_mib
from connector.demo.media import make_video
from tests.cutting import CuttingProxy, upload_through
from tests.running import BuildHouse

pytest_plugins = ("tests.databases", "tests.running")

MEGABYTES, CUTS = 1_000, 20
LIMIT_MIB = 256


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
