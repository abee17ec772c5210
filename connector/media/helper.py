"""The process that opens media with foreign decoders: it waits, and forks a child for each job.

A decoder may crash, hang or ask for all memory on a hostile file; the kernel ends the child then and nothing
else. It has loaded its libraries once, so that a child is there within a millisecond. Started by
`connector.media.helpers` as a script, never imported.

One request is one datagram on the socket it was given: JSON, with the socket for the answer beside it. The
answer is the length of its JSON (4 bytes, big-endian), the JSON, and bytes up to the end.
"""

import json
import os
import resource
import signal
import socket
import struct
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from connector.media import jobs

REQUEST_LIMIT = 64 * 1024
FILES = 64
"""Descriptors that a job may hold."""


def limit(seconds: float, patience: float, memory: int, output: int) -> None:
    """Have the kernel end this process.

    After `seconds` of processor, `patience` seconds in all, with `memory` bytes more than now, or a file of
    more than `output` bytes.
    """
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, patience)
    whole = max(1, round(seconds + 0.5))
    resource.setrlimit(resource.RLIMIT_CPU, (whole, whole))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (output, output))
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))
    with suppress(OSError):  # a system without /proc sets no bound on memory
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + memory
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def answer(request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """Do the job and return (JSON, bytes); what went wrong is `error`, in one line."""
    try:
        return jobs.JOBS[request["job"]](**request["given"])
    except MemoryError:
        return {"error": "it takes too much memory"}, b""
    except Exception as error:  # noqa: BLE001 - whatever a decoder raises says that the file cannot be read
        return {"error": jobs.reason(error)}, b""


def perform(raw: bytes, reply: socket.socket) -> None:
    """Do one job in this process and send what came of it."""
    request = json.loads(raw)
    limit(**request["limits"])
    told, data = answer(request)
    head = json.dumps(told).encode()
    reply.sendall(struct.pack(">I", len(head)) + head + data)
    # Whoever waits need not wait until this process and all its memory are gone.
    reply.shutdown(socket.SHUT_WR)


def serve(requests: socket.socket) -> None:
    """Fork a child for each request until the other side has closed."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        raw, descriptors, _flags, _address = socket.recv_fds(requests, REQUEST_LIMIT, 1)
        if not raw:
            return
        with socket.socket(fileno=descriptors[0]) as reply:
            if os.fork() == 0:
                requests.close()
                try:
                    perform(raw, reply)
                finally:
                    os._exit(0)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
