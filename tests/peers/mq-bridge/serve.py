"""mq-bridge with the route in the file named first."""

import sys

from mq_bridge import Route, init_logging

init_logging("warn")
Route.from_file(sys.argv[1], "orders").run()
