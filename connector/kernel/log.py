"""Logs as data: one event name and its fields, redacted, for a console or as JSON lines."""

import sys
from collections.abc import MutableMapping
from typing import Literal

import structlog

from connector.kernel.redact import redact

LogFormat = Literal["console", "json"]


def _redact_values(
    _logger: object, _method: str, event: MutableMapping[str, object]
) -> MutableMapping[str, object]:
    return {key: redact(value) if isinstance(value, str) else value for key, value in event.items()}


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
            structlog.processors.format_exc_info,
            _redact_values,
            renderer,
        ],
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


def get_log(room: str) -> structlog.typing.FilteringBoundLogger:
    """Return the logger of a room; the first argument of each call is the event's name."""
    log: structlog.typing.FilteringBoundLogger = structlog.get_logger(room=room)
    return log
