import os
import subprocess
import sys
from pathlib import Path

import psycopg

from tools.postgres import server

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "var" / "bench"
DATABASE = "bewijskracht_bench"


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    failed = _measured("SQLite", f"sqlite:///{FOLDER / 'db.sqlite3'}")
    with server() as url:
        with psycopg.connect(url, autocommit=True) as connection:
            there = "SELECT 1 FROM pg_database WHERE datname = %s"
            if connection.execute(there, [DATABASE]).fetchone() is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")
        failed |= _measured("PostgreSQL", f"{url.rpartition('/')[0]}/{DATABASE}")
    sys.exit(failed)


def _measured(name: str, url: str) -> int:
    """Measure in a process of its own, under the settings of an installation; returns 1 where a row
    falls short."""
    print(f"\n{name}", flush=True)
    environment = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")}
    environment |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": url,
        "DATA_ROOT": str(FOLDER / name.lower()),
        "DEMO": "1",
        "ALLOWED_HOSTS": "127.0.0.1",
    }
    done = subprocess.run(
        [sys.executable, "-m", "tools.bench.measuring", *sys.argv[1:]], cwd=ROOT, env=environment
    )
    return done.returncode


if __name__ == "__main__":
    main()
