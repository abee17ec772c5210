"""What is offered: `manifests/` and `schemas/` as frozen objects, and rows of text turned into typed input.

Reads those two folders once. Must not know HTTP or SQL.
"""
