"""The embedded installation's server: one process with threads, on this machine only."""

import os
import sys
from typing import Any

from django.conf import settings

bind = f"127.0.0.1:{os.environ.get('PORT', '8000')}"
workers = 1
worker_class = "gthread"
threads = 8
timeout = 120
control_socket_disable = True
loglevel = "warning"
logger_class = "config.logs.ServerLogger"


def when_ready(_: Any) -> None:
    sys.stdout.write(f"\nReady: {settings.BASE_URL}/ (Ctrl-C stops it)\n")
    sys.stdout.flush()
