"""Sending media: a range of a large file against nginx, and what a hundred slow readers do to everybody else.

Contestants take turns in each round, in reversed order every other round; ratios are medians of the ratios
within a round. The files are sent by the product's own answer (`server.files`) over its own web server; what
the gate asks the ledger before comes on top, once for each request. nginx is Debian's, with one worker.
"""

import http.client
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.machine import cpu_seconds, resident_mib
from benchmarks.web_server import free_port
from connector.kernel.clock import SystemClock

ROUNDS = 9
SIZE = 200_000_000
SKIPPED = 1_000
"""Bytes before the range that is asked for: neither the whole file nor a page's beginning."""

READERS = 100
READER_RATE = 1_000_000
THREADS = 8
"""Threads of the server that the slow readers meet; it has more of them by default."""

REQUESTS = 1000
TICK_S = 0.1
CLOCK = SystemClock()

OURS = """
import sys
from benchmarks.serving import app
from connector.web.serve import WebServer
server = WebServer("127.0.0.1", {port}, threads={threads}, stall_s=10, drain_s=1)
server.bind(); server.start(app(sys.argv[1], sys.argv[2])); input()
"""
NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; user {user};
worker_processes 1;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port};
    location /direct/ {{ alias {media}/; }}
    location /_spool/ {{ internal; alias {media}/; }}
    location / {{ proxy_pass http://127.0.0.1:{behind}; proxy_http_version 1.1; }}
  }}
}}
"""

TEXT = """## Serving media

A range of {megabytes} MB (206), read by curl; {rounds} interleaved rounds, medians. Budget: 0.9 of nginx.

| sent by | MB/s | x nginx | server's CPU, s/GB |
| --- | --- | --- | --- |
{served}

{readers} readers of {rate} MB/s each, on a server with {threads} threads, while {requests} requests for a
word are answered one after the other. Budget: 2 x.

| | p50, ms | p99, ms | resident, MiB |
| --- | --- | --- | --- |
{slow}

With the readers / without: p50 **{p50:.2f}**, p99 **{p99:.2f}** (medians of {rounds} rounds). The readers
got {got:.2f} MB/s each meanwhile.
"""


def app(media: str, how: str) -> object:
    """Return an app that sends `file` out of the folder `media` as the product does, or says a word."""
    from flask import Flask, Response  # noqa: PLC0415 - only the measured processes load it

    from connector.engine.model import MediaItem  # noqa: PLC0415 - the same
    from connector.media.blobs import FileBlob  # noqa: PLC0415 - the same
    from connector.server.files import HANDOFF_SETTING, Handoff, send_file  # noqa: PLC0415 - the same

    path = Path(media) / "aa" / "file"
    item = MediaItem(media_id="aa", kind="video", name="v.mp4", mime="video/mp4", size=path.stat().st_size)
    made = Flask("bench", static_folder=None)
    made.config[HANDOFF_SETTING] = Handoff(how="x-accel" if how == "x-accel" else "none")

    @made.get("/file")
    def file() -> Response:
        return send_file(item, FileBlob(path))

    @made.get("/word")
    def word() -> str:
        return "here"

    return made


@contextmanager
def started(command: list[str], port: int) -> Iterator[int]:
    """Run a server until it listens; give the id of its process."""
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(400):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def ours(media: Path, how: str, port: int, threads: int = 64) -> list[str]:
    """Return the command of our server."""
    return [sys.executable, "-c", OURS.format(port=port, threads=threads), str(media), how]


def workers_of(pid: int) -> list[int]:
    """Return a process and its children: nginx's worker does the work."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def fetch(url: str, pids: list[int]) -> tuple[float, float]:
    """Fetch a range of a file; return the MB/s and the server's CPU seconds."""
    before = sum(map(cpu_seconds, pids))
    done = subprocess.run(
        ["curl", "-s", "-o", "/dev/null", "-r", f"{SKIPPED}-", "-w", "%{http_code} %{speed_download}", url],  # noqa: S607 - whichever is installed
        capture_output=True,
        text=True,
        check=True,
    )
    status, speed = done.stdout.split()
    if status != "206":
        raise SystemExit(f"{url} answered {status}")
    return float(speed) / 1e6, (sum(map(cpu_seconds, pids)) - before) / (SIZE / 1e9)


def serving(folder: Path, media: Path) -> list[str]:
    """Measure the ranges; return the lines of the table."""
    names = ["nginx itself", "nginx by hand-off", "Postrail itself"]
    with ExitStack() as stack:
        plain, behind, front = free_port(), free_port(), free_port()
        by_us = stack.enter_context(started(ours(media, "none", plain), plain))
        asked = stack.enter_context(started(ours(media, "x-accel", behind), behind))
        conf = folder / "nginx.conf"
        conf.write_text(
            NGINX.format(folder=folder, user=folder.owner(), media=media, port=front, behind=behind)
        )
        nginx = ["nginx", "-e", f"{folder}/error.log", "-p", str(folder), "-c", str(conf)]
        its = workers_of(stack.enter_context(started(nginx, front)))
        contestants: dict[str, Callable[[], tuple[float, float]]] = {
            names[0]: lambda: fetch(f"http://127.0.0.1:{front}/direct/aa/file", its),
            names[1]: lambda: fetch(f"http://127.0.0.1:{front}/file", [*its, asked]),
            names[2]: lambda: fetch(f"http://127.0.0.1:{plain}/file", [by_us]),
        }
        rounds = [
            {name: contestants[name]() for name in (names if number % 2 else reversed(names))}
            for number in range(ROUNDS + 1)
        ][1:]
    lines = []
    for name in names:
        speed, cpu = (
            statistics.median(column) for column in zip(*(one[name] for one in rounds), strict=True)
        )
        ratio = statistics.median(one[name][0] / one[names[0]][0] for one in rounds)
        lines.append(f"| {name} | {speed:.0f} | **{ratio:.2f}** | {cpu:.2f} |")
    return lines


def read_slowly(port: int) -> None:
    """Read a file over many connections until the input ends; print the MB/s that each of them got."""
    readers = [_asking(port) for _ in range(READERS)]
    print("asked", flush=True)
    stop = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        stop.set()

    threading.Thread(target=wait, daemon=True).start()
    started, share, got = CLOCK.ticks(), round(READER_RATE * TICK_S), 0
    while not stop.wait(max(0.0, TICK_S - (CLOCK.ticks() - started) % TICK_S)):
        for reader in readers:
            try:
                got += len(reader.recv(share))
            except BlockingIOError:
                continue
    print(got / (CLOCK.ticks() - started) / READERS / 1e6)


def _asking(port: int) -> socket.socket:
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 256 * 1024)
    reader.connect(("127.0.0.1", port))
    reader.sendall(b"GET /file HTTP/1.1\r\nHost: x\r\n\r\n")
    reader.settimeout(0)
    return reader


@contextmanager
def reading(port: int, rates: list[float]) -> Iterator[None]:
    """Let the readers read in a process of their own; add the MB/s that each got to `rates`."""
    command = [sys.executable, "-c", f"from benchmarks.serving import read_slowly; read_slowly({port})"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if process.stdin is None or process.stdout is None:
        raise AssertionError("a process without its pipes")
    process.stdout.readline()
    try:
        yield
    finally:
        process.stdin.close()
        rates.append(float(process.stdout.read()))
        process.wait()


def latencies(port: int) -> list[float]:
    """Ask for a word again and again; return each answer's milliseconds."""
    spent = []
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for _ in range(REQUESTS):
        started = CLOCK.ticks()
        connection.request("GET", "/word")
        connection.getresponse().read()
        spent.append((CLOCK.ticks() - started) * 1000)
    connection.close()
    return spent


def quantiles(spent: list[float]) -> tuple[float, float]:
    """Return p50 and p99."""
    cuts = statistics.quantiles(spent, n=100)
    return cuts[49], cuts[98]


def slow(media: Path) -> tuple[list[str], float, float, float]:
    """Measure other requests without and with the readers; return lines, the two ratios, MB/s of a reader."""
    rows: dict[str, list[tuple[float, float, float]]] = {"without": [], "with": []}
    rates: list[float] = []
    for _ in range(ROUNDS):
        port = free_port()
        with started(ours(media, "none", port, THREADS), port) as pid:
            latencies(port)
            rows["without"].append((*quantiles(latencies(port)), resident_mib(pid)))
            with reading(port, rates):
                time.sleep(1)
                rows["with"].append((*quantiles(latencies(port)), resident_mib(pid)))
    pairs = list(zip(rows["with"], rows["without"], strict=True))
    ratios = [statistics.median(busy[at] / idle[at] for busy, idle in pairs) for at in (0, 1)]
    lines = []
    for name, label in (("without", "no readers"), ("with", f"{READERS} readers")):
        figures = (statistics.median(column) for column in zip(*rows[name], strict=True))
        lines.append(f"| {label} | {' | '.join(f'{figure:.2f}' for figure in figures)} |")
    return lines, ratios[0], ratios[1], statistics.median(rates)


def report() -> str:
    """Return the section of the report."""
    if shutil.which("nginx") is None:
        return "## Serving media\n\nNot measured: there is no nginx on this machine.\n"
    with tempfile.TemporaryDirectory(prefix="postrail-bench-") as name:
        folder = Path(name)
        media = folder / "media"
        (media / "aa").mkdir(parents=True)
        with (media / "aa" / "file").open("wb") as file:
            for _ in range(SIZE // 1_000_000):
                file.write(os.urandom(1_000_000))
        served = serving(folder, media)
        lines, p50, p99, got = slow(media)
    return TEXT.format(
        megabytes=SIZE // 1_000_000,
        rounds=ROUNDS,
        served="\n".join(served),
        readers=READERS,
        rate=READER_RATE / 1e6,
        threads=THREADS,
        requests=REQUESTS,
        slow="\n".join(lines),
        p50=p50,
        p99=p99,
        got=got,
    )
