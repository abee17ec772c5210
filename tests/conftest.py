"""What holds for every test: log lines go out as they do in the product."""

from connector.kernel.log import configure_logs

configure_logs("json")
