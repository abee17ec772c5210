"""Log lines as data, without secrets and without tracebacks."""

import json
import subprocess
import sys

import pytest

LINES = """
from connector.kernel.log import configure_logs, get_log
configure_logs({format!r})
log = get_log("test")
try:
    secret_local = "pr_key_0123456789abcdefghijklmnop"
    raise ValueError("Bearer pr_key_0123456789abcdefghijklmnop was refused")
except ValueError:
    log.exception("it_failed", url="https://up.example/?upload_token=s3cr3t")
"""


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_an_exception_is_told_without_a_traceback_or_a_secret(log_format: str) -> None:
    program = LINES.format(format=log_format)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert "it_failed" in done.stderr
    assert "ValueError" in done.stderr
    for hidden in ("Traceback", "0123456789abcdef", "s3cr3t", "secret_local", "\x1b"):
        assert hidden not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_json_line_has_its_fields() -> None:
    program = LINES.format(format="json")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    line = json.loads(done.stderr)
    assert (line["event"], line["level"], line["room"]) == ("it_failed", "error", "test")
    assert line["at"].startswith("<string>:7 ")


FULL = """
import sys
from connector.kernel.log import configure_logs, get_log
sys.stderr = open("/dev/full", "w")
configure_logs({format!r})
for number in range(1_000):
    get_log("test").info("a_line_that_cannot_be_written", number=number)
print("went on")
"""


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_line_that_cannot_be_written_stops_nobody(log_format: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL.format(format=log_format)], capture_output=True, text=True, check=False
    )
    assert done.stdout == "went on\n", done.stderr


def test_lines_are_written_again_once_there_is_room() -> None:
    program = """
import os, resource, sys, tempfile
from connector.kernel.log import configure_logs, get_log
path = tempfile.mktemp()
sys.stderr = open(path, "w", buffering=1)
configure_logs("json")
log = get_log("test")
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
log.info("dropped")
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
log.info("kept")
print(open(path).read())
os.unlink(path)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert '"event": "kept"' in done.stdout, done.stderr
