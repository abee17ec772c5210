"""Taking in a whole video against `curl -o file && sync file`: the same bytes, and nothing done with them.

Ours streams, guards the address and the size, hashes, syncs, renames, syncs the folder and looks into the
video. nginx is the host for both. Rounds interleaved, order reversed every other round; the ratio is the
median of the ratios within a round. Before each turn everything is brought to the disk, so that none pays
for the file that the other has just deleted. 4 GB only with `python -m benchmarks --large`.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.big_video import MB, pad
from benchmarks.machine import reset_peak, resident_mib
from benchmarks.serving import NGINX, started
from benchmarks.web_server import free_port
from connector.demo.media import make_video
from connector.domain.net import origin_of
from connector.kernel.clock import SystemClock
from connector.media.room import Media
from connector.media.spool import Spool
from connector.net import Egress

ROUNDS = 7
SIZES_MB = {200: 1.0, 4000: 0.7}
"""Megabytes, and the budget: times the speed of curl."""

CLOCK = SystemClock()
TEXT = """## Taking in a whole video

Against `curl -o file && sync file`; {rounds} interleaved rounds, medians. Budgets: {budgets};
memory may grow by 8 MiB.

| video | ours, s | curl, s | x curl | growth of memory, MiB |
| --- | --- | --- | --- | --- |
{lines}
"""


def take_in_each() -> None:
    """Take in each URL of the input after a first one to warm up; print seconds and MiB of growth."""
    folder = Path(tempfile.mkdtemp(dir=sys.argv[1]))
    url = sys.stdin.readline().strip()
    egress = Egress(trusted=frozenset({origin_of(url)}), clock=CLOCK)
    spool = Spool(folder)
    media = Media(egress, spool)
    own = int(Path("/proc/self").resolve().name)
    while url:
        reset_peak(own)
        before, started_at = resident_mib(own), CLOCK.ticks()
        item = media.take_in(url, "video", field_path="source_url")
        seconds = CLOCK.ticks() - started_at
        print(json.dumps([seconds, resident_mib(own, "VmHWM") - before]), flush=True)
        spool.path(item.media_id).unlink()
        url = sys.stdin.readline().strip()


class Ours:
    """A process that takes videos in."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-c", "from benchmarks.ingest import take_in_each; take_in_each()"]
        self._process = subprocess.Popen(
            [*command, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def take_in(self, url: str) -> tuple[float, float]:
        """Take in a video; return its seconds and by how many MiB the process grew."""
        os.sync()
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError("a process without its pipes")
        self._process.stdin.write(f"{url}\n")
        self._process.stdin.flush()
        seconds, growth = json.loads(self._process.stdout.readline())
        return seconds, growth

    def end(self) -> None:
        """Let it end."""
        self._process.communicate()


def by_curl(url: str, folder: Path) -> float:
    """Fetch and sync a file; return the seconds."""
    target = folder / "by-curl"
    os.sync()
    started_at = CLOCK.ticks()
    subprocess.run(["curl", "-s", "-o", str(target), url], check=True)  # noqa: S607 - whichever is installed
    subprocess.run(["sync", str(target)], check=True)  # noqa: S607 - the same
    seconds = CLOCK.ticks() - started_at
    target.unlink()
    return seconds


@contextmanager
def hosted(folder: Path) -> Iterator[str]:
    """Serve the folder `media` by nginx; give the URL."""
    port = free_port()
    conf = folder / "nginx.conf"
    conf.write_text(
        NGINX.format(folder=folder, user=folder.owner(), media=folder / "media", port=port, behind=port)
    )
    nginx = ["nginx", "-e", f"{folder}/error.log", "-p", str(folder), "-c", str(conf)]
    with started(nginx, port):
        yield f"http://127.0.0.1:{port}/direct"


def measured(url: str, folder: Path, megabytes: int) -> str:
    """Measure one size; return its line."""
    ours = Ours(folder)
    ours.take_in(f"{url}/small.mp4")
    rounds, growths = [], []
    for number in range(ROUNDS):
        if number % 2:
            theirs = by_curl(f"{url}/{megabytes}.mp4", folder)
        spent, growth = ours.take_in(f"{url}/{megabytes}.mp4")
        if not number % 2:
            theirs = by_curl(f"{url}/{megabytes}.mp4", folder)
        rounds.append((spent, theirs))
        growths.append(growth)
    ours.end()
    ratio = statistics.median(theirs / spent for spent, theirs in rounds)
    spent, theirs = (statistics.median(column) for column in zip(*rounds, strict=True))
    return f"| {megabytes} MB | {spent:.2f} | {theirs:.2f} | **{ratio:.2f}** | **{max(growths):.1f}** |"


def report() -> str:
    """Return the section of the report."""
    if shutil.which("nginx") is None:
        return "## Taking in a whole video\n\nNot measured: there is no nginx on this machine.\n"
    sizes = [size for size in SIZES_MB if size == min(SIZES_MB) or "--large" in sys.argv]
    lines = []
    with tempfile.TemporaryDirectory(prefix="postrail-bench-") as name:
        folder = Path(name)
        media = folder / "media"
        media.mkdir()
        small = media / "small.mp4"
        make_video(small, seconds=3, width=540, height=960)
        with hosted(folder) as url:
            for size in sizes:
                large = pad(small, media / f"{size}.mp4", size * MB)
                lines.append(measured(url, folder, size))
                large.unlink()
    budgets = ", ".join(f"{SIZES_MB[size]} x curl at {size} MB" for size in sizes)
    return TEXT.format(rounds=ROUNDS, budgets=budgets, lines="\n".join(lines))
