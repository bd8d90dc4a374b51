"""The event of an answer names what its giver was shown: as their page said, and no other."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from evidence.actions import feedback as actions
from evidence.models import Evidence, Feedback, FeedbackRequest
from evidence.shown import Shown
from files.models import StoredFile
from people.models import Account
from qualifications.models import QualityRequirement, Wording
from records.models import Event
from tests.evidence.factories import (
    AttachmentFactory,
    RevisionFactory,
    StoredFileFactory,
    attach,
    said_in,
)
from tests.evidence.scenes import Scene, asked, link, page_of, scene
from tests.evidence.scenes import client as a_client
from tests.factories import AccountFactory, RequirementFactory

pytestmark = pytest.mark.django_db

Said = dict[str, Any]


def reword(line: QualityRequirement, text: str) -> Wording:
    """Put a requirement in other words, from now on."""
    number = line.wordings.count() + 1
    line.wording = Wording.objects.create(requirement=line, number=number, text=text)
    line.save()
    return line.wording


def worded() -> tuple[Scene, FeedbackRequest]:
    """A question on two requirements, of which one has plain words, with one file."""
    place = scene(lines=2)
    attach(place.piece, b"What I noted at the desk.")
    reword(place.lines[0], "You listen")
    return place, asked(place)


def on_the_page(browser: Client, question: FeedbackRequest) -> str:
    """What the page of the link says that it shows."""
    page = browser.get(link(question)).content.decode()
    [said] = re.findall(r'name="shown" value="([^"]+)"', page)
    return said


def facts(verb: str = "feedback.given") -> Said:
    said: Said = Event.objects.get(verb=verb).statement["facts"]
    return said


def seen() -> Said:
    return {name: facts()[name] for name in ("revision", "files", "wordings")}


@pytest.mark.parametrize("is_signed_in", [False, True])
def test_the_event_of_an_answer_names_what_the_page_showed(is_signed_in: bool) -> None:
    place, question = worded()
    browser = Client()
    if is_signed_in:
        giver = AccountFactory()
        FeedbackRequest.objects.filter(pk=question.pk).update(person=giver.pk)
        browser.force_login(giver)
    file, first = StoredFile.objects.get(), place.lines[0].wording
    page = on_the_page(browser, question)
    later = RevisionFactory(evidence=place.piece, number=2)
    AttachmentFactory(revision=later)
    Evidence.objects.filter(pk=place.piece.pk).update(current=later)
    reword(place.lines[0], "You wait before you speak")
    reword(place.lines[1], "You sum up")

    sent = browser.post(link(question), {"text": "Calm.", "shown": page})

    event = Event.objects.get(verb="feedback.given")
    assert (sent.status_code, event.by_id) == (302, giver.pk if is_signed_in else None)
    assert seen() == {
        "revision": str(question.revision_id),
        "files": [str(file.pk)],
        "wordings": [str(first.pk)],  # type: ignore[union-attr]  # it was worded
    }


def test_a_file_that_could_not_be_opened_was_not_shown() -> None:
    _place, question = worded()
    photo = StoredFileFactory(kind="image", media_type="image/jpeg")
    AttachmentFactory(revision=question.revision, file=photo, order=1)
    before = Shown.now(question)
    cleaned = StoredFileFactory(kind="image", media_type="image/jpeg", cleaned_from=photo)

    after = Shown.now(question)

    note = question.revision.attachments.get(order=0).file
    assert (before.files, after.files) == ((str(note.pk),), (str(note.pk), str(cleaned.pk)))


def test_a_page_that_is_drawn_again_says_what_it_now_shows(client: Client) -> None:
    place, question = worded()
    page = on_the_page(client, question)
    now_is = reword(place.lines[0], "You wait before you speak")

    refused = client.post(link(question), {"text": " ", "shown": page}).content.decode()
    [again] = re.findall(r'name="shown" value="([^"]+)"', refused)
    client.post(link(question), {"text": "Calm.", "shown": again})

    assert "You wait before you speak" in refused
    assert seen()["wordings"] == [str(now_is.pk)]


def test_words_that_were_kept_go_with_what_the_page_shows_when_they_are_sent(
    client: Client,
) -> None:
    place, question = worded()
    page = on_the_page(client, question)
    client.post(link(question, "answer_draft"), {"text": "Half a word", "shown": page})
    now_is = reword(place.lines[0], "You wait before you speak")

    again = on_the_page(client, question)
    client.post(link(question), {"text": "A word", "shown": again})

    assert again != page
    assert seen()["wordings"] == [str(now_is.pk)]


def of_another_question(question: FeedbackRequest) -> str:
    return page_of(worded()[1])["shown"]


def of_what_was_never_shown(question: FeedbackRequest) -> str:
    """The ids of what is there, without our word that it was shown."""
    other = RequirementFactory(plain="Other words").wording
    return f'[["{StoredFileFactory().pk}"],["{other.pk}"]]'


def changed_by_hand(question: FeedbackRequest) -> str:
    said = page_of(question)["shown"]
    return ("B" if said[0] == "A" else "A") + said[1:]


def nothing(question: FeedbackRequest) -> str:
    return ""


@pytest.mark.parametrize(
    "claim", [of_another_question, of_what_was_never_shown, changed_by_hand, nothing]
)
def test_a_page_cannot_claim_what_was_never_shown(
    client: Client, claim: Callable[[FeedbackRequest], str]
) -> None:
    _place, question = worded()

    refused = client.post(link(question), {"text": "Calm.", "shown": claim(question)})

    assert (refused.status_code, [*refused.context["form"].errors]) == (422, ["shown"])
    assert refused.context["form"]["text"].value() == "Calm."
    assert not Feedback.objects.exists()

    [again] = re.findall(r'name="shown" value="([^"]+)"', refused.content.decode())
    client.post(link(question), {"text": "Calm.", "shown": again})

    assert said_in(Feedback.objects.get()) == [("Calm.", {None})]


@pytest.mark.parametrize("by", ["owner", "adviser"])
def test_the_event_of_what_was_noted_names_the_current_revision(by: str) -> None:
    place = scene()
    later = RevisionFactory(evidence=place.piece, number=2)
    Evidence.objects.filter(pk=place.piece.pk).update(current=later)
    people: dict[str, Account] = {
        "owner": place.student,
        "adviser": place.enrolment.adviser.account,  # type: ignore[union-attr]  # they have one
    }

    actions.note(
        evidence=place.piece, enrolment=place.enrolment, speaker=a_client(), text="Calm.",
        given_on=timezone.localdate(), on_whole=True, by=people[by],
    )  # fmt: skip

    assert facts("feedback.noted")["revision"] == str(later.pk)
