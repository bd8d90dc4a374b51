"""Whether the web service is ready, asked as its proxy would: exit 0 if it is."""

import http.client
import os
import sys

host = os.environ.get("ALLOWED_HOSTS", "127.0.0.1").split(",")[0]
connection = http.client.HTTPConnection("127.0.0.1", 8000, timeout=8)
connection.request("GET", "/health/ready", headers={"Host": host, "X-Forwarded-Proto": "https"})
sys.exit(connection.getresponse().status != 200)
