"""What the choice of the web server costs: the same Flask app under cheroot (ours) and gunicorn gthread.

One process with 64 threads each; 16 keep-alive connections from one client process; rounds interleaved, order
reversed every other round; ratios are medians of the ratios within a round.
"""

import http.client
import json
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from benchmarks.machine import cpu_seconds, resident_mib
from connector.kernel.clock import SystemClock

ROUNDS = 7
CONNECTIONS = 16
REQUESTS = 150
CHEROOT = """
from benchmarks.web_server import app
from connector.web.serve import WebServer
server = WebServer("127.0.0.1", {port}, threads=64, stall_s=10, drain_s=1)
server.bind(); server.start(app()); input()
"""
GUNICORN = ("-m", "gunicorn", "-k", "gthread", "-w", "1", "--threads", "64", "--keep-alive", "30")


def app() -> object:
    """Return a Flask app with one JSON answer."""
    from flask import Flask, jsonify  # noqa: PLC0415 - only the measured processes load it

    made = Flask("bench", static_folder=None)
    made.add_url_rule("/", view_func=lambda: jsonify({"ok": True}))
    return made


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(name: str) -> Iterator[tuple[str, int]]:
    """Run a contestant; give its URL and the process that answers."""
    port = free_port()
    ours = [sys.executable, "-c", CHEROOT.format(port=port)]
    theirs = [sys.executable, *GUNICORN, "-b", f"127.0.0.1:{port}", "benchmarks.web_server:app()"]
    process = subprocess.Popen(
        ours if name == "cheroot" else theirs, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        _until_open(port)
        children = subprocess.run(
            ["/bin/sh", "-c", f"cat /proc/{process.pid}/task/*/children"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        yield f"http://127.0.0.1:{port}/", int(children[0]) if children else process.pid
    finally:
        process.kill()
        process.wait()


def _until_open(port: int) -> None:
    for _ in range(400):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit("a contestant did not start")


def hammer(url: str) -> list[float]:
    """Send all requests over all connections; return each one's seconds."""
    clock, spent, lock = SystemClock(), [], threading.Lock()

    def one() -> None:
        connection = http.client.HTTPConnection(urlsplit(url).netloc)
        mine = []
        for _ in range(REQUESTS):
            started = clock.ticks()
            connection.request("GET", "/")
            json.loads(connection.getresponse().read())
            mine.append(clock.ticks() - started)
        connection.close()
        with lock:
            spent.extend(mine)

    threads = [threading.Thread(target=one) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return spent


def report() -> str:
    """Return the section of the report."""
    figures: dict[str, list[tuple[float, float, float]]] = {"cheroot": [], "gunicorn": []}
    for number in range(ROUNDS):
        names = list(figures) if number % 2 else list(reversed(figures))
        for name in names:
            with running(name) as (url, pid):
                hammer(url)
                before = cpu_seconds(pid)
                spent = hammer(url)
                cpu = (cpu_seconds(pid) - before) / len(spent) * 1e6
                figures[name].append((cpu, statistics.quantiles(spent, n=100)[98] * 1000, resident_mib(pid)))
    rounds = list(zip(figures["cheroot"], figures["gunicorn"], strict=True))
    ratio = statistics.median(ours[0] / theirs[0] for ours, theirs in rounds)
    slow = statistics.median(ours[1] / theirs[1] for ours, theirs in rounds)
    lines = [
        "## Web server: cheroot against gunicorn gthread",
        "",
        f"One process, 64 threads, {CONNECTIONS} connections, {ROUNDS} interleaved rounds, medians.",
        "",
        "| server | CPU per request, us | p99 under load, ms | resident, MiB |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| {name} | {' | '.join(f'{statistics.median(column):.1f}' for column in zip(*rows, strict=True))} |"
        for name, rows in figures.items()
    ]
    lines += ["", f"CPU per request, cheroot / gunicorn: **{ratio:.2f}**; p99: **{slow:.2f}**."]
    return "\n".join(lines) + "\n"
