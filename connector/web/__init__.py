"""What every Flask surface shares: the app factory, reading requests, error answers, proxy headers, serving.

Must not know SQL, an HTTP client or an adapter.
"""
