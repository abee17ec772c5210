"""The rules, as pure functions over frozen values: lifecycle, media limits, chunks, retries, addresses.

No I/O, no clock, no randomness: whatever varies comes in as an argument.
"""
