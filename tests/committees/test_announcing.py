"""Announcing: confirmed on one page, ordered for a moment, called off until then. With the waits of
a school."""

import re
from datetime import datetime, timedelta
from unittest.mock import patch

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from committees import actions
from committees.actions.errands import ANNOUNCING
from committees.models import Announcement, Case
from people.models import Account, Person
from post import work
from post.models import Errand, ErrandItem, OutboxMail
from records.refusals import NotPossible
from tests.committees.factories import Scene, scene
from tests.committees.test_page_access import EVERYBODY, of, people

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("waits")]


def browser(by: Account) -> Client:
    client = Client()
    client.force_login(by)
    return client


def decided(students: int = 1) -> Scene:
    made = scene(students=students, state=Case.State.DECIDED)
    Person.objects.update(language="en")
    return made


def order(made: Scene, **other: object) -> None:
    """By the page that confirms it, as the chair."""
    url = reverse("committees:announce", args=[made.meeting.pk])
    standing = Case.objects.filter(state=Case.State.DECIDED).values_list("decision", flat=True)
    data = {"decision": list(map(str, standing)), "when": "soon", **other}
    answer = browser(made.chair).post(url, data)
    assert answer.status_code == 302, answer.content.decode()


def at(moment: datetime) -> int:
    """Do what is due at this moment, as the beat would."""
    with (
        patch("post.errands._now", lambda: moment),
        patch("django.utils.timezone.now", lambda: moment),
    ):
        return work.sweep(["errands", "outbox"])


def test_the_page_names_each_student_with_the_outcome_the_mails_and_the_day() -> None:
    made = decided(students=2)

    page = browser(made.chair).get(reverse("committees:announce", args=[made.meeting.pk]))

    for case in made.cases:
        assert case.enrolment.student.name in page.text
        assert reverse("committees:letter_preview", args=[case.pk]) in page.text
    assert page.text.count("<b>attained</b>") == 2
    assert "4 mails go to students and advisers." in page.text
    assert "the committee met on Monday 9 November 2026" in page.text
    assert "In 10 minutes" in page.text
    assert not Errand.objects.exists()


def test_of_one_case_only_that_is_ordered() -> None:
    made = decided(students=2)
    url = reverse("committees:announce", args=[made.meeting.pk])
    key = str(made.refreshed().decision_id)

    browser(made.chair).post(f"{url}?case={made.case.pk}", {"decision": key, "when": "soon"})

    assert [str(item.row) for item in ErrandItem.objects.all()] == [key]
    left = browser(made.chair).get(url).context["cases"]
    assert [case.pk for case in left] == [made.cases[1].pk]


def test_it_is_announced_at_its_moment_once_and_the_terms_count_from_then() -> None:
    made = decided(students=2)
    ordered_at = timezone.now()
    order(made)
    assert at(ordered_at + timedelta(minutes=9)) == 0
    assert not Announcement.objects.exists()

    late = ordered_at + timedelta(days=3)  # what should have done it was killed
    at(late)
    at(late + timedelta(minutes=5))

    assert Announcement.objects.count() == len(made.cases)
    for announcement in Announcement.objects.all():
        assert announcement.recorded_at >= late
        assert announcement.last_day == timezone.localdate(late) + timedelta(days=14)
    templates = OutboxMail.objects.filter(template="committees/decision")
    assert templates.count() == len(made.cases)


def test_a_chosen_hour_is_waited_for_and_must_be_ahead() -> None:
    made = decided()
    hour = timezone.localtime(timezone.now() + timedelta(days=1)).replace(second=0, microsecond=0)

    order(made, when="at", due_at=f"{hour:%Y-%m-%dT%H:%M}")

    assert Errand.objects.get().due_at == hour
    for moment in (timezone.now() - timedelta(hours=1), timezone.now() + timedelta(days=40)):
        with pytest.raises(NotPossible):
            actions.order_announcing(
                meeting=made.meeting, decisions=[], by=made.chair, due_at=moment
            )


def seen_by_all(made: Scene) -> dict[str, str]:
    """Every page that student, adviser and members can open, from their start page on."""
    case = made.case.pk
    own = [reverse("committees:mine"), reverse("committees:my_case", args=[case])]
    found = {}
    for name, by in (("student", made.student), ("adviser", made.adviser), ("member", made.member)):
        client, todo, seen = browser(by), [reverse("home:home"), *own], set()
        todo.append(reverse("committees:letter", args=[case]))
        while todo:
            path = todo.pop()
            if path in seen:
                continue
            seen.add(path)
            answer = client.get(path)
            if answer.status_code != 200 or not answer["Content-Type"].startswith("text/html"):
                found[f"{name} {path}"] = str(answer.status_code)
                continue
            text = plain(answer.text)
            found[f"{name} {path}"] = text
            todo += [link for link in links(answer.text) if link not in seen]
    return found


def plain(text: str) -> str:
    text = re.sub(r'name="draft" value="[^"]+"|value="[\w-]{64}"', "", text)
    return re.sub(r"[?&](?:mark|next)=[^\"&]*", "", text)


def links(text: str) -> list[str]:
    found = re.findall(r'href="(/[^"#?]*)"', text)
    return [path for path in found if not path.startswith(("/static/", "/admin/", "/accounts/"))]


def test_called_off_after_two_minutes_nobody_ever_saw_it() -> None:
    made = decided()
    for by in (made.student, made.adviser, made.member, made.chair):
        browser(by).get(reverse("home:home"))
    before = seen_by_all(made)
    assert len(before) > 20
    order(made)
    while_it_waits = seen_by_all(made)
    errand = Errand.objects.get(what=ANNOUNCING)
    shown = browser(made.chair).get(reverse("committees:meeting", args=[made.meeting.pk])).text
    assert "1 decision is announced on" in shown

    answer = browser(made.chair).post(reverse("committees:announce_call_off", args=[errand.pk]))
    at(timezone.now() + timedelta(days=1))

    assert answer.status_code == 302
    assert while_it_waits == before
    assert seen_by_all(made) == before
    assert made.refreshed().state == Case.State.DECIDED
    assert not Announcement.objects.exists()
    assert not OutboxMail.objects.filter(template__startswith="committees/decision").exists()
    assert [each for each in mail.outbox if "decided" in each.subject] == []
    assert "Called off" in browser(made.chair).get(reverse("errand", args=[errand.pk])).text
    order(made)  # and ordered anew


def test_what_was_set_back_or_contradicted_meanwhile_is_not_announced() -> None:
    made = decided()
    order(made)
    decision = made.refreshed().decision
    Case.objects.filter(pk=made.case.pk).update(decision=None, state=Case.State.OPENED)

    at(timezone.now() + timedelta(hours=1))

    [item] = ErrandItem.objects.all()
    assert (item.state, item.row) == (ErrandItem.State.REFUSED, decision and decision.pk)
    assert not Announcement.objects.exists()
    Case.objects.filter(pk=made.case.pk).update(decision=decision, state=Case.State.DECIDED)


def test_what_was_not_on_the_page_is_not_ordered() -> None:
    made = decided(students=2)
    url = reverse("committees:announce", args=[made.meeting.pk])
    only_one = {"decision": [str(made.refreshed().decision_id)], "when": "soon"}

    answer = browser(made.chair).post(url, only_one)

    assert (answer.status_code, Errand.objects.exists()) == (422, False)
    assert "Look at the list once more" in answer.text


def test_it_is_not_ordered_twice() -> None:
    made = decided()
    decision = made.refreshed().standing.pk
    actions.order_announcing(meeting=made.meeting, decisions=[decision], by=made.chair)

    with pytest.raises(NotPossible, match="klaar om bekend"):
        actions.order_announcing(meeting=made.meeting, decisions=[decision], by=made.chair)


def test_who_confirms_orders_and_calls_off() -> None:
    made = decided()
    url = reverse("committees:announce", args=[made.meeting.pk])
    members = ("secretary", "member", "aside", "auditor", "exam board")
    expected = of(404, *EVERYBODY) | of(403, *members) | of(200, "chair")

    found = {role: browser(by).get(url).status_code for role, by in people(made).items()}
    order(made)
    errand = Errand.objects.get()
    off = reverse("committees:announce_call_off", args=[errand.pk])
    called = {
        role: browser(by).post(off).status_code
        for role, by in people(made).items()
        if role != "chair"
    }

    assert found == expected
    assert called == {role: code for role, code in expected.items() if role != "chair"}
    errand.refresh_from_db()
    assert errand.ended_at is None
