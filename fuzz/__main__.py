"""Coverage-guided fuzzing of decode, coerce and validate: `python -m fuzz -max_total_time=600 fuzz/corpus`.

Needs atheris (`pip install '.[fuzz]'`). What it finds that is new goes into the corpus folder; a test replays
the corpus without atheris. `fuzz/run.py -set_cover_merge=1 NEW fuzz/corpus` makes the corpus small again.
"""

import sys

import atheris

with atheris.instrument_imports(include=["connector.contract", "connector.web.multipart"]):
    from fuzz.target import run

atheris.Setup([*sys.argv, "-timeout=5", "-max_len=4096"], run)
atheris.Fuzz()
