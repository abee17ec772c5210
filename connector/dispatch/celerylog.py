"""Celery's own log lines among ours: warnings and worse, by one name."""

import logging

from connector.kernel.log import get_log

log = get_log("dispatch")

TALKERS = ("celery", "kombu", "amqp")


class _Ours(logging.Handler):
    """Passes records on to the logs of this process."""

    def emit(self, record: logging.LogRecord) -> None:
        """Tell one line."""
        log.log(record.levelno, "celery", said=record.getMessage(), by=record.name)


def join_logs() -> None:
    """Let what Celery and its libraries warn of go where all other log lines go."""
    for name in TALKERS:
        talker = logging.getLogger(name)
        talker.handlers = [_Ours(level=logging.WARNING)]
        talker.propagate = False
