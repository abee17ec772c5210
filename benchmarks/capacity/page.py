"""`docs/capacity.md`, from what was measured and what is assumed. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from benchmarks.capacity.assumptions import Assumptions, Line
from benchmarks.capacity.cost import UNITS, Costs, Measured
from benchmarks.capacity.day import DAY_S, Day, simulate
from benchmarks.capacity.needs import MEDIA_LIFE_S, Needs, needs, often, serving, working
from benchmarks.capacity.walls import EVERYWHERE, POSTGRESQL, SQLITE, Wall, next_after, walls
from benchmarks.capacity.words import PAGE
from connector.engine.budget import BUDGETS, INIT

SIZES = (1_000, 10_000, 100_000)
REFERENCE = 10_000
LEDGERS = (1, 4, 16)
SEED = 20_261_120

Row = tuple[str, Callable[[Needs], str]]

NEEDS: tuple[Row, ...] = (
    ("CPU for a post, ms (database included)", lambda one: f"{one.cpu_ms_post:.0f}"),
    ("machines of {cores} cores and one line each, database included", lambda one: f"{one.nodes:,}"),
    ("`serve` processes", lambda one: f"{one.serve:,}"),
    ("`work` processes", lambda one: f"{one.work:,}"),
    ("of these, cores of Postrail", lambda one: f"{one.serve_cores + one.work_cores:.1f}"),
    ("cores of PostgreSQL", lambda one: f"{one.db_cores:.1f}"),
    ("worker threads in a call or a transfer", lambda one: f"{one.busy_threads:,.0f}"),
    (
        "transactions a second: mean, peak",
        lambda one: f"{one.transactions_mean:,.0f}, {one.transactions_peak:,.0f}",
    ),
    ("state changes a second, peak", lambda one: f"{one.changes_peak:,.0f}"),
    ("connections, at most", lambda one: f"{one.connections:,}"),
    ("callers that wait, peak", lambda one: f"{one.waiters:,.0f}"),
    ("memory of Postrail, GiB", lambda one: f"{one.memory_gib:.1f}"),
    ("ledger, GB a year", lambda one: f"{one.ledger_gb_year:,.1f}"),
    ("PostgreSQL's log, GB a day", lambda one: f"{one.log_gb:,.1f}"),
    ("media kept ({days:.0f} days), GB", lambda one: f"{one.media_gb:,.0f}"),
    ("egress, GB a day", lambda one: f"{one.egress_gb:,.0f}"),
    ("egress and ingress, peak, Mbit/s", lambda one: f"{one.egress_mbit:,.0f}, {one.ingress_mbit:,.0f}"),
    ("audited apps at TikTok", lambda one: f"{one.apps:,}"),
)

PARTITIONED: tuple[tuple[str, Callable[[Needs, int], str]], ...] = (
    ("transactions a second of one ledger, peak", lambda one, _: f"{one.transactions_peak:,.0f}"),
    ("state changes a second of one ledger, peak", lambda one, _: f"{one.changes_peak:,.0f}"),
    ("connections to one PostgreSQL", lambda one, _: f"{one.connections:,}"),
    ("one ledger, GB a year", lambda one, _: f"{one.ledger_gb_year:,.0f}"),
    ("processes, all together", lambda one, count: f"{(one.serve + one.work) * count:,}"),
    ("machines, all together", lambda one, count: f"{one.nodes * count:,}"),
    ("egress, GB a day, all together", lambda one, count: f"{one.egress_gb * count:,.0f}"),
)


def table(rows: Iterable[Sequence[str]]) -> str:
    """Spell the rows of a table."""
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def render(measured: Measured, given: Assumptions, lines: Iterable[Line]) -> str:
    """Return the page."""
    days = {size: simulate(size, given, SEED) for size in SIZES}
    found = walls(days[REFERENCE], measured, given)
    largest = days[max(SIZES)]
    parts: Mapping[str, object] = {
        **_of_costs(measured),
        "seed": SEED,
        "posts_each": largest.total("posts") / largest.accounts,
        "window": given.work_window_min,
        "utilisation": given.utilisation,
        "burst": given.full_hour_share,
        "filled": _filled(largest, measured, given),
        "asking": _asking(largest, measured, given),
        "short": _short(days, measured, given, found),
        "heads": " | ".join(f"{size:,} accounts" for size in SIZES),
        "rules": " | ".join("---" for _ in SIZES),
        "needs": _needs(days, measured, given),
        "sqlite": _sqlite(days, measured, given, found),
        "tiktok": _tiktok(days, given),
        "reference": REFERENCE,
        "walls": table(
            (f"{wall.accounts:,}", wall.where, wall.limit, wall.moved_by, wall.partitioning) for wall in found
        ),
        "nexts": _nexts(found),
        "most": largest.accounts,
        "parts_heads": " | ".join(f"{count} ledger{'s' * (count > 1)}" for count in LEDGERS),
        "parts_rules": " | ".join("---" for _ in LEDGERS),
        "partitions": _partitions(largest, measured, given),
        "assumptions": _assumptions(lines),
    }
    return PAGE.format_map(parts)


def _short(days: Mapping[int, Day], measured: Measured, given: Assumptions, found: Sequence[Wall]) -> str:
    told = []
    for size, day in days.items():
        one = needs(day, measured, measured.postgresql, given)
        fits = all(wall.accounts >= size for wall in found if wall.where == SQLITE)
        where = "SQLite and one process would do; on PostgreSQL" if fits else "PostgreSQL:"
        told.append(
            f"- **{size:,} accounts**: {where} {_count(one.nodes, 'machine')} of {given.node_cores} cores, "
            f"{one.serve} `serve` and {one.work} `work`, {one.ledger_gb_year:,.0f} GB of ledger a year, "
            f"{one.media_gb:,.0f} GB of media at a time, "
            f"{one.egress_mbit:,.0f} Mbit/s at the peak, {_count(one.apps, 'audited app')} at TikTok."
        )
    return "\n".join(told)


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"


def _of_costs(measured: Measured) -> Mapping[str, object]:
    handoff = measured.handoff_ms_mb
    databases = {"sqlite": measured.sqlite, "postgresql": measured.postgresql}
    return {
        "made": measured.made,
        "machine": measured.machine,
        "units": _units(measured),
        "others": _others(measured),
        "waiter": measured.waiter_kib,
        "process": measured.process_mib,
        "serve": f"{measured.serve_ms_mb:.2f}",
        "handoff": "not measured" if handoff is None else f"{handoff:.2f}",
        "connections": measured.connections,
        **{f"whole_{name}": costs.whole.cpu_ms for name, costs in databases.items()},
        **{f"parts_{name}": costs.parts.cpu_ms for name, costs in databases.items()},
    }


def _units(measured: Measured) -> str:
    rows = []
    for name, what in UNITS.items():
        here, there = measured.sqlite.units[name], measured.postgresql.units[name]
        costs = (here.app_ms, there.app_ms, max(0.0, there.db_ms))
        figures = [f"{ms:.2f}" for ms in costs]
        rows.append((f"`{name}`: {what}", *figures, f"{max(0.0, there.transactions):.0f}"))
    return table(rows)


def _others(measured: Measured) -> str:
    told: tuple[tuple[str, Callable[[Costs], str]], ...] = (
        (
            "each account more in a workspace, at each acceptance, CPU ms",
            lambda costs: f"{costs.account.cpu_ms:.3f}",
        ),
        (
            "a megabyte fetched, seen to be whole, uploaded, CPU ms",
            lambda costs: f"{costs.ingest_ms_mb:.2f}, {costs.verify_ms_mb:.2f}, {costs.upload_ms_mb:.2f}",
        ),
        ("an idle process, CPU ms a second", lambda costs: f"{costs.idle.cpu_ms:.1f}"),
        ("an idle process, transactions a second", lambda costs: f"{costs.idle.transactions:.0f}"),
        ("what a post leaves in the ledger, bytes", lambda costs: f"{costs.post_bytes:,.0f}"),
        ("state changes of a post", lambda costs: f"{costs.changes_post:.0f}"),
        ("what it writes to PostgreSQL's log, bytes", lambda costs: f"{costs.wal_bytes:,.0f}"),
        ("state changes a second, by the clock", lambda costs: f"{costs.changes_s:,.0f}"),
        ("writes without one a second, by the clock", lambda costs: f"{costs.writes_s:,.0f}"),
    )
    return table((what, spell(measured.sqlite), spell(measured.postgresql)) for what, spell in told)


def _needs(days: Mapping[int, Day], measured: Measured, given: Assumptions) -> str:
    found = [needs(day, measured, measured.postgresql, given) for day in days.values()]
    return table(
        (what.format(cores=given.node_cores, days=MEDIA_LIFE_S / DAY_S), *(spell(one) for one in found))
        for what, spell in NEEDS
    )


def _sqlite(days: Mapping[int, Day], measured: Measured, given: Assumptions, found: Iterable[Wall]) -> str:
    some = [needs(day, measured, measured.sqlite, given) for day in days.values()]
    nearest = min(wall.accounts for wall in found if wall.where == SQLITE)
    return table(
        (
            ("CPU for a post, ms", *(f"{one.cpu_ms_post:.0f}" for one in some)),
            (
                "of its one core, at the peak",
                *(f"{(one.serve_cores + one.work_cores) * given.utilisation:.0%}" for one in some),
            ),
            ("state changes a second, peak", *(f"{one.changes_peak:,.0f}" for one in some)),
            ("ledger, GB a year", *(f"{one.ledger_gb_year:,.1f}" for one in some)),
            ("within its limits", *("yes" if size <= nearest else "no" for size in days)),
        )
    )


def _filled(day: Day, measured: Measured, given: Assumptions) -> float:
    """Return which part of what is provided for the peak is used on average."""
    costs = measured.postgresql
    peak = serving(measured, costs, often(day, 1), given) + working(costs, often(day, given.work_window_min))
    mean = serving(measured, costs, often(day), given) + working(costs, often(day))
    return mean.cpu_ms / peak.cpu_ms * given.utilisation


def _asking(day: Day, measured: Measured, given: Assumptions) -> float:
    """Return which part of a post's processor time is spent on asking TikTok how it stands."""
    costs = measured.postgresql
    each = (costs.units["claim"] + costs.units["poll"]).cpu_ms * day.total("polls") / day.total("posts")
    return each / needs(day, measured, costs, given).cpu_ms_post


def _tiktok(days: Mapping[int, Day], given: Assumptions) -> str:
    status = BUDGETS["status"]
    some = tuple(days.values())
    return table(
        (
            (
                f"accounts that post on a day; an app's cap is {given.app_users_day:,}, so apps",
                *(f"{day.active:,}; {-(-day.active // given.app_users_day)}" for day in some),
            ),
            (
                f"posts beyond {given.creator_posts_day} of a creator a day, refused",
                *(f"{day.refused:,} of {day.total('posts'):,.0f}" for day in some),
            ),
            (
                f"most inits of an account in a minute, of {INIT.limit}",
                *(f"{day.busiest_inits}" for day in some),
            ),
            (
                "posts that waited for such a slot; the longest, s",
                *(f"{day.slot_waits:,}; {day.longest_wait_s:.0f}" for day in some),
            ),
            (
                f"most status calls that an account wants in a minute, of {status.limit}",
                *(f"{day.busiest_polls}" for day in some),
            ),
            (
                "status calls for each post",
                *(f"{day.total('polls') / max(1, day.published):.1f}" for day in some),
            ),
        )
    )


def _nexts(found: Sequence[Wall]) -> str:
    return "\n".join(_next(size, found, where) for size in SIZES for where in (SQLITE, POSTGRESQL))


def _next(size: int, found: Sequence[Wall], where: str) -> str:
    mine = [wall for wall in found if wall.where in {where, EVERYWHERE}]
    passed = ", ".join(f"{wall.accounts:,}" for wall in mine if wall.accounts < size)
    wall = next_after(size, found, where)
    ahead = "none of these" if wall is None else f"at {wall.accounts:,}: {wall.limit}"
    return f"- {size:,} accounts on {where} are beyond those at {passed or 'none'}; the next is {ahead}."


def _partitions(day: Day, measured: Measured, given: Assumptions) -> str:
    shares = {count: simulate(day.accounts // count, given, SEED) if count > 1 else day for count in LEDGERS}
    found = [(needs(share, measured, measured.postgresql, given), count) for count, share in shares.items()]
    apps = ("audited apps, all together", *(f"{-(-day.active // given.app_users_day)}" for _ in found))
    rows = [(what, *(spell(one, count) for one, count in found)) for what, spell in PARTITIONED]
    return table([*rows, apps])


def _assumptions(lines: Iterable[Line]) -> str:
    return table((f"`{line.name}`", line.value, line.what, line.source) for line in lines)
