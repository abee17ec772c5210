"""What holds for every test: log lines go out as they do in the product, and an interrupt reaches children.

A shell starts what it runs in the background with interrupts ignored, and every child inherits that: a test
that interrupts one would wait for ever.
"""

import signal

from connector.kernel.log import configure_logs

configure_logs("json")
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
