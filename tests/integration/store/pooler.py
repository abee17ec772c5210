"""Stands between a client and PostgreSQL as a pooler does: it tells a session number of its own."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import make_url

KEY_DATA = b"K"
"""The message by which PostgreSQL tells the number of a session."""

READY = b"Z"
MADE_UP = 4_242


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _greet(server: socket.SocketIO, client: socket.socket) -> None:
    """Pass on the server's messages up to the first that it is ready, with another session number in them."""
    kind = b""
    while kind != READY:
        kind, length = server.read(1), server.read(4)
        body = server.read(struct.unpack(">I", length)[0] - 4)
        if kind == KEY_DATA:
            body = struct.pack(">I", MADE_UP) + body[4:]
        client.sendall(kind + length + body)


def _serve(client: socket.socket, socket_path: str) -> None:
    with client, socket.socket(socket.AF_UNIX) as server, suppress(OSError, struct.error):
        server.connect(socket_path)
        first = client.recv(65_536)
        server.sendall(first)
        _greet(server.makefile("rb", buffering=0), client)
        back = threading.Thread(target=_copy, args=(server, client), daemon=True)
        back.start()
        _copy(client, server)
        back.join(5)


@contextmanager
def pooler(url: str) -> Iterator[str]:
    """Stand before the server of `url`, which is reached by a Unix socket; give the URL by which to come."""
    target = make_url(url)
    folder = target.query["host"]
    with socket.create_server(("127.0.0.1", 0)) as door:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    client, _ = door.accept()
                    threading.Thread(
                        target=_serve, args=(client, f"{folder}/.s.PGSQL.5432"), daemon=True
                    ).start()

        threading.Thread(target=accept, daemon=True).start()
        plain = target.set(host="127.0.0.1", port=door.getsockname()[1], query={"sslmode": "disable"})
        yield plain.render_as_string(hide_password=False)
        door.shutdown(socket.SHUT_RDWR)
