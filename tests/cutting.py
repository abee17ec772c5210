"""A proxy that cuts connections in the middle of a body, and the public tus client that goes on after it."""

import socket
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import requests
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError, TusUploadFailed

from tests.running import LOOK_EVERY_S, pause

PIECE = 65_536
MOST_TRIES = 500
MOST_AT_ONCE = 50_000_000
"""Bytes of one request: the client holds them in memory."""


class CuttingProxy:
    """Passes connections on to a server; one that has passed `cut_after` bytes upwards is cut, each once.

    It listens on `port`, 0 for any. `cut_after` counts down from wherever `cut_next` set it; `cuts` says how
    many there have been.
    """

    def __init__(self, url: str, port: int = 0) -> None:
        parts = urlsplit(url)
        self._target = (parts.hostname or "", parts.port or 0)
        self._listener = socket.create_server(("127.0.0.1", port))
        self._lock = threading.Lock()
        self._cut_after: int | None = None
        self.cuts = 0
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()

    def cut_next(self, after: int) -> None:
        """Cut the connection that carries the byte `after` bytes from now."""
        with self._lock:
            self._cut_after = after

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._pass, args=(client,), daemon=True).start()

    def _pass(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._target) as server:
            back = threading.Thread(target=self._back, args=(server, client), daemon=True)
            back.start()
            with suppress(OSError):
                while data := client.recv(PIECE):
                    server.sendall(data)
                    if self._is_cut(len(data)):
                        break
            for side in (client, server):
                with suppress(OSError):
                    side.shutdown(socket.SHUT_RDWR)
            back.join()

    def _is_cut(self, passed: int) -> bool:
        with self._lock:
            if self._cut_after is None:
                return False
            self._cut_after -= passed
            if self._cut_after > 0:
                return False
            self._cut_after = None
            self.cuts += 1
            return True

    @staticmethod
    def _back(server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(PIECE):
                client.sendall(data)


def upload_through(proxy: CuttingProxy, path: str, key: str, file: Path, *, cuts: int) -> str:
    """Upload a file by the public client, cut `cuts` times at even distances; return the upload's address.

    The client sends as much as it may in one request, and asks where to go on after each cut.
    """
    headers = {"Authorization": f"Bearer {key}"}
    client = TusClient(f"{proxy.url}{path}", headers=headers)
    size = file.stat().st_size
    with file.open("rb") as stream:
        uploader = client.uploader(
            file_stream=stream, chunk_size=min(size, MOST_AT_ONCE), metadata={"filename": file.name}
        )
        proxy.cut_next(size // (cuts + 1))
        for _ in range(MOST_TRIES):
            before = proxy.cuts
            try:
                if uploader.url is None:
                    uploader.set_url(uploader.create_url())
                uploader.offset = uploader.get_offset()
                uploader.upload()
            except (TusCommunicationError, TusUploadFailed, requests.RequestException, OSError):
                if before < proxy.cuts < cuts:
                    proxy.cut_next(size // (cuts + 1))
                pause(LOOK_EVERY_S)  # the server may not have seen yet that the connection is gone
                continue
            return str(uploader.url)
    raise AssertionError(f"not whole after {MOST_TRIES} tries")
