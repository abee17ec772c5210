"""Could be a library: errors, clock, ids, redaction, logs, JSON text.

May read the clock and the random source. Must not know anything of TikTok, HTTP or SQL.
"""
