"""Peak memory of the server while it takes in a large video and hands it to TikTok's sandbox.

The video is a real one, followed by a `free` box that makes it as large as asked: every byte of it is
fetched, hashed, probed, spooled and uploaded in chunks.
"""

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import reset_peak, resident_mib
from connector.demo.host import MediaHost
from connector.demo.media import make_video
from connector.demo.processes import sandbox_program, server_program
from connector.demo.run import Caller
from connector.kernel.clock import SystemClock
from connector.settings import bare_environment

MB = 1_000_000
SIZES_MB = (2, 200, 1000)
ROUNDS = 2


@dataclass(frozen=True, kw_only=True)
class Peak:
    """What one post cost: bytes of its video, MiB before and at the peak, seconds until it was public."""

    megabytes: int
    transfer: str
    before_mib: float
    peak_mib: float
    seconds: float

    @property
    def growth_mib(self) -> float:
        """MiB by which the server's memory grew at most."""
        return self.peak_mib - self.before_mib


def pad(video: Path, path: Path, size: int) -> Path:
    """Write `video` to `path`, made `size` bytes large by a `free` box (sparse)."""
    data = video.read_bytes()
    if size - len(data) < 8:  # noqa: PLR2004 - the head of a box
        path.write_bytes(data)
        return path
    with path.open("wb") as file:
        file.write(data + (size - len(data)).to_bytes(4, "big") + b"free")
        file.truncate(size)
    return path


def measure() -> Iterator[Peak]:
    """Post a video of each size, by upload and by pull, and yield what each cost."""
    clock, bare = SystemClock(), bare_environment()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="postrail-bench-")))
        media = folder / "media"
        media.mkdir()
        video = make_video(folder / "clip.mp4")
        host = stack.enter_context(MediaHost(media))
        sandbox = sandbox_program(folder / "sandbox", bare, clock, time.sleep)
        sandbox_url = sandbox.start()
        stack.callback(sandbox.stop)
        settings = {"POSTRAIL_TIKTOK_BASE_URL": sandbox_url, "POSTRAIL_TRUSTED_ORIGINS": host.url}
        server = server_program(folder / "home", {**bare, **settings}, clock, time.sleep)
        caller = Caller(server.start(), (folder / "home" / "first-key").read_text().strip())
        stack.callback(server.stop)
        pid = server.process.pid if server.process else 0
        for number in range(ROUNDS):
            for megabytes in SIZES_MB:
                for transfer in ("upload", "pull"):
                    name = f"{number}-{megabytes}-{transfer}.mp4"
                    pad(video, media / name, megabytes * MB + number)
                    yield _post(caller, pid, f"{host.url}/{name}", megabytes, transfer)
                    (media / name).unlink()


def _post(caller: Caller, pid: int, url: str, megabytes: int, transfer: str) -> Peak:
    clock = SystemClock()
    reset_peak(pid)
    before, started = resident_mib(pid), clock.ticks()
    rows = {"source_url": url, "privacy": "public", "transfer": transfer}
    post_id = str(caller.run("post_video", as_form=True, rows=rows)["post_id"])
    status = ""
    while status != "published_public":
        wait = {"post_id": post_id, "wait_seconds": "50"}
        outcome = caller.run("wait_until_published", as_form=False, rows=wait)
        status = str(outcome["status"])
        if not outcome["ok"]:
            raise SystemExit(f"the post failed: {outcome}")
    return Peak(
        megabytes=megabytes,
        transfer=transfer,
        before_mib=before,
        peak_mib=resident_mib(pid, "VmHWM"),
        seconds=clock.ticks() - started,
    )


def report() -> str:
    """Return the section of the report."""
    lines = [
        "## Peak memory of the server, by the size of the video",
        "",
        "Fetched from a loopback host into the spool (hashed, synced, probed), then sent to the sandbox by",
        "upload in chunks or by pull through the gate. Budget: growth under 64 MiB at 200 MB.",
        "One server for all rows, in order.",
        "",
        "| video | transfer | before, MiB | peak, MiB | growth, MiB | accepted to public, s |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {peak.megabytes} MB | {peak.transfer} | {peak.before_mib:.1f} | {peak.peak_mib:.1f} "
        f"| **{peak.growth_mib:.1f}** | {peak.seconds:.1f} |"
        for peak in measure()
    ]
    return "\n".join(lines) + "\n"
