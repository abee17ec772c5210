"""The use cases: submit, claim, advance, wait, serve media through the gate, read.

Talks to the outside only through the protocols in `engine.ports`; must not import an adapter.
"""
