"""Run every measurement and write `benchmarks/report.md`."""

from pathlib import Path

from benchmarks import big_video, coercion, cut_upload, ingest, media, serving, web_server, webhooks
from benchmarks.machine import describe
from connector.kernel.clock import SystemClock, to_iso

REPORT = Path(__file__).with_name("report.md")


def main() -> None:
    """Measure, print and write the report."""
    made = to_iso(SystemClock().now())[:10]
    parts = [f"# Measured\n\nMade {made} by `make bench` on: {describe()}\n"]
    for section in (big_video, cut_upload, ingest, media, serving, web_server, webhooks, coercion):
        print(f"measuring {section.__name__} ...", flush=True)
        parts.append(section.report())
    REPORT.write_text("\n".join(parts))
    print(REPORT.read_text())


main()
