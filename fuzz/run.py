#!/usr/bin/env python3
"""The fuzzer as a program of its own, which libFuzzer's merge needs: it starts itself again by its own name.

`fuzz/run.py -set_cover_merge=1 NEW fuzz/corpus` keeps in NEW the fewest inputs of the corpus that reach what
all of it reaches.
"""

import runpy
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
runpy.run_module("fuzz", run_name="__main__")
