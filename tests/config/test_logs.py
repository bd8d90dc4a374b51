"""No line of a log, at any level, holds a live link, a token, an address or a name."""

import ast
import io
import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch
from uuid import UUID

import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from config.logs import JsonFormatter, LineFormatter, ServerLogger
from evidence.models import Evidence
from people import actions as people
from people.models import Address
from post import work
from post.links import token_for
from post.models import OutboxMail
from post.outbox import BUILDERS
from tests.evidence import scenes
from tests.factories import AccountFactory

TOKEN = "AbCdefghijklmnopqrstuvwxyz0123456789abcdefg"
UUID_TEXT = "a8098c1a-f86e-11da-bd1a-00112444be1e"


class Lines(logging.Handler):
    """Keeps what each of our formatters, a plain one and the bare message make of each record."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.formatters = [LineFormatter(), JsonFormatter(), logging.Formatter()]
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines += [each.format(record) for each in self.formatters]
        self.lines.append(record.getMessage())

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@contextmanager
def all_lines() -> Iterator[Lines]:
    """Of every logger there is, at every level."""
    handler, root = Lines(), logging.getLogger()
    loggers = [root, *map(logging.getLogger, root.manager.loggerDict)]
    before = [(each, each.level, each.disabled) for each in loggers]
    root.addHandler(handler)
    for each in loggers:
        each.setLevel(1)
        each.disabled = False
    try:
        yield handler
    finally:
        root.removeHandler(handler)
        for each, level, disabled in before:
            each.setLevel(level)
            each.disabled = disabled


def said(*given: object, logger: str = "somebody.elses", **more: object) -> str:
    """The line of a record as every handler gets it."""
    with all_lines() as handler:
        logging.getLogger(logger).error(*given, **more)
    return handler.lines[0].partition("] ")[2]


# --- A walk ---------------------------------------------------------------------------------------


SECRETS = ["Noor Bakker", "Bakker", "noor@school.example", "noor@", "Cor Client", "client@shop"]
WORDS = {"text": "Noor Bakker wrote to noor@school.example", "name": "Noor Bakker"}


@pytest.mark.django_db
def test_no_line_of_a_walk_holds_anything_of_anybody() -> None:
    """Each kind of answer, by who is signed in and by who is not, with the queries in the log."""
    noor = AccountFactory(sign_in="noor@school.example", password="a good password")
    people.rename(person=noor.person, name="Noor Bakker", by=None)
    place = scenes.scene()
    question = scenes.asked(place)
    people.change_address(person=noor.person, address="noor.new@school.example", by=noor)
    address = Address.objects.get(address="noor.new@school.example")
    content = BUILDERS["people/password"](OutboxMail(about=noor.pk))
    assert content is not None
    password = content.context["link"].removeprefix(django_settings.BASE_URL)
    tokens = [
        scenes.link(question).split("/")[3],
        token_for("feedback-request", question.pk, 99),
        token_for("address", address.pk, 1),
        password.strip("/").split("/")[-1],
    ]
    links = [
        *(f"/evidence/answer/{token}/" for token in tokens[:2]),
        *(f"/evidence/answer/{token}/{rest}/" for token in tokens[:2] for rest in ("draft", "x")),
        f"/evidence/answer/{tokens[0]}/decline/",
        f"/evidence/confirm/{tokens[0]}/",
        f"/address/{tokens[2]}/",
        f"/address/{tokens[2]}",
        password,
        "/people/?q=Noor+Bakker",
        "/evidence/?next=noor@school.example",
        "/Noor Bakker/",
        "/accounts/signup/",
        reverse("evidence:add"),
        reverse("committees:record"),
        reverse("evidence:detail", args=[UUID(int=1)]),
    ]
    signed_in = Client(raise_request_exception=False)
    signed_in.force_login(place.student)
    forging = Client(raise_request_exception=False, enforce_csrf_checks=True)
    browsers = [Client(raise_request_exception=False), signed_in, forging]

    with all_lines() as handler, CaptureQueriesContext(connection):
        for browser in browsers:
            statuses = {browser.get(link).status_code for link in links}
            statuses |= {browser.post(link, WORDS).status_code for link in links}
            for words in ({"login": "noor@school.example", "password": "wrong"}, {"login": "Noor"}):
                browser.post("/accounts/login/", words)
            browser.post("/accounts/password/reset/", {"email": "noor@school.example"})
            browser.get("/", headers={"host": "Noor.example", "user-agent": "Noor Bakker"})
            file = SimpleUploadedFile("Noor Bakker.pdf", b"no pdf")
            browser.post(reverse("evidence:add"), {**WORDS, "files": file})
            browser.post("/", "{" * 9, content_type="multipart/form-data; boundary=Bakker")
            for name in ("evidence.views.answers.question_of", "home.views.hall.today_for"):
                with patch(name, side_effect=ValueError("Noor Bakker <noor@school.example>")):
                    browser.get(links[0])
                    browser.get("/")
        work.sweep()
        Evidence.objects.filter(pk=UUID(int=1)).first()

    text = handler.text
    names = [place.student.name, noor.name, question.person.name]
    assert len(handler.lines) > 500
    assert "evidence:answer" in text
    assert "django.db.backends" in text
    assert [secret for secret in [*SECRETS, *names, *tokens] if secret in text] == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "name", "status"),
    [
        ("post", "evidence:answer", 422),
        ("get", "evidence:answer", 404),
        ("put", "evidence:answer", 405),
    ],
)
def test_an_answer_link_is_told_by_its_views_name(method: str, name: str, status: int) -> None:
    question = scenes.asked()
    link = scenes.link(question)
    token = link.split("/")[3]
    path = link if method != "get" else link.replace(token, f"x{token}")

    with all_lines() as handler:
        answer = getattr(Client(), method)(path, {})

    [line] = [each for each in handler.lines[::4] if "django.request" in each]
    assert (answer.status_code, "evidence:answer" in line) == (status, True)
    assert token not in handler.text


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/accounts/signup/", "/accounts/email/", "/qualifications/import/"]
)
def test_a_403_is_one_line(path: str) -> None:
    client = Client()
    client.force_login(AccountFactory())

    with all_lines() as handler:
        answer = client.get(path)

    [line] = [each for each in handler.lines[::4] if "WARNING" in each or "ERROR" in each]
    assert (answer.status_code, line.count("\n")) == (403, 0)
    assert line.endswith("(PermissionDenied)") or line.endswith("(NotAllowed)")


# --- What may stand in a message ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (("for %s", "Noor Bakker"), "for …"),
        (("for %(who)s", {"who": "Noor"}), "for …"),
        (("for %s", "noor"), "for …"),
        (("for %s", "noor.bakker"), "for …"),
        (("for %s", "0123456789abcdef0123"), "for …"),
        (("for %s", "123456"), "for …"),
        (("for %s", "email.anna-jansen"), "for …"),
        (("for %s", "calendar"), "for …"),
        (("for noor@school.example, and NOOR+x@школа.example",), "for …, and …"),
        (("at %s", f"/evidence/answer/{TOKEN}/"), "at evidence:answer"),
        ((f"at /evidence/answer/{TOKEN}/?a=b now",), "at evidence:answer now"),
        ((f"see https://school.example/evidence/answer/{TOKEN}/",), "see https://…"),
        ((f"with {TOKEN}",), "with …"),
        (("at /srv/Noor Bakker",), "at /… Bakker"),
        (("it couldn't read 'Noor Bakker', it doesn't",), "it couldn't read …, it doesn't"),
        (("from 192.0.2.7 and 2001:db8::7",), "from … and …"),
        (("sent %r", ["Noor"]), "sent …"),
        (("fault %s", ValueError("Noor")), "fault ValueError"),
        ((ValueError("Noor"),), "ValueError"),
        (("two\nlines",), "two\\nlines"),
        (
            ("%d of %.1f for %s: %s", 3, 2.5, UUID(UUID_TEXT), None),
            f"3 of 2.5 for {UUID_TEXT}: None",
        ),
        (
            ("Task %s[%s] took %s", "post.do_work", UUID_TEXT, 0.5),
            f"Task post.do_work[{UUID_TEXT}] took 0.5",
        ),
        (("%s: %s", "Not Found", "/help/"), "Not Found: home:help"),
        (("too few %s %s", "one"), "too few %s %s"),
    ],
)
def test_only_what_names_nobody_stands_in_a_line(given: tuple[object, ...], line: str) -> None:
    assert said(*given) == line


@pytest.mark.django_db
def test_a_row_is_told_by_its_id() -> None:
    account = AccountFactory()

    assert said("of %s", account) == f"of people.account {account.pk}"


def test_a_fault_is_told_by_its_kind_and_its_place() -> None:
    def fail() -> None:
        try:
            raise KeyError("noor@school.example")
        except KeyError as fault:
            raise OSError(28, "Noor Bakker") from fault

    with all_lines() as handler:
        try:
            fail()
        except OSError:
            logging.getLogger("somebody.elses").exception("it failed")

    assert "Noor Bakker\n" not in handler.text
    assert re.search(r"in fail\n.*\nKeyError\n\nwhereupon:\n\n.*in fail\n", handler.text, re.DOTALL)
    assert handler.lines[0].endswith("\nOSError 28")


def test_what_our_own_code_logs_is_constant() -> None:
    """A message that is put together beforehand cannot be told from what it holds."""
    found = []
    for path in django_settings.BASE_DIR.glob("*/**/*.py"):
        if path.relative_to(django_settings.BASE_DIR).parts[0] in (
            ".venv",
            "tests",
            "tools",
            "var",
        ):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="logger")), args=[message, *_]
                ) if not isinstance(message, ast.Constant):
                    found.append(f"{path}:{node.lineno}")

    assert found == []


# --- How a line is written ------------------------------------------------------------------------


def test_a_line_of_json_is_one_object() -> None:
    with all_lines() as handler:
        try:
            raise ValueError("Noor")
        except ValueError:
            logging.getLogger("post.work").exception("work %s failed", "outbox")

    line = json.loads(handler.lines[1])
    assert handler.lines[1].count("\n") == 0
    assert (line["level"], line["logger"], line["message"]) == (
        "ERROR",
        "post.work",
        "work outbox failed",
    )
    assert line["trace"].endswith("ValueError")
    assert line["time"].endswith("+00:00")


@pytest.mark.parametrize("is_json", [True, False])
def test_the_web_server_writes_as_we_do(settings: Settings, is_json: bool) -> None:
    """Its own lines name the address of what failed."""
    from gunicorn.config import Config

    settings.LOG_JSON = is_json
    server = ServerLogger(Config())
    stream = io.StringIO()
    for handler in server.error_log.handlers:
        handler.setStream(stream)

    server.error("Error handling request %s", f"/evidence/answer/{TOKEN}/")

    assert "Error handling request evidence:answer" in stream.getvalue()
    assert TOKEN not in stream.getvalue()
    assert stream.getvalue().startswith("{") == is_json


# --- The id of a request --------------------------------------------------------------------------


def test_an_answer_bears_the_id_that_its_lines_bear(client: Client, db: None) -> None:
    with all_lines() as handler:
        answer = client.get("/nowhere/")
        other = client.get("/nowhere/")

    own = answer["X-Request-ID"]
    assert re.fullmatch("[0-9a-f]{32}", own)
    assert other["X-Request-ID"] != own
    assert f"[{own}]" in handler.text
    assert f'"request_id": "{own}"' in handler.text


@pytest.mark.parametrize(
    ("given", "proxies", "is_kept"),
    [
        ("0123456789abcdef0123456789abcdef", 1, True),
        (UUID_TEXT, 1, True),
        (UUID_TEXT, 0, False),
        (TOKEN, 1, False),
        ("noor@school.example", 1, False),
        ("abc", 1, False),
        ("a" * 65, 1, False),
        (f"{UUID_TEXT}\n", 1, False),
    ],
)
def test_the_id_of_a_proxy_is_kept_where_it_is_one(
    client: Client, settings: Settings, given: str, proxies: int, is_kept: bool
) -> None:
    settings.TRUSTED_PROXIES = proxies

    answer = client.get("/help/", headers={"x-request-id": given})

    assert (answer["X-Request-ID"] == given) == is_kept
