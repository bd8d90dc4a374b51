"""The people of the day. Each does over HTTP what somebody does in a browser, all at once, and
writes in the journal what they tried and what they were told."""

import hashlib
import io
import itertools
import random
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html.parser import HTMLParser
from http.client import HTTPException
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlencode, urlsplit

from PIL import Image

from tools.fault_day.journal import Journal
from tools.fault_day.school import MEMBERS, PASSWORD, address
from tools.fault_day.topology import Topology

PATIENCE = 40.0  # seconds for which somebody waits for an answer
RESTS = (1.0, 3.0)  # seconds between two things that somebody does
ON_DISK = 0.15  # of the pieces those with a file that is too large to be read into memory
GIVES_UP = 180.0  # seconds after which somebody who was never answered goes home
TOKEN = "csrfmiddlewaretoken"  # noqa: S105 - the name of a field
NO_PAGE = "none"  # the page of a form that is one button, and does twice what it does once
SIGN_IN = "/accounts/login/"
ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

Fields = dict[str, str | list[str]]
File = tuple[str, bytes]  # its name and its content


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    path: str  # where it leads, or what it is of
    body: str


def plain(path: str) -> str:
    """Write a path without what is in it of one row or one link."""
    return re.sub(rf"{ID}|(?<=/answer/)[^/]+", "*", path.partition("?")[0])


class Controls(HTMLParser):
    """The values of the fields of a page, by name."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.values: dict[str, list[str]] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        known = dict(attributes)
        if tag in ("input", "button", "textarea", "select") and known.get("name"):
            self.values.setdefault(str(known["name"]), []).append(known.get("value") or "")


class Stays(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer: who was sent it reads it."""

    def redirect_request(self, *_arguments: Any) -> None:
        return None


class Visitor:
    """Somebody with a browser; with an address they have an account."""

    def __init__(self, day: "Day", name: str = "", number: int = 0) -> None:
        self.day, self.name = day, name
        self.random = random.Random(f"{day.seed} {name} {number}")  # noqa: S311 - no secret
        self.has_come_back = False  # by signing in, after which an open form is an old one
        self._jar = CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(self._jar), Stays()
        )

    # --- One request ---

    def _token(self) -> str:
        return next((each.value or "" for each in self._jar if each.name == "csrftoken"), "")

    def _send(
        self, path: str, fields: Fields | None = None, files: Sequence[File] = ()
    ) -> Reply | None:
        """Ask for a page, or send a form; None where no answer came."""
        body, kind = None, ""
        if fields is not None:
            body, kind = encoded({TOKEN: self._token(), **fields}, files)
        request = urllib.request.Request(self.day.topology.base_url + path, body)  # noqa: S310 - loopback
        if body is not None:
            request.add_header("Content-Type", kind)
        began, status = time.monotonic(), 0
        try:
            try:
                answer: Any = self._opener.open(request, timeout=PATIENCE)
            except urllib.error.HTTPError as fault:
                answer = fault
            with answer:
                text = answer.read().decode(errors="replace")
            status = answer.status
            where = urlsplit(answer.headers.get("Location") or path)
            return Reply(status, where.path + (where.query and f"?{where.query}"), text)
        except (OSError, HTTPException):
            return None
        finally:
            took = round(time.monotonic() - began, 3)
            method = "POST" if fields is not None else "GET"
            self.day.journal.write(
                "request", path=plain(path), method=method, status=status, took=took
            )

    def _until_answered(self, path: str, ask: Callable[[], Reply | None]) -> Reply:
        """Ask again for as long as there is an outage, and sign in where that is asked."""
        for reply in self._tries(path, ask):
            if reply is not None and reply.status != 503:
                return reply
        raise AssertionError("tries end by an answer, or by giving up")

    def _tries(self, path: str, ask: Callable[[], Reply | None]) -> Any:
        end = time.monotonic() + GIVES_UP
        while time.monotonic() < end:
            reply = ask()
            if reply and self.name and reply.path.partition("?")[0] == SIGN_IN != path:
                self.sign_in()
                continue
            yield reply
            time.sleep(self.random.uniform(0.1, 0.5))
        self.day.journal.write("gave up", path=plain(path))
        raise GaveUp(path)

    def sign_in(self) -> None:
        path = SIGN_IN
        self._until_answered(path, lambda: self._send(path))
        form: Fields = {"login": address(self.name), "password": PASSWORD}
        reply = self._until_answered(path, lambda: self._send(path, form))
        if reply.status != 302:
            self.unexpected(path, reply)
            raise GaveUp(path)
        self.has_come_back = True

    def page(self, path: str) -> str:
        """Read a page, as soon as it can be read."""
        reply = self._until_answered(path, lambda: self._send(path))
        if reply.status != 200:
            self.unexpected(path, reply)
        return reply.body

    def unexpected(self, path: str, reply: Reply) -> None:
        """Note an answer that nobody should get, and keep its page."""
        shown = self.day.topology.folder / "unexpected" / f"{time.monotonic_ns()}.html"
        shown.parent.mkdir(exist_ok=True)
        shown.write_text(reply.body)
        self.day.journal.write(
            "unexpected", path=plain(path), status=reply.status, by=self.name, page=shown.name
        )

    # --- One act ---

    def act(
        self,
        kind: str,
        key: str,
        path: str,
        fields: Fields,
        *,
        page: str = "",
        files: Sequence[File] = (),
        seen: str = "",
        **facts: Any,
    ) -> str:
        """Do something and write down that it was said to be done; returns the path to which that
        led, nothing where it was only seen to be done. `page` is the page with the form. Who is
        told to try again, and who gets no answer, sends the same form again. Where that is refused
        since it may have been done (409), or after signing in anew (403), they look at the page
        where it would be `seen` by its key."""
        journal = self.day.journal
        form = {**fields, TOKEN: self._drawn(page or path) if page != NO_PAGE else self._token()}
        journal.write("tries", kind=kind, key=key)
        is_unknown = False
        for reply in self._tries(path, lambda: self._send(path, form, files)):  # noqa: B023 - at once
            if reply is None or reply.status == 503:
                is_unknown = True
            elif reply.status in (200, 302):
                journal.write("told", kind=kind, key=key, how="answered", **facts)
                return str(reply.path)
            elif reply.status in (403, 409) and is_unknown and seen and key in self.page(seen):
                journal.write("told", kind=kind, key=key, how="seen", **facts)
                return ""
            elif reply.status == 403 and self.has_come_back:
                self.has_come_back = False
                form = {**fields, TOKEN: self._token()}
            else:
                self.unexpected(path, reply)
                return ""
        raise AssertionError("tries end by an answer, or by giving up")

    def rests(self, after: Callable[..., object], *given: Any) -> None:
        """Do this, and then nothing for as long as it took, and a second at least: a slow machine
        is not kept busy by those who wait for it. Once nothing goes wrong any more nobody rests."""
        began = time.monotonic()
        after(*given)
        least = self.random.uniform(*RESTS)
        self.day.is_quiet.wait(max(least, time.monotonic() - began))

    def _drawn(self, page: str) -> str:
        """Open the page with the form, and find the token with which it was drawn."""
        return Controls(self.page(page)).values[TOKEN][0]


class GaveUp(Exception):
    pass


# --- Who they are ---------------------------------------------------------------------------------


class Student(Visitor):
    def live(self) -> None:
        """Keep piece after piece, and ask others about each."""
        numbers = itertools.count(1)
        while not self.day.is_quiet.is_set():
            self.rests(
                self.keep_a_piece,
                f"{self.name} werk {next(numbers)} {self.random.randrange(10**8)}.",
            )

    def keep_a_piece(self, title: str) -> None:
        files = [photo(self.random), note_file(self.random)][: self.random.choice([1, 1, 2])]
        if self.random.random() < ON_DISK:
            files[0] = note_file(self.random, lines=200_000)
        fields: Fields = {
            "title": title,
            "kind": "act",
            "origin": "here",
            "happened_on": f"{self.day.topology.clock.here() - timedelta(days=1):%Y-%m-%d}",
            "context": "Bij een klant.",
        }
        digests = [hashlib.sha256(content).hexdigest() for _name, content in files]
        path = self.act(
            "piece", title, "/evidence/add/", fields,
            files=files, seen="/evidence/", digests=digests, by=address(self.name),
        )  # fmt: skip
        if not path.endswith("/requirements/"):  # it was done before: the list shows it
            found = re.findall(
                rf'href="/evidence/({ID})/"[^>]*>\s*(?:<[^>]*>\s*)*{title}', self.page("/evidence/")
            )
            if not found:
                return
            path = f"/evidence/{found[0]}/requirements/"
        piece = path.removesuffix("requirements/")
        lines = Controls(self.page(path)).values.get("chosen", [])
        chosen = self.random.sample(lines, min(2, len(lines)))
        self.act("lines", title, path, {"chosen": chosen}, lines=chosen)
        self.ask_about(piece, title, self.random.choice([1, 2]))

    def ask_about(self, piece: str, title: str, count: int) -> None:
        lines = Controls(self.page(f"{piece}ask/")).values.get("requirements", [])
        for number in range(count):
            name = f"Gever {self.random.randrange(10**9)}"
            fields: Fields = {
                "requirements": lines[:2],
                "message": "",
                "person0-name": name,
                "person0-address": address(name),
                "person0-role": "client",
                "person0-language": "nl",
            }
            self.act("question", name, f"{piece}ask/", fields, seen=piece, about=title)
            del number


class Giver(Visitor):
    """Whoever reads the mail of all who were asked, and answers."""

    def live(self) -> None:
        while not self.day.is_over.is_set():
            link = self.day.next_link()
            if link is None:
                time.sleep(0.3)
                continue
            text = f"Ik zag het gebeuren {self.random.randrange(10**9)}."
            self.rests(self.answers, link, text)

    def answers(self, link: str, text: str) -> None:
        self._jar.clear()
        page = self.page(link)
        if 'name="text"' in page:
            # With the page's own word on what it showed.
            [shown] = Controls(page).values["shown"]
            self.act("answer", text, link, {"text": text, "shown": shown})
        self.day.has_answered(link, {name for name in self.day.students if name in page})


class Adviser(Visitor):
    def live(self) -> None:
        while not self.day.is_quiet.is_set():
            path = f"/portfolio/{self.random.choice(list(self.day.students.values()))}/check-ins/"
            now = self.day.topology.clock.here()
            summary = f"We spraken over de voortgang {self.random.randrange(10**9)}."
            fields: Fields = {
                "held_on": f"{now:%Y-%m-%d}",
                "light": "green",
                "summary": summary,
                "agreements-TOTAL_FORMS": "1",
                "agreements-INITIAL_FORMS": "0",
                "agreements-0-text": "Vraag een klant om feedback.",
                "agreements-0-due_on": f"{now + timedelta(days=14):%Y-%m-%d}",
            }
            self.act("check-in", summary, f"{path}new/", fields, seen=path)
            self.day.is_quiet.wait(self.random.uniform(3, 6))


class Member(Visitor):
    def judge_all(self, cases: Sequence[str]) -> None:
        for case in cases:
            self.rests(self.judges, case)

    def judges(self, case: str) -> None:
        path = f"/committees/cases/{case}/"
        # With the page's own word on what it showed, where nobody's words may be written over.
        controls = Controls(self.page(path)).values
        parts = {n: "attained" for n in controls if n.startswith("part_")}
        motivation = f"Overtuigend, vind ik {self.random.randrange(10**9)}."
        fields: Fields = {**parts, "motivation": motivation, "version": controls["version"][0]}
        self.act("judgement", motivation, path, fields, seen=path, case=case)

    def is_here(self, meeting: str) -> None:
        path = f"/committees/meetings/{meeting}/present/"
        self.act(
            "presence", f"{meeting} {address(self.name)}", path, {"presence": "here"}, page=NO_PAGE
        )

    def decide_all(self, meeting: str, cases: Sequence[str]) -> None:
        """Lead the meeting, as its chair."""
        self.act(
            "opening",
            meeting,
            f"/committees/meetings/{meeting}/open/",
            {"reason": "Nu."},
            page=NO_PAGE,
        )
        for case in cases:
            path = f"/committees/cases/{case}/decide/"
            self.act("unsealing", case, f"/committees/cases/{case}/open/", {}, page=NO_PAGE)
            controls = Controls(self.page(path)).values
            parts: Fields = {n: "attained" for n in controls if re.fullmatch(r"part_[^_]+", n)}
            motivation = f"De set laat het zien {self.random.randrange(10**9)}."
            cited = controls.get("cited", [])[:1]
            fields: Fields = {**parts, "motivation": motivation, "cited": cited}
            self.act("decision", motivation, path, fields, seen=path, case=case)
            path = f"/committees/meetings/{meeting}/announce/?case={case}"
            confirmed = Controls(self.page(path)).values.get("decision", [])
            form: Fields = {"decision": confirmed, "when": "soon"}
            self.act("announcement", case, path, form, case=case)
        self.act("closing", meeting, f"/committees/meetings/{meeting}/close/", {}, page=NO_PAGE)


class Secretary(Member):
    def plan(self, held_at: datetime, reference_at: datetime) -> str:
        """Plan a meeting at these moments of the school, with every student on its agenda."""
        committee, path = self.day.school["committee"], ""
        fields: Fields = {
            "held_at": f"{held_at:%Y-%m-%dT%H:%M}",
            "reference_at": f"{reference_at:%Y-%m-%dT%H:%M}",
            "place": f"Lokaal {self.random.randrange(10**6)}",
        }
        path = self.act(
            "meeting", str(fields["place"]), f"/committees/{committee}/meetings/new/", fields
        )
        form: Fields = {"enrolments": list(self.day.students.values())}
        self.act("agenda", path, f"{path}?unit={self.day.school['unit']}", form)
        return path.split("/")[3]


# --- The day --------------------------------------------------------------------------------------


class Day:
    """Everybody, and what they share: a school, a mail server, and when it is over."""

    def __init__(
        self, topology: Topology, journal: Journal, school: dict[str, Any], seed: int
    ) -> None:
        self.topology, self.journal, self.school, self.seed = topology, journal, school, seed
        self.students: dict[str, str] = school["students"]
        self.is_quiet = threading.Event()  # nothing goes wrong any more, and nobody begins anew
        self.is_over = threading.Event()
        self.have_a_set: set[str] = set()  # the students of whom a piece was answered
        self._threads: list[threading.Thread] = []
        self._open_links: set[str] = set()
        self._closed_links: set[str] = set()
        self._lock = threading.Lock()

    def begin(self, givers: int) -> None:
        everybody: list[Any] = [Student(self, name) for name in self.students]
        everybody += [Giver(self, number=number) for number in range(givers)]
        everybody.append(Adviser(self, "Karim Haddad"))
        for person in everybody:
            self.in_background(person.live)

    def in_background(self, what: Callable[..., object], *arguments: Any) -> threading.Thread:
        thread = threading.Thread(target=self._guarded, args=(what, *arguments), daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def _guarded(self, what: Callable[..., object], *arguments: Any) -> None:
        try:
            what(*arguments)
        except GaveUp:
            pass
        except Exception as fault:
            self.journal.write("fault of the day", words=repr(fault))
            raise

    def end(self) -> None:
        self.is_quiet.set()
        self.is_over.set()
        for thread in self._threads:
            thread.join(timeout=GIVES_UP)

    # --- The links of the mails to who was asked ---

    def next_link(self) -> str | None:
        with self._lock:
            for link in self.topology.mail.links("", "/evidence/answer/"):
                if link not in self._open_links | self._closed_links:
                    self._open_links.add(link)
                    return link
        return None

    def has_answered(self, link: str, about: set[str]) -> None:
        with self._lock:
            self.have_a_set |= about
            self._open_links.discard(link)
            self._closed_links.add(link)

    @property
    def has_links(self) -> bool:
        return bool(set(self.topology.mail.links("", "/evidence/answer/")) - self._closed_links)

    # --- The committee ---

    def committee(self, come: int) -> tuple[Secretary, list[Member]]:
        """Name the secretary, and so many of the voting members, the chair first."""
        secretary = Secretary(self, "Anneke Smit")
        voting = [Member(self, name) for name, seat in MEMBERS.items() if seat != "secretary"]
        return secretary, voting[:come]

    def meet(self, meeting: str, members: list[Member], may_open: threading.Event) -> None:
        """Judge alone, again and again until the meeting may open, and decide together."""
        chair = members[0]
        cases = self._frozen(chair, meeting)
        judging = [self.in_background(self._judging, each, cases, may_open) for each in members]
        for thread in judging:
            thread.join()
        coming = [self.in_background(each.is_here, meeting) for each in members]
        for thread in coming:
            thread.join()
        chair.decide_all(meeting, cases)

    def _judging(self, member: Member, cases: list[str], may_open: threading.Event) -> None:
        member.judge_all(cases)
        while not may_open.wait(timeout=member.random.uniform(2, 4)):
            member.judge_all(member.random.sample(cases, 1))

    def _frozen(self, chair: Member, meeting: str) -> list[str]:
        """Wait until the sets are frozen, and find the cases."""
        end = time.monotonic() + GIVES_UP
        while time.monotonic() < end:
            page = chair.page(f"/committees/meetings/{meeting}/")
            cases = list(dict.fromkeys(re.findall(rf"/committees/cases/({ID})/", page)))
            if len(cases) == len(self.students) and all(
                'name="motivation"' in chair.page(f"/committees/cases/{case}/") for case in cases
            ):
                return cases
            time.sleep(1)
        self.journal.write("gave up", path="waiting for the sets to be frozen")
        raise GaveUp


# --- What they send -------------------------------------------------------------------------------


def photo(chance: random.Random) -> File:
    image = Image.effect_noise((160, 120), chance.uniform(20, 90)).convert("RGB")
    kept = io.BytesIO()
    image.save(kept, "JPEG")
    return f"foto-{chance.randrange(10**6)}.jpg", kept.getvalue()


def note_file(chance: random.Random, lines: int = 200) -> File:
    words = "\n".join(f"Regel {chance.randrange(10**9)}" for _number in range(lines))
    return f"verslag-{chance.randrange(10**6)}.txt", words.encode()


def encoded(fields: Fields, files: Sequence[File]) -> tuple[bytes, str]:
    """Write a form as a browser does: the body and its type."""
    pairs = [
        (name, value)
        for name, values in fields.items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    if not files:
        return urlencode(pairs).encode(), "application/x-www-form-urlencoded"
    mark = f"day-{random.getrandbits(64):x}"
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in pairs
    ]
    for name, content in files:
        head = f'--{mark}\r\nContent-Disposition: form-data; name="uploads"; filename="{name}"\r\n'
        parts += [
            f"{head}Content-Type: application/octet-stream\r\n\r\n".encode(),
            content,
            b"\r\n",
        ]
    return b"".join([*parts, f"--{mark}--\r\n".encode()]), f"multipart/form-data; boundary={mark}"
