"""What is in an unopened judgement stands in no page, admin, log, mail or event."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import product

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.db.models import Model
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse
from django.utils import translation

from committees import actions
from committees.dossier import opened_judgements
from committees.models import Case, Judgement
from committees.who_sits import panel_of
from people.models import Account
from post.models import OutboxMail
from post.outbox import send_due
from records.management.commands import verify_records
from records.models import Event
from tests.committees.factories import HELD, Scene, findings_of, scene
from tests.recorded import record_what_was_made

pytestmark = pytest.mark.django_db

MARK = "zebra-crossing-at-noon"


def names(patterns: list[object], namespace: str = "") -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            deeper = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from names(pattern.url_patterns, deeper)
        elif isinstance(pattern, URLPattern) and pattern.name:
            yield f"{namespace}{pattern.name}"


def addresses(made: Scene) -> list[str]:
    """Every page that can be named without an id, or with the scene's row of the kind that its
    address says."""
    seat = made.committee.memberships.get(person=made.member.pk)
    judgement = Judgement.objects.latest("recorded_at")
    in_admin: list[Model] = [made.case, made.meeting, made.committee, seat, judgement]
    rows: dict[str, Model] = {
        "/committees/cases/": made.case,
        "/committees/meetings/": made.meeting,
        "/committees/seats/": seat,
        "/committees/": made.committee,
        "/portfolio/": made.case.enrolment,
        "/programmes/": made.programme,
        "/programmes/enrolments/": made.case.enrolment,
        "/evidence/": made.student.person.evidence.get(),
        **{f"/admin/committees/{row._meta.model_name}/": row for row in in_admin},
    }
    starts: dict[str, list[object]] = {
        "/": [],
        **{f"{start}{row.pk}/": [row.pk] for start, row in rows.items()},
    }
    found = set()
    for name, (start, args) in product(names(get_resolver().url_patterns), starts.items()):
        with suppress(NoReverseMatch):
            if (address := reverse(name, args=args)).startswith(start):
                found.add(address)
    return sorted(found)


def judged_by(made: Scene, author: Account) -> None:
    actions.judge(
        case=made.case,
        findings=findings_of(made.case, "not_yet"),
        motivation=MARK,
        by=author,
        at=HELD,
    )


def deferred(made: Scene) -> None:
    """Before the judgements were opened."""
    made.open_meeting()
    actions.defer(case=made.case, reason="Show it once more.", by=made.chair, at=HELD)


def deferred_and_closed(made: Scene) -> None:
    deferred(made)
    actions.close_meeting(meeting=made.meeting, by=made.chair, at=HELD)


# What may happen to a case of which the judgements were never opened.
SEALED: dict[str, Callable[[Scene], None]] = {
    "frozen": lambda made: None,
    "in session": Scene.open_meeting,
    "deferred": deferred,
    "deferred, the meeting closed": deferred_and_closed,
}


@pytest.mark.any_database
@pytest.mark.parametrize("then", SEALED)
def test_what_is_sealed_stays_sealed(caplog: pytest.LogCaptureFixture, then: str) -> None:
    caplog.set_level(logging.DEBUG)
    made = scene(state=Case.State.FROZEN)
    judged_by(made, made.member)
    SEALED[then](made)
    superuser = Account.objects.create_superuser("boss@school.example", "Boss", "secret")
    others = [
        made.chair, made.secretary, made.other_member, made.coordinator, made.auditor, made.adviser,
        made.student, superuser,
    ]  # fmt: skip
    pages = addresses(made)
    leaks, seen = [], 0
    for person in others:
        client = Client()
        client.force_login(person)
        for page in pages:
            if page.startswith("/admin/") and person != superuser:
                continue
            answer = client.get(page)
            body = b"".join(answer) if answer.streaming else answer.content  # type: ignore[arg-type]  # no asynchronous one
            seen += answer.status_code == 200
            if MARK.encode() in body:
                leaks.append((person.name, page))
    send_due()
    mails = "".join(str(message.message()) for message in mail.outbox)
    events = json.dumps(list(Event.objects.values_list("verb", "statement")))
    record_what_was_made()
    verify_records.Command().handle()

    assert seen > 100
    assert leaks == []
    assert OutboxMail.objects.filter(template="committees/planned").count() == 1
    assert MARK not in mails
    assert str(Judgement.objects.get().pk) in events
    assert MARK not in events
    assert MARK not in caplog.text


def test_the_author_reads_it_beside_the_set_only() -> None:
    made = scene(state=Case.State.FROZEN)
    judged_by(made, made.member)
    client = Client()
    client.force_login(made.member)

    shown = [page for page in addresses(made) if MARK.encode() in client.get(page).content]

    assert shown == [reverse("committees:case", args=[made.case.pk])]


@pytest.mark.parametrize("then", ["frozen", "in session", "deferred"])
def test_whether_sealed_judgements_agree_is_sealed_too(then: str) -> None:
    made = scene(state=Case.State.FROZEN)
    for judge in (made.chair, made.member, made.other_member):
        judged_by(made, judge)
    SEALED[then](made)
    client = Client()

    for person in (made.chair, made.secretary, made.auditor):
        client.force_login(person)
        for page in ("meeting", "decide", "case_record"):
            row = made.meeting if page == "meeting" else made.case
            for tail in ("", "?large=1"):
                body = client.get(reverse(f"committees:{page}", args=[row.pk]) + tail).content
                assert b"unanimous" not in body.lower()
                assert MARK.encode() not in body


def test_opened_and_then_deferred_it_is_read_by_who_may() -> None:
    made = scene(state=Case.State.FROZEN)
    judged_by(made, made.member)
    made.judge(made.chair)
    made.open_meeting()
    made.open_judgements()
    actions.defer(case=made.case, reason="Show it once more.", by=made.chair, at=HELD)
    client = Client()
    client.force_login(made.other_member)

    answer = client.get(reverse("committees:decide", args=[made.case.pk]))

    assert MARK in answer.content.decode()


def test_it_is_asked_of_a_case_when_its_judgements_were_opened() -> None:
    sealed = scene(state=Case.State.FROZEN)
    deferred(sealed)
    opened = scene(state=Case.State.DEFERRED)

    assert (sealed.refreshed().opened_at, opened.refreshed().opened_at) == (None, HELD)
    with pytest.raises(PermissionError), translation.override("en"):
        opened_judgements(sealed.refreshed(), panel_of(sealed.case, HELD), ())


@pytest.mark.parametrize(
    ("state", "opened_at"),
    [("frozen", HELD), ("planned", HELD), ("opened", None), ("decided", None), ("announced", None)],
)
def test_the_database_knows_when_judgements_are_open(state: str, opened_at: object) -> None:
    made = scene()

    row = Case.objects.filter(pk=made.case.pk)
    with pytest.raises(IntegrityError), transaction.atomic():
        row.update(state=state, opened_at=opened_at)
