"""What looking at media and making it right cost, against ffprobe and Pillow.

Contestants take turns in each round, in reversed order every other round; ratios are medians of the ratios
within a round. ffprobe (Debian's package `ffmpeg`) is started for each file, as a program that uses it must.
"""

import io
import re
import shutil
import statistics
import struct
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
from PIL import Image

from benchmarks.machine import cpu_seconds, resident_mib
from connector.demo.media import make_video
from connector.domain.net import origin_of
from connector.domain.sources import OPEN_TERMS
from connector.kernel.clock import SystemClock
from connector.kernel.errors import PostrailError
from connector.media.convert import to_jpeg
from connector.media.helpers import shared
from connector.media.prepare import prepare
from connector.media.probe import probe_video
from connector.media.remote import look_from_afar
from connector.net import Egress, Timeout

ROUNDS = 15
PHOTOS = 35
GIGABYTE = 1_000_000_000
CLOCK = SystemClock()

TEXT = """## Media: looks, conversions, carousels

{rounds} interleaved rounds, medians. Budgets: plain MP4 and MOV at most 1/20 of ffprobe, the demuxer in a
child at most 1/2, 1 GB over loopback under 1 s, PNG to JPEG at most 0.65 of Pillow.

{probed}

A video of 1 GB at a URL on the loopback, its index last, looked at by ranges: **{afar:.0f} ms**.

{converted}

{album}
A PNG of 900 megapixels is refused from its header in **{refused:.2f} ms**. The helper process that forks the
children: {helper}.
"""

Work = Callable[[], object]


def seconds(work: Work) -> float:
    """Return how long a piece of work takes."""
    started = CLOCK.ticks()
    work()
    return CLOCK.ticks() - started


def compare(ours: Work, theirs: Work, rounds: int = ROUNDS) -> tuple[float, float, float]:
    """Return our median in milliseconds, theirs, and the median of ours / theirs within a round."""
    ours(), theirs()
    pairs = []
    for number in range(rounds):
        if number % 2:
            second, first = seconds(theirs), seconds(ours)
        else:
            first, second = seconds(ours), seconds(theirs)
        pairs.append((first, second))
    mine, other = (statistics.median(values) * 1000 for values in zip(*pairs, strict=True))
    return mine, other, statistics.median(first / second for first, second in pairs)


def ffprobe(path: Path) -> None:
    """Have ffprobe tell what a file is."""
    what = "format=duration:stream=codec_name,width,height,avg_frame_rate"
    program = shutil.which("ffprobe") or "ffprobe"
    subprocess.run(
        [program, "-v", "error", "-show_entries", what, str(path)], check=True, capture_output=True
    )


def grown(clip: Path, target: Path, size: int) -> Path:
    """Let a clip whose index stands last grow to `size` bytes by a hole in front of that index."""
    data = clip.read_bytes()
    at = data.rindex(b"moov") - 4
    with target.open("wb") as file:
        file.write(data[:at] + struct.pack(">I4s", size - len(data), b"free"))
        file.seek(size - (len(data) - at))
        file.write(data[at:])
    return target


def copied(clip: Path, target: Path, **options: str) -> Path:
    """Put the tracks of a clip into another container."""
    with av.open(str(clip)) as source, av.open(str(target), "w", options=options) as output:
        track = source.streams.video[0]
        copy = output.add_stream_from_template(track)
        for packet in source.demux(track):
            if packet.dts is not None:
                packet.stream = copy
                output.mux(packet)
    return target


def probing(folder: Path) -> list[str]:
    """Compare our look into a video with ffprobe's, file by file."""
    plain = make_video(folder / "plain.mp4", seconds=20)
    webm = make_video(folder / "plain.webm", seconds=3, width=360, height=640)
    files = {
        "MP4, 20 s": plain,
        "MP4, index first": copied(plain, folder / "first.mp4", movflags="faststart"),
        "MOV": copied(plain, folder / "plain.mov"),
        "MP4 of 1 GB, index last": grown(plain, folder / "large.mp4", GIGABYTE),
        "fragmented MP4": copied(plain, folder / "pieces.mp4", movflags="frag_keyframe+empty_moov"),
        "WebM": webm,
        "WebM, live: demuxer in a child": copied(webm, folder / "live.webm", live="1"),
    }
    rows = ["| file | ours, ms | ffprobe, ms | ours / ffprobe |", "| --- | --- | --- | --- |"]
    for name, path in files.items():
        mine, other, ratio = compare(partial(probe_video, path), partial(ffprobe, path))
        rows.append(f"| {name} | {mine:.2f} | {other:.1f} | **1/{1 / ratio:.0f}** |")
    return rows


@contextmanager
def ranges_of(path: Path) -> Iterator[str]:
    """Serve ranges of a file on the loopback, and count nothing."""

    class Handler(BaseHTTPRequestHandler):
        """Answers GET with a Range."""

        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """Send the range that was asked for."""
            size = path.stat().st_size
            found = re.match(r"bytes=(\d+)-(\d+)", self.headers["Range"])
            first, last = (int(found[1]), min(int(found[2]), size - 1)) if found else (0, size - 1)
            with path.open("rb") as file:
                file.seek(first)
                data = file.read(last - first + 1)
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/large.mp4"
    finally:
        server.shutdown()
        server.server_close()


def from_afar(folder: Path) -> float:
    """Return the median milliseconds of a look at a file of 1 GB over loopback, its index at the end."""
    with ranges_of(folder / "large.mp4") as url:
        egress = Egress(trusted=frozenset({origin_of(url)}), clock=CLOCK)
        look = partial(look_from_afar, egress, url, Timeout(), OPEN_TERMS)
        times = [seconds(look) for _ in range(ROUNDS)]
        egress.close()
    return statistics.median(times) * 1000


def by_pillow(path: Path, side: int) -> bytes:
    """Do with Pillow what our child does: white ground, scaled, JPEG."""
    with Image.open(path) as image:
        shown = image.convert("RGBA") if image.has_transparency_data else image.convert("RGB")
        if shown.mode == "RGBA":
            shown = Image.alpha_composite(Image.new("RGBA", shown.size, "white"), shown).convert("RGB")
        shown.thumbnail((side, side), Image.Resampling.LANCZOS)
        out = io.BytesIO()
        shown.save(out, "JPEG", quality=90)
    return out.getvalue()


def drawn(path: Path, size: tuple[int, int], mode: str = "RGB") -> Path:
    """Write a PNG that is neither flat nor noise."""
    ramp = Image.radial_gradient("L").resize(size)
    noise = Image.effect_noise(size, 24)
    image = Image.merge("RGB", (ramp, noise, ramp.rotate(90)))
    if mode == "RGBA":
        image.putalpha(ramp)
    image.save(path, "PNG")
    return path


def converting(folder: Path) -> list[str]:
    """Compare our conversion, child and all, with Pillow in its own process."""
    jobs = {
        "1080 x 1920": drawn(folder / "tall.png", (1080, 1920)),
        "2048 x 2048": drawn(folder / "square.png", (2048, 2048)),
        "4000 x 3000": drawn(folder / "wide.png", (4000, 3000)),
        "4000 x 3000, see-through": drawn(folder / "clear.png", (4000, 3000), "RGBA"),
    }
    rows = ["| PNG, scaled to 1080 px | ours, ms | Pillow, ms | ours / Pillow |", "| --- | --- | --- | --- |"]
    for name, path in jobs.items():
        mine, other, ratio = compare(
            partial(to_jpeg, path, "image/png", 1080), partial(by_pillow, path, 1080), rounds=7
        )
        rows.append(f"| {name} | {mine:.0f} | {other:.0f} | **{ratio:.2f}** |")
    return rows


def carousel(folder: Path) -> list[str]:
    """Prepare a carousel of 35 photos, one after the other and some at a time."""
    photos = [drawn(folder / f"{number}.png", (1400, 1400)) for number in range(PHOTOS)]

    def in_turn() -> None:
        for photo in photos:
            prepare(photo, fit=True)

    def side_by_side() -> None:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(partial(prepare, fit=True), photos))

    at_once, in_turns, ratio = compare(side_by_side, in_turn, rounds=3)
    return [
        "| 35 photos (PNG, 1400 x 1400, scaled) | seconds |",
        "| --- | --- |",
        f"| one after the other | {in_turns / 1000:.2f} |",
        f"| four threads, two children at a time | {at_once / 1000:.2f} |",
        f"\nSide by side / one after the other: **{ratio:.2f}** (0.50 is all of two cores).\n",
    ]


def bomb(folder: Path) -> float:
    """Return the milliseconds that it takes to refuse a PNG of 900 megapixels."""
    path = folder / "bomb.png"
    Image.new("1", (30_000, 30_000)).save(path)

    def refuse() -> None:
        try:
            prepare(path, fit=True)
        except PostrailError:
            return
        raise AssertionError("a bomb was taken")

    return statistics.median(seconds(refuse) for _ in range(ROUNDS)) * 1000


def report() -> str:
    """Measure, and return the section of the report."""
    with tempfile.TemporaryDirectory(prefix="postrail-media-") as name:
        folder = Path(name)
        shared().run(
            "demux", path=str(make_video(folder / "warm.webm", seconds=0.2, width=64, height=64)), form="webm"
        )
        probed, afar = probing(folder), from_afar(folder)
        converted, album, refused = converting(folder), carousel(folder), bomb(folder)
        pid = shared().pid or 0
        helper = f"{resident_mib(pid):.0f} MiB resident, {cpu_seconds(pid):.2f} s of processor in all this"
    return TEXT.format(
        rounds=ROUNDS,
        probed="\n".join(probed),
        afar=afar,
        converted="\n".join(converted),
        album="\n".join(album),
        refused=refused,
        helper=helper,
    )
