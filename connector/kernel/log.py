"""Logs as data: one event name and its fields, redacted, for a console or as JSON lines.

An exception is told by its type, its message and the places it came through, never as a traceback: what
stood in the variables there may be secret.
"""

import sys
import traceback
from collections.abc import MutableMapping
from contextlib import suppress
from pathlib import PurePath
from typing import Literal, TextIO, cast

import structlog

from connector.kernel.errors import cut
from connector.kernel.redact import redact

LogFormat = Literal["console", "json"]
Event = MutableMapping[str, object]

PLACES = 6
"""How many of the places that an exception came through are told, the nearest first."""


def _redact_values(_logger: object, _method: str, event: Event) -> Event:
    return {key: redact(value) if isinstance(value, str) else value for key, value in event.items()}


def told(error: BaseException) -> dict[str, str]:
    """Say of an exception what it was and where it came from, without any variable's value.

    Of its message the first line counts: databases put the row's values behind it.
    """
    places = [
        f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}"
        for frame in reversed(traceback.extract_tb(error.__traceback__))
    ]
    first = next(iter(str(error).splitlines()), "")
    return {"error": f"{type(error).__name__}: {cut(first)}", "at": " < ".join(places[:PLACES])}


def _tell_exception(_logger: object, _method: str, event: Event) -> Event:
    found = event.pop("exc_info", None)
    if found is True:
        found = sys.exception()
    if isinstance(found, BaseException):
        event.update(told(found))
    return event


class _Lossy:
    """A stream that drops what it cannot write: a full disk, or a reader that has gone, ends no work."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write what can be written."""
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Bring out what can be brought out; the rest is tried again with the next line."""
        with suppress(OSError):
            self._stream.flush()


def configure_logs(log_format: LogFormat = "console") -> None:
    """Send every log line of this process to standard error in `log_format`."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _tell_exception,
            _redact_values,
            renderer,
        ],
        logger_factory=structlog.PrintLoggerFactory(file=cast(TextIO, _Lossy(sys.stderr))),
        cache_logger_on_first_use=True,
    )


def get_log(room: str) -> structlog.typing.FilteringBoundLogger:
    """Return the logger of a room; the first argument of each call is the event's name."""
    log: structlog.typing.FilteringBoundLogger = structlog.get_logger(room=room)
    return log
