"""What coercion costs: bytes to canonical input with its receipt, against Ajv, jsonschema and parse_qsl.

Contestants take turns in each round, in reversed order every other round; ratios are medians of the ratios
within a round. Ajv does a smaller job: no receipts, no names, no conditions that need words.
"""

import json
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import jsonschema
from jsonschema import Draft202012Validator

from connector.contract import load_contract, rows_from_form, rows_from_json
from connector.contract.coerce import Property, Reader
from connector.contract.lists import reader_for
from connector.kernel.clock import SystemClock
from connector.kernel.errors import PostrailError

AJV = "ajv@8.20.0"
SCRIPT = Path(__file__).with_name("coercion_ajv.mjs")
NODE_FOLDER = Path(__file__).parent / "node_modules" / ".coercion"
ROUNDS = 21
PATIENCE_S = 180

VIDEO: dict[str, str] = {
    "source_url": "https://media.example.com/clip.mp4",
    "title": "Sunday roast #coffee",
    "privacy": "PUBLIC_TO_EVERYONE",
    "disable_comment": "false",
    "disable_duet": "TRUE",
    "disable_stitch": "0",
    "is_ad": "true",
    "brand_organic_toggle": "1",
    "brand_content_toggle": "no",
    "video_cover_timestamp_ms": "1000",
}
PHOTOS: dict[str, str] = {
    "photo_images": json.dumps([f"https://media.example.com/{number:03}.jpg" for number in range(35)]),
    "photo_cover_index": "3",
    "auto_add_music": "true",
    "title": "Three days in Lisbon",
    "description": "Where we ate and what it cost #lisbon",
    "privacy": "SELF_ONLY",
    "disable_comment": "true",
    "is_ad": "false",
    "brand_organic_toggle": "false",
    "brand_content_toggle": "false",
}
ROWS = {"post_video": VIDEO, "post_photos": PHOTOS}
COUNTS = {"post_video": 4_000, "post_photos": 1_500}
SLOWER = 10
"""How many times fewer calls the slow contestants get in a round."""

Contestant = Callable[[int], float]
"""Runs so many times and returns the seconds of one run."""


def _timed(act: Callable[[], object]) -> Contestant:
    clock = SystemClock()

    def run(count: int) -> float:
        started = clock.ticks()
        for _ in range(count):
            act()
        return (clock.ticks() - started) / count

    return run


def body_of(key: str) -> bytes:
    """Return the rows of an operation as the JSON that JavaScript would write."""
    return json.dumps(ROWS[key], separators=(",", ":")).encode()


def ours(key: str, *, rendered: bool) -> Callable[[], object]:
    """Return our way from bytes to canonical input and receipt; `rendered`: as an answer has it."""
    contract, body = load_contract(), body_of(key)

    def run() -> object:
        understood = contract.understand(key, rows_from_json(body))
        return understood.receipt() if rendered else understood

    if not contract.understand(key, rows_from_json(body)).ok:
        raise SystemExit("a payload of the benchmark is refused")
    return run


def _coercing(
    validator: type[Draft202012Validator], readers: Mapping[str, Reader]
) -> type[Draft202012Validator]:
    """Return a validator of jsonschema that coerces properties before it judges them (its own FAQ's way)."""
    judge = validator.VALIDATORS["properties"]

    def properties(
        self: object, found: Mapping[str, Property], instance: object, schema: object
    ) -> Iterator[object]:
        if isinstance(instance, dict):
            for name, member in found.items():
                if name in instance and "type" in member:
                    instance[name] = readers[name](instance[name])[0]
        yield from judge(self, found, instance, schema)

    made: type[Draft202012Validator] = jsonschema.validators.extend(  # type: ignore[no-untyped-call]  # its stub has no types
        validator, {"properties": properties}
    )
    return made


def pure_python(key: str) -> Callable[[], object]:
    """Return coercion with the pure-Python validator, from the same bytes."""
    schema = dict(load_contract().schema(f"input/{key}"))
    properties = schema["properties"]
    readers = (
        {name: reader_for(member) for name, member in properties.items()}
        if isinstance(properties, dict)
        else {}
    )
    validator, body = _coercing(Draft202012Validator, readers)(schema), body_of(key)

    def run() -> object:
        rows = json.loads(body)
        return rows, list(validator.iter_errors(rows))

    return run


class Ajv:
    """Ajv in a Node process that waits for orders."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def run(self, key: str, count: int) -> float:
        """Return the seconds of one run. Raises SystemExit when Ajv has refused a payload."""
        if self._process.stdin is None or self._process.stdout is None:
            raise SystemExit("Node has no pipes")
        self._process.stdin.write(f"{key} {count}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit("Ajv has stopped")
        return int(answer) / count / 1e9


def _install() -> str:
    """Install Ajv into an ignored folder; return why that is not possible, `""` when it stands."""
    if not shutil.which("node") or not shutil.which("npm"):
        return "Node is missing, so Ajv was not measured."
    if (NODE_FOLDER / "node_modules" / "ajv").is_dir():
        return ""
    NODE_FOLDER.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--prefix", str(NODE_FOLDER), "--no-audit", "--no-fund", AJV]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    return "" if done.returncode == 0 else "Ajv could not be installed, so it was not measured."


@contextmanager
def ajv() -> Iterator[Ajv | str]:
    """Run Ajv on our schemas and payloads; give why not where that is impossible."""
    if why := _install():
        yield why
        return
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "node_modules").symlink_to(NODE_FOLDER / "node_modules")
        for key in ROWS:
            schema = load_contract().schema(f"input/{key}")
            (Path(folder) / f"{key}.schema.json").write_text(json.dumps(schema))
            (Path(folder) / f"{key}.body").write_bytes(body_of(key))
        command = ["node", str(SCRIPT), folder]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            yield Ajv(process)
            if process.stdin is not None:
                process.stdin.close()


def rounds(contestants: Mapping[str, tuple[Contestant, int]]) -> dict[str, list[float]]:
    """Let the contestants take turns; return the seconds of one run of each, round by round."""
    figures: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(ROUNDS + 1):
        order = list(contestants) if number % 2 else list(contestants)[::-1]
        for name in order:
            run, count = contestants[name]
            spent = run(count)
            if number:
                figures[name].append(spent)
    return figures


def ratio(figures: Mapping[str, list[float]], one: str, other: str) -> float:
    """Return the median of the ratios within a round."""
    return statistics.median(a / b for a, b in zip(figures[one], figures[other], strict=True))


def _contestants(key: str, rival: Ajv | str) -> dict[str, tuple[Contestant, int]]:
    count = COUNTS[key]
    found: dict[str, tuple[Contestant, int]] = {
        "ours": (_timed(ours(key, rendered=False)), count),
        "ours, receipt written out": (_timed(ours(key, rendered=True)), count),
        "jsonschema": (_timed(pure_python(key)), count // SLOWER // 4),
    }
    if isinstance(rival, Ajv):
        found["Ajv"] = (partial(rival.run, key), count * 5)
    return found


def _coercion_lines(rival: Ajv | str) -> Iterator[str]:
    yield "| operation | ours, us | x Ajv | with the receipt written out, x Ajv | jsonschema / ours |"
    yield "| --- | --- | --- | --- | --- |"
    for key in ROWS:
        figures = rounds(_contestants(key, rival))
        known = "Ajv" in figures
        against = f"{ratio(figures, 'ours', 'Ajv'):.2f}" if known else "-"
        written = f"{ratio(figures, 'ours, receipt written out', 'Ajv'):.2f}" if known else "-"
        spent = statistics.median(figures["ours"]) * 1e6
        slower = ratio(figures, "jsonschema", "ours")
        yield f"| {key} | {spent:.1f} | **{against}** | {written} | **{slower:.0f}** |"
    if isinstance(rival, str):
        yield from ("", rival)


def _form_lines() -> Iterator[str]:
    yield "| form | bytes | ours / parse_qsl |"
    yield "| --- | --- | --- |"
    for key, rows in ROWS.items():
        body = urlencode(rows).encode()
        figures = rounds(
            {
                "ours": (_timed(partial(rows_from_form, body)), COUNTS[key]),
                "parse_qsl": (_timed(partial(_parse_qsl, body)), COUNTS[key]),
            }
        )
        yield f"| {key} | {len(body)} | **{ratio(figures, 'ours', 'parse_qsl'):.2f}** |"


def _parse_qsl(body: bytes) -> object:
    return parse_qsl(body.decode(), keep_blank_values=True)


def worst_bodies() -> dict[str, bytes]:
    """Return bodies within the limits that cost most to refuse."""
    unknown = {f"brand_content_toggl{number:03}": "x" * 900 for number in range(999)}
    urls = ["no url " * 140] * 990
    return {
        "999 misspelt fields, 1 MB": json.dumps(unknown).encode(),
        "990 entries that are no URL, 1 MB": json.dumps({"photo_images": urls}).encode(),
        "one caption of 1 MB": json.dumps({"title": "é😀" * 170_000}, ensure_ascii=False).encode(),
        "a list of 500,000 numbers": b'{"title":[' + b"1," * 499_000 + b"1]}",
        "3,999 fractions": b'{"title":[' + b"1.5," * 3_999 + b"1]}",
        "JSON in a field": json.dumps(
            {"body": json.dumps({"title": [0.5] * 900, "x": "y" * 500_000})}
        ).encode(),
        "20 levels": b'{"title":' + b"[" * 18 + b"1" + b"]" * 18 + b"}",
        "fields that come twice": b"{"
        + b",".join(b'"title":"' + b"x" * 1000 + b'"' for _ in range(1000))
        + b"}",
    }


def _worst_lines() -> Iterator[str]:
    contract = load_contract()
    yield "| refused body | bytes | ms |"
    yield "| --- | --- | --- |"
    for name, body in worst_bodies().items():

        def refuse(body: bytes = body) -> object:
            try:
                return contract.understand("post_photos", rows_from_json(body)).error()
            except PostrailError as error:
                return error

        figures = rounds({name: (_timed(refuse), 3)})
        yield f"| {name} | {len(body)} | {statistics.median(figures[name]) * 1000:.2f} |"


def report() -> str:
    """Return the section of the report."""
    with ajv() as rival:
        coercion = list(_coercion_lines(rival))
    lines = [
        "## Coercion: bytes to canonical input with its receipt",
        "",
        f"In process, {ROUNDS} interleaved rounds, medians of the ratios within a round. Ajv 8.20.0 with",
        '`coerceTypes: "array"` and `allErrors` does its part on Node, from the same bytes, without receipt.',
        "The receipt is taken down with the input and written out when it is looked at; both are measured.",
        "Budgets: 2.0 x Ajv (video), 1.3 x Ajv (photos), 15 x faster than jsonschema, 1.5 x parse_qsl, 5 ms.",
        "",
        *coercion,
        "",
        *_form_lines(),
        "",
        *_worst_lines(),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(report())
