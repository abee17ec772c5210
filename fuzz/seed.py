"""Makes the corpus that the fuzzer begins with, from the captured requests: `python -m fuzz.seed FOLDER`."""

import sys
from pathlib import Path

from connector.contract import load_contract
from fuzz.target import BOUNDARY
from tests.wire.wire_replay import load, names


def seeds() -> dict[str, bytes]:
    """Return the first inputs by name: every captured body, and every example of the schemas."""
    found: dict[str, bytes] = {}
    for name in names():
        capture = load(name)
        kind = capture.headers.get("content-type", "")
        way = 2 if "urlencoded" in kind else 3 if "multipart" in kind else 0
        body = capture.body or capture.path.partition("?")[2].encode()
        if "boundary=" in kind:
            body = body.replace(kind.partition("boundary=")[2].encode(), BOUNDARY.encode())
        found[name.replace("/", "_")] = bytes([2 if not capture.body else way, len(found) % 16]) + body
    for number, key in enumerate(load_contract().operations):
        examples = load_contract().schema(f"input/{key}")["examples"]
        for at, example in enumerate(examples if isinstance(examples, list) else []):
            found[f"{key}_{at}"] = bytes([0, number]) + str(example).replace("'", '"').encode()
    return found


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in seeds().items():
        (folder / name).write_bytes(data)
