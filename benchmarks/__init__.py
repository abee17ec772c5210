"""Measurements, as ratios and peaks; `python -m benchmarks` runs them all and writes `report.md`.

Nothing here is asserted by a test: figures depend on the machine, and the report says on which it was made.
"""
