"""Guarded egress: every request that Postrail sends anywhere goes through here.

Resolves a name once, refuses addresses that are not public unless their origin is trusted, and connects to
the very address it checked. Must not know SQL or TikTok.
"""
