"""The loop that claims posts and advances them, keeps their leases, and drains on a signal.

May sleep and listen to signals. Must not import an adapter.
"""
