"""What was said of core task 2 is not for the committee that decides about core task 1."""

from collections.abc import Callable

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from committees.models import Case, SnapshotItem
from evidence.models import Feedback
from post.outbox import send_due
from qualifications.models import QualityRequirement
from tests.committees.factories import Scene, scene
from tests.evidence.factories import EvidenceFactory, FeedbackFactory, confirm
from tests.factories import RequirementFactory

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

MARK, HERE = "zebra-crossing-at-noon", "calm-at-the-counter"


def own_words(made: Scene, outside: QualityRequirement) -> None:
    """Beside the one text, in the same feedback."""
    said(made, outside, {made.requirement: HERE, outside: MARK})


def other_feedback(made: Scene, outside: QualityRequirement) -> None:
    """By somebody who spoke of nothing else."""
    said(made, outside, {outside: MARK})


def one_text(made: Scene, outside: QualityRequirement) -> None:
    """The one text is about core task 2, own words about core task 1."""
    said(made, outside, {outside: "", made.requirement: HERE}, text=MARK)


def confirmed_note(made: Scene, outside: QualityRequirement) -> None:
    confirm(said(made, outside, {outside: MARK}, noted=True))


def why_it_fits(made: Scene, outside: QualityRequirement) -> None:
    """The student's own words."""
    feedback = said(made, outside, {made.requirement: HERE})
    feedback.evidence.links.filter(requirement=outside).update(why=MARK)


def said(
    made: Scene,
    outside: QualityRequirement,
    remarks: dict[QualityRequirement, str],
    **given: object,
) -> Feedback:
    piece = EvidenceFactory(owner=made.student, on=[made.requirement, outside])
    return FeedbackFactory(enrolment=made.case.enrolment, evidence=piece, remarks=remarks, **given)


CASES = [own_words, other_feedback, one_text, confirmed_note, why_it_fits]


@pytest.mark.parametrize("speak", CASES)
def test_words_about_something_else_reach_nobody_who_decides(
    speak: Callable[[Scene, QualityRequirement], None],
) -> None:
    made = scene()
    outside = RequirementFactory(
        under__core_task__qualification=made.programme.qualification, text="outside"
    )
    speak(made, outside)
    before = pages(made)
    made.bring_to(Case.State.ANNOUNCED)
    send_due()

    items = b"".join(bytes(item.content) for item in SnapshotItem.objects.all())
    mails = "".join(str(message.message()) for message in mail.outbox)
    assert len(made.case.snapshot.items.filter(kind="piece")) == 2
    assert MARK.encode() not in items
    assert mails
    assert MARK not in mails
    shown = before | pages(made)
    assert {name for name, text in shown.items() if MARK in text} == set()
    assert any("Works with care." in text for text in shown.values())
    # Who looks at the whole of it reads it.
    if speak is not why_it_fits:
        whole = reverse("portfolio:in_full", args=[made.case.enrolment_id])
        assert MARK in page(made, "adviser", whole)


def pages(made: Scene) -> dict[tuple[str, str], str]:
    """What each of them reads on each page of the case that they can open."""
    found = {}
    for who in ("chair", "secretary", "member", "auditor", "adviser", "student"):
        for name in (
            "case",
            "decide",
            "in_full",
            "my_case",
            "letter",
            "letter_preview",
            "case_record",
        ):
            url = reverse(f"committees:{name}", args=[made.case.pk])
            found[who, name] = page(made, who, url)
    return found


def page(made: Scene, who: str, url: str) -> str:
    client = Client()
    client.force_login(getattr(made, who))
    return client.get(url).content.decode()
