"""Flags that several commands share."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import click

from connector.kernel.log import configure_logs
from connector.settings import Settings, load_settings

Command = TypeVar("Command", bound=Callable[..., object])


def home_option(command: Command) -> Command:
    """Add `--home`."""
    return click.option(
        "--home", type=click.Path(path_type=Path, file_okay=False), help="Data folder (default ~/.postrail)."
    )(command)


def say(line: str) -> None:
    """Print a line of a running server; where nobody reads it any more, the server goes on."""
    with suppress(OSError):
        click.echo(line)


def settings_with(**flags: object) -> Settings:
    """Read the settings with `flags` on top, and set up the logs as they say."""
    settings = load_settings(flags)
    configure_logs(settings.log_format)
    return settings
