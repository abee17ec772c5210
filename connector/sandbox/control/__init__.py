"""The control API under `/_sandbox/`: make accounts and apps, turn knobs, play the creator, read the truth.

Whoever reaches the port may use it, but no web page of another origin; the sandbox is bound to the loopback.
"""
