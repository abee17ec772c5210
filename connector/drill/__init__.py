"""The product attacked: real processes killed, frozen and starved while they publish, the sandbox as witness.

Knows the product by its public HTTP API and its command line alone; what it reads of a ledger comes from a
process of its own. Must not import an adapter or the settings.
"""
