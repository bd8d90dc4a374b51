"""What is in an unopened judgement stands in no page, admin, log, mail or event."""

import json
import logging
from collections.abc import Iterator

import pytest
from django.core import mail
from django.db.models import Model
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from committees import actions
from committees.models import Case, Judgement
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
    """Every page that can be named without an id, or with one of the scene's rows of its room."""
    case, judgement = made.case, Judgement.objects.get()
    own: list[Model] = [
        case,
        made.meeting,
        made.committee,
        made.committee.memberships.get(person=made.member.pk),
    ]
    rows: dict[str, list[Model]] = {
        "committees": own,
        "portfolio": [case.enrolment],
        "programmes": [made.programme],
        "evidence": [made.student.person.evidence.get()],
        "admin": [*own, judgement],
    }
    found = set()
    for name in set(names(get_resolver().url_patterns)):
        for args in [[], *([row.pk] for row in rows.get(name.partition(":")[0], []))]:
            try:
                found.add(reverse(name, args=args))
            except NoReverseMatch:
                continue
    return sorted(found)


def judged_by(made: Scene, author: Account) -> None:
    actions.judge(
        case=made.case,
        findings=findings_of(made.case, "not_yet"),
        motivation=MARK,
        by=author,
        at=HELD,
    )


def test_what_is_sealed_stays_sealed(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    made = scene().bring_to(Case.State.FROZEN)
    judged_by(made, made.member)
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
            body = b"".join(answer) if answer.streaming else answer.content  # type: ignore[arg-type]
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
    made = scene().bring_to(Case.State.FROZEN)
    judged_by(made, made.member)
    client = Client()
    client.force_login(made.member)

    shown = [page for page in addresses(made) if MARK.encode() in client.get(page).content]

    assert shown == [reverse("committees:case", args=[made.case.pk])]


def test_opened_it_is_read_by_who_may() -> None:
    made = scene().bring_to(Case.State.FROZEN)
    judged_by(made, made.member)
    made.open_meeting()
    made.open_judgements()
    client = Client()
    client.force_login(made.other_member)

    answer = client.get(reverse("committees:decide", args=[made.case.pk]))

    assert MARK in answer.content.decode()
