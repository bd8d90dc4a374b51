"""Who may see a piece of evidence and do what with it: each page, by role and by state."""

from datetime import date
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evidence.models import Attachment, Evidence, FeedbackRequest
from people.models import Account
from programmes.models import AdviserAssignment, ProgrammeRole
from tests.evidence.factories import (
    AttachmentFactory,
    FeedbackFactory,
    FeedbackRequestFactory,
    withdraw,
)
from tests.evidence.scenes import Scene, everything, scene
from tests.factories import (
    LONG_AGO,
    AccountFactory,
    EnrolmentFactory,
    PlacementFactory,
    ProgrammeRoleFactory,
    SupervisorFactory,
)

pytestmark = pytest.mark.django_db


def actors(place: Scene) -> dict[str, Account | None]:
    """Everybody who could want to do something with the piece, by what they are to it."""
    programme = place.enrolment.programme
    former = AccountFactory()
    AdviserAssignment.objects.create(
        enrolment=place.enrolment, adviser=former.person, recorded_at=LONG_AGO, ended_at=LONG_AGO
    )
    teacher = {"programme": programme, "role": ProgrammeRole.Role.TEACHER}
    supervisor = AccountFactory()
    SupervisorFactory(placement=PlacementFactory(enrolment=place.enrolment), person=supervisor)
    return {
        "owner": place.student,
        "adviser": place.enrolment.adviser,
        "former adviser": former,
        "teacher": ProgrammeRoleFactory(**teacher).person.account,
        "former teacher": ProgrammeRoleFactory(**teacher, ended_at=LONG_AGO).person.account,
        "teacher elsewhere": ProgrammeRoleFactory(role=ProgrammeRole.Role.TEACHER).person.account,
        "coordinator": ProgrammeRoleFactory(programme=programme).person.account,
        "supervisor with account": supervisor,
        "other student": EnrolmentFactory(programme=programme).student,
        "invited account": AccountFactory(),
        "anonymous": None,
    }


def place_in(state: str) -> tuple[Scene, dict[str, Account | None]]:
    """A piece with a file, in this state, and everybody around it."""
    place = scene()
    around = actors(place)
    AttachmentFactory(revision=place.piece.current)
    asked = {"enrolment": place.enrolment, "evidence": place.piece}
    asked["person"] = around["invited account"]
    if state in ("asked", "withdrawn"):
        FeedbackRequestFactory(**asked)
    if state == "answered":
        FeedbackFactory(**asked, asked=True)
    if state == "answered, expired":
        FeedbackFactory(**asked, asked=True)
        FeedbackRequest.objects.update(expires_at=timezone.now())
    if state == "expired":
        FeedbackRequestFactory(**asked, expired=True)
    if state == "withdrawn question":
        FeedbackRequestFactory(**asked, withdrawn=True)
    if state == "declined":
        FeedbackRequestFactory(**asked, declined=True)
    if state == "withdrawn":
        withdraw(Evidence.objects.get())
    return place, around


FORM = {"title": "Another title", "kind": "act", "happened_on": "2026-09-02", "origin": "here"}
# What each page is sent: nothing for those that only show.
PAGES: dict[str, dict[str, Any] | None] = {
    "detail": None,
    "file": None,
    "file_original": None,
    "edit": FORM,
    "requirements": {},
    "withdraw": {},
    "delete": {},
}
# The owner's pages after a change, or why it is refused: 409 is the state of the piece, and 422
# the same where something was typed.
OWNER = {
    "kept": {"edit": 302, "requirements": 302, "withdraw": 302, "delete": 302},
    "asked": {"edit": 302, "requirements": 302, "withdraw": 302, "delete": 409},
    "declined": {"edit": 302, "requirements": 302, "withdraw": 302, "delete": 409},
    "answered": {"edit": 302, "requirements": 302, "withdraw": 302, "delete": 409},
    "expired": {"edit": 302, "requirements": 302, "withdraw": 302, "delete": 409},
    "answered, expired": {"edit": 302, "requirements": 302, "withdraw": 302, "delete": 409},
    "withdrawn question": {"edit": 302, "requirements": 302, "withdraw": 302, "delete": 409},
    "withdrawn": {"edit": 422, "requirements": 422, "withdraw": 409, "delete": 409},
}
READERS = {
    "kept": {"adviser", "teacher"},
    "asked": {"adviser", "teacher", "invited account"},
    "declined": {"adviser", "teacher"},
    "answered": {"adviser", "teacher", "invited account"},
    "expired": {"adviser", "teacher"},
    "answered, expired": {"adviser", "teacher"},
    "withdrawn question": {"adviser", "teacher"},
    "withdrawn": {"adviser", "teacher"},
}
READABLE = {"detail", "file"}


def expected(actor: str, page: str, state: str) -> int | str:
    if actor == "anonymous":
        return "login"
    if actor == "owner":
        return OWNER[state].get(page, 200)
    if actor in READERS[state]:
        return 200 if page in READABLE else 403
    return 404


def visit(client: Client, user: Account | None, url: str, sent: dict[str, Any] | None) -> int | str:
    client.logout()
    if user is not None:
        client.force_login(user)
    response = client.get(url) if sent is None else client.post(url, sent)
    b"".join(response)  # a file is closed when it was read
    if response.status_code == 302 and response["Location"].startswith(reverse("account_login")):
        return "login"
    return response.status_code


def kept() -> dict[str, object]:
    """All that the database holds about evidence."""
    return {name: rows for name, rows in everything().items() if name.startswith("evidence.")}


@pytest.mark.parametrize("state", OWNER)
@pytest.mark.parametrize("page", PAGES)
def test_each_page_opens_for_these_and_for_no_others(page: str, state: str, client: Client) -> None:
    place, around = place_in(state)
    attachment = Attachment.objects.get()
    default_storage.save(attachment.file.path, ContentFile(b"some notes"))
    args = [place.piece.pk, attachment.pk] if page.startswith("file") else [place.piece.pk]
    url = reverse(f"evidence:{page}", args=args)
    sent = PAGES[page]
    if page == "requirements":  # nothing is ticked any more
        sent = {"present": [link.pk for link in place.piece.links.all()]}
    before = kept()

    # The owner comes last: what others try changes nothing.
    outcomes = {
        actor: visit(client, user, url, sent) for actor, user in around.items() if actor != "owner"
    }
    is_untouched = kept() == before
    outcomes["owner"] = visit(client, place.student, url, sent)

    assert outcomes == {actor: expected(actor, page, state) for actor in around}
    assert is_untouched
    assert (kept() == before) == (outcomes["owner"] != 302)


def test_only_who_is_enrolled_opens_the_page_to_add(client: Client) -> None:
    place = scene()
    around = actors(place) | {"former student": EnrolmentFactory(ends_on=date(2026, 9, 1)).student}
    url = reverse("evidence:add")

    outcomes = {actor: visit(client, user, url, FORM) for actor, user in around.items()}

    refused = dict.fromkeys(around, 403)
    assert outcomes == refused | {"owner": 302, "other student": 302, "anonymous": "login"}


def test_everybody_with_an_account_sees_their_own_list_only(client: Client) -> None:
    place = scene()
    shown = {}

    for actor, user in actors(place).items():
        if user is not None:
            client.force_login(user)
            response = client.get(reverse("evidence:list"))
            shown[actor] = [piece.pk for piece in response.context["pieces"]]

    assert shown.pop("owner") == [place.piece.pk]
    assert set(map(tuple, shown.values())) == {()}
