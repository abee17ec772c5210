"""`postrail demo`."""

import signal
import sys
from pathlib import Path

import click
from rich.console import Console

from connector.cli.options import settings_with
from connector.demo.media import make_demo_media
from connector.demo.report import tell
from connector.demo.run import DemoFailed, play, shortfalls
from connector.settings import bare_environment


@click.command(
    epilog="""\b
Examples:
  postrail demo
  postrail demo --media ./media"""
)
@click.option(
    "--media",
    type=click.Path(path_type=Path, file_okay=False),
    help="Only make the demo's media in this folder, to play with.",
)
def demo(media: Path | None) -> None:
    """Show the whole job on this machine, with no account and no key.

    Starts a server, its worker and the sandbox on free loopback ports, makes a real video and real photos,
    posts both as rows of text, waits until they are public, and prints what happened. Exits 0 only if both
    are public.
    """
    settings_with()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    if media is not None:
        media.mkdir(parents=True, exist_ok=True)
        for made in make_demo_media(media).values():
            click.echo(made)
        return
    console = Console(width=None if sys.stdout.isatty() else 120)
    status = console.status("starting") if console.is_terminal else None

    def progress(line: str) -> None:
        if status is None:
            click.echo(f"... {line}")
        else:
            status.update(line)

    try:
        if status is not None:
            status.start()
        scenes, witness = play(bare_environment(), progress=progress)
    except DemoFailed as error:
        click.echo(f"The demo failed: {error}", err=True)
        sys.exit(1)
    finally:
        if status is not None:
            status.stop()
    tell(console, scenes, witness)
    missing = shortfalls(scenes, witness)
    for line in missing:
        click.echo(f"Not as it should be: {line}", err=True)
    sys.exit(1 if missing else 0)
