"""What holds for every test: logs as in the product, interrupts that reach children, examples in any time.

A shell starts what it runs in the background with interrupts ignored, and every child inherits that: a test
that interrupts one would wait for ever. How long an example takes says how busy the machine is.
"""

import signal

from hypothesis import settings

from connector.kernel.log import configure_logs

configure_logs("json")
settings.register_profile("postrail", deadline=None)
settings.load_profile("postrail")
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
