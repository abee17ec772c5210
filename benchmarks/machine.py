"""On what a report was made."""

import os
import platform
import sqlite3
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import psutil

from connector.kernel.clock import SystemClock, to_iso

PARTS = ("flask", "cheroot", "gunicorn", "sqlalchemy", "requests", "av", "pyvips", "pillow")
QUIET = 0.5
"""The load of a machine on which nothing else runs."""


def memory_gib() -> float:
    """Return the machine's memory in GiB."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def describe() -> str:
    """Return one paragraph: processor count, memory, Python, SQLite and the parts that matter."""
    parts = ", ".join(f"{name} {version(name)}" for name in PARTS)
    return (
        f"{os.cpu_count()} CPUs, {memory_gib():.0f} GiB, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {parts}. Loopback only."
    )


def resident_mib(pid: int, line: str = "VmRSS") -> float:
    """Return the memory of a process in MiB: present (`VmRSS`) or peak (`VmHWM`)."""
    for row in Path(f"/proc/{pid}/status").read_text().splitlines():
        if row.startswith(f"{line}:"):
            return int(row.split()[1]) / 1024
    raise LookupError(line)


def reset_peak(pid: int) -> None:
    """Let the peak of a process begin anew at its present size."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def cpu_seconds(pid: int) -> float:
    """Return the processor seconds, user and system, that a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def tree_cpu_seconds(pid: int) -> float:
    """Return the processor seconds of a process, of the children that live and of those that have ended."""
    process = psutil.Process(pid)
    spent = 0.0
    for one in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            spent += sum(one.cpu_times()[:4])
    return spent


def load_before() -> str:
    """Say when a part began, and what else the machine was doing: beside other work no figure counts."""
    began, load = to_iso(SystemClock().now()), os.getloadavg()[0]
    beside = "beside other work" if load > QUIET else "on a quiet machine"
    return f"Measured {began} {beside} (load {load:.1f})."


def own_cpu_seconds() -> float:
    """Return the processor seconds, user and system, that this process has used so far."""
    return sum(os.times()[:2])
