"""A large video whose upload is cut again and again: how often each byte is sent, and what memory that takes.

The sandbox resets the connection in the middle of chunks, at places spread over the whole upload. What was
sent is read from the post's own timeline, and checked against the sandbox's request log.
"""

import json
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from benchmarks.big_video import MB, pad
from benchmarks.machine import reset_peak, resident_mib
from connector.demo.host import MediaHost
from connector.demo.media import make_video
from connector.demo.processes import sandbox_program, server_program
from connector.demo.run import Caller
from connector.domain.chunks import plan_chunks
from connector.kernel.clock import SystemClock
from connector.settings import bare_environment

MEGABYTES, CUTS = 4_000, 20
PATIENCE_S = 1_800
_AGAIN = re.compile(r"the chunk at (\d+) will be sent again")


@dataclass(frozen=True, kw_only=True)
class CutUpload:
    """How an upload went; `most_sends` is how often the most unlucky byte left, `puts` what TikTok saw."""

    megabytes: int
    chunks: int
    cuts: int
    puts: int
    most_sends: int
    before_mib: float
    peak_mib: float
    seconds: float
    status: str
    posts: int

    @property
    def growth_mib(self) -> float:
        """MiB by which the server's memory grew at most."""
        return self.peak_mib - self.before_mib


def cut_rules(chunks: int, cuts: int) -> list[dict[str, object]]:
    """Return the rules that cut `cuts` of the PUTs in their middle, each at another chunk.

    A cut PUT is followed by its repetition, so the n-th one to be cut is counted with those before it.
    """
    step = chunks / cuts
    return [
        {
            "endpoint": "upload",
            "what": "cut",
            "nth": int(number * step) + number + 1,
            "after_bytes": 1_000_000 + number * 400_000,
        }
        for number in range(cuts)
    ]


def sends(timeline: Iterable[dict[str, Any]]) -> int:
    """Return how often the chunk that was sent most often was sent."""
    again = [found[1] for line in timeline if (found := _AGAIN.search(str(line["decision"])))]
    return 1 + max(Counter(again).values(), default=0)


class _Place:
    """A server with its sandbox and a host for its media, in a folder of their own."""

    def __init__(self, stack: ExitStack) -> None:
        clock, bare = SystemClock(), bare_environment()
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="postrail-cut-")))
        self.media = folder / "media"
        self.media.mkdir()
        self.clip = make_video(folder / "clip.mp4")
        self.host = stack.enter_context(MediaHost(self.media))
        sandbox = sandbox_program(folder / "sandbox", bare, clock, time.sleep)
        self.sandbox_url = sandbox.start()
        stack.callback(sandbox.stop)
        settings = {
            "POSTRAIL_TIKTOK_BASE_URL": self.sandbox_url,
            "POSTRAIL_TRUSTED_ORIGINS": self.host.url,
            "POSTRAIL_SOURCE_TIMEOUT_S": str(PATIENCE_S),
        }
        server = server_program(folder / "home", {**bare, **settings}, clock, time.sleep)
        self.caller = Caller(server.start(), (folder / "home" / "first-key").read_text().strip())
        stack.callback(server.stop)
        self.pid = server.process.pid if server.process else 0

    def control(self, method: str, name: str, body: object = None) -> dict[str, Any]:
        """Use the sandbox's control API."""
        with requests.Session() as http:
            http.trust_env = False
            reply = http.request(method, f"{self.sandbox_url}/_sandbox/{name}", json=body, timeout=60)
            reply.raise_for_status()
            found: dict[str, Any] = reply.json()
            return found

    def ask(self, operation: str, post_id: str, **rows: str) -> dict[str, Any]:
        """Ask about a post."""
        return dict(self.caller.run(operation, as_form=False, rows={"post_id": post_id, **rows}))


def measure(megabytes: int = MEGABYTES, cuts: int = CUTS) -> CutUpload:
    """Upload a sparse video of a size while its connection is cut so many times."""
    clock = SystemClock()
    with ExitStack() as stack:
        place = _Place(stack)
        pad(place.clip, place.media / "long.mp4", megabytes * MB)
        chunks = plan_chunks(megabytes * MB).count
        place.control("PUT", "rules", {"rules": cut_rules(chunks, cuts)})
        reset_peak(place.pid)
        before, started = resident_mib(place.pid), clock.ticks()
        rows = {"source_url": f"{place.host.url}/long.mp4", "privacy": "public", "transfer": "upload"}
        post_id = str(place.caller.run("post_video", as_form=True, rows=rows)["post_id"])
        told = place.ask("wait_until_published", post_id, wait_seconds="50")
        while told["state"] == "pending" and clock.ticks() - started < PATIENCE_S:
            told = place.ask("wait_until_published", post_id, wait_seconds="50")
        took = clock.ticks() - started
        peak = resident_mib(place.pid, "VmHWM")
        timeline = place.ask("check_status", post_id, include_timeline="yes")["timeline"]
        log = place.control("GET", "log")["log"]
        puts = [entry for entry in log if entry["method"] == "PUT"]
        return CutUpload(
            megabytes=megabytes,
            chunks=chunks,
            cuts=sum(entry["outcome"] == "reset" for entry in puts),
            puts=len(puts),
            most_sends=sends(timeline),
            before_mib=before,
            peak_mib=peak,
            seconds=took,
            status=str(told["status"]),
            posts=len(place.control("GET", "posts")["posts"]),
        )


def report() -> str:
    """Return the section of the report."""
    found = measure()
    lines = [
        "## An upload that is cut",
        "",
        f"A video of {found.megabytes} MB (sparse, behind the head of a real one) in {found.chunks} chunks,",
        f"its connection reset {found.cuts} times in the middle of a chunk, which is then sent again.",
        "",
        "| ended as | posts | chunks | cuts | PUTs | most sends of any byte | growth, MiB | seconds |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    row = (found.status, found.posts, found.chunks, found.cuts, found.puts, f"**{found.most_sends}**")
    lines.append(f"| {' | '.join(map(str, row))} | **{found.growth_mib:.1f}** | {found.seconds:.0f} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(json.dumps(vars(measure()), indent=1))
