"""On what a report was made."""

import os
import platform
import sqlite3
from importlib.metadata import version
from pathlib import Path

PARTS = ("flask", "cheroot", "gunicorn", "sqlalchemy", "requests", "av", "pyvips", "pillow")


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
