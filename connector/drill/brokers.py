"""A RabbitMQ or a Redis of the drill's own, from this machine's packages, on loopback.

Both run as whoever starts them. Their ports stay over a restart.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from connector.kernel.clock import Clock
from connector.kernel.errors import PostrailError

BrokerKind = Literal["rabbitmq", "redis"]
START_S, STOP_S, LOOK_EVERY_S = 60.0, 30.0, 0.1
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""Debian's script itself: the one on PATH wants to be root, and becomes another user."""

PACKAGES: Mapping[BrokerKind, str] = {"rabbitmq": "rabbitmq-server", "redis": "redis-server"}


def why_not(kind: BrokerKind) -> str | None:
    """Return why a broker cannot be started on this machine, None when it can."""
    there = RABBITMQ.exists() if kind == "rabbitmq" else shutil.which("redis-server", path=PATH)
    return None if there else f"{kind} is not installed: apt-get install {PACKAGES[kind]}"


class OwnBroker:
    """A broker at `url` that was started here; `start` it again after `stop_hard`.

    Raises PostrailError `not_ready` where its program is missing, or does not start.
    """

    def __init__(self, kind: BrokerKind, folder: Path, ports: Sequence[int], clock: Clock) -> None:
        missing = why_not(kind)
        if missing is None and find_spec("celery") is None:
            missing = 'Celery is not installed: pip install "postrail[celery]"'
        if missing is not None:
            raise PostrailError("not_ready", missing)
        folder.mkdir()
        self._kind = kind
        self._folder = folder
        self._ports = ports
        self._clock = clock
        self._process: subprocess.Popen[bytes] | None = None
        self._mapper: subprocess.Popen[bytes] | None = None
        begin, end = {"rabbitmq": ("amqp://guest:guest@", "/"), "redis": ("redis://", "0")}[kind]
        self.url = f"{begin}127.0.0.1:{ports[0]}/{end}"

    def start(self) -> None:
        """Start it, unless it runs, and wait until it serves."""
        if self._process is not None and self._process.poll() is None:
            return
        command, environment = self._command()
        if self._kind == "rabbitmq":
            # Erlang's name server: RabbitMQ would start one by itself, and leave it behind.
            self._mapper = self._run(["/usr/bin/epmd"], environment)
        self._process = self._run(command, environment)
        deadline = self._clock.ticks() + START_S
        while not self._answers():
            if self._process.poll() is not None or self._clock.ticks() > deadline:
                said = (self._folder / "said.log").read_text(errors="replace")[-2000:]
                raise PostrailError("not_ready", f"{self._kind} did not start: {said}")
            time.sleep(LOOK_EVERY_S)

    def _run(self, command: Sequence[str], environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
        with (self._folder / "said.log").open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - a program of this machine
                command,
                cwd=self._folder,
                env={"PATH": PATH, "HOME": str(self._folder), "LANG": "C.UTF-8", **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _command(self) -> tuple[list[str], dict[str, str]]:
        return (self._rabbitmq if self._kind == "rabbitmq" else self._redis)()

    def _rabbitmq(self) -> tuple[list[str], dict[str, str]]:
        port, distribution, mapper = self._ports
        return [str(RABBITMQ)], {
            "RABBITMQ_NODENAME": f"drill{port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(port),
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_MNESIA_BASE": str(self._folder),
            "RABBITMQ_LOG_BASE": str(self._folder),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": str(self._folder / "pid"),
            "RABBITMQ_CONFIG_FILE": str(self._folder / "none"),
            "RABBITMQ_CONF_ENV_FILE": str(self._folder / "none.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._folder / "plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "ERL_EPMD_PORT": str(mapper),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }

    def _redis(self) -> tuple[list[str], dict[str, str]]:
        (port, *_) = self._ports
        words = ("redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(self._folder))
        return [*words, "--save", "", "--appendonly", "no"], {}

    def _answers(self) -> bool:
        """Say whether it answers in its own language: an open port alone is too early."""
        asks = {"rabbitmq": (b"AMQP\x00\x00\x09\x01", b"\x01"), "redis": (b"PING\r\n", b"+PONG")}
        asked, answer = asks[self._kind]
        with suppress(OSError), socket.create_connection(("127.0.0.1", self._ports[0]), 1) as line:
            line.sendall(asked)
            return line.recv(16).startswith(answer)
        return False

    def stop_hard(self) -> None:
        """End it as a power cut would; whatever was in it is gone."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(STOP_S)
        if self._mapper is not None:
            self._mapper.kill()
            self._mapper.wait(STOP_S)
        for left in self._folder.iterdir():
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)

    def purge(self, queue: str) -> None:
        """Throw away what waits in a queue."""
        self._lose(lambda channel: channel.queue_purge(queue))

    def delete(self, queue: str) -> None:
        """Delete a queue, whoever listens to it."""
        self._lose(lambda channel: channel.queue_delete(queue))

    def depth(self, queue: str) -> int:
        """Return how many messages wait in a queue."""
        with self._connection() as connection, connection.channel() as channel:
            return int(channel.queue_declare(queue, passive=True).message_count)

    def _lose(self, act: Callable[[Any], object]) -> None:
        """Do something to a queue; where the broker is away, or has no such queue, it is lost already."""
        with self._connection() as connection:
            lost = (*connection.connection_errors, *connection.channel_errors)
            with suppress(*lost), connection.channel() as channel:
                act(channel)

    def _connection(self) -> Any:  # noqa: ANN401 - kombu calls much that has no types
        from kombu import Connection  # noqa: PLC0415 - comes with Celery, which a drill without it does not need

        return Connection(self.url, connect_timeout=4)

    def close(self) -> None:
        """End it."""
        self.stop_hard()
