"""The demo as it is filled: who and what is in it, and that nothing of it is amiss."""

from collections import Counter

import pytest
from django.test import Client

from committees.models import Case, Meeting
from demo.people import ACCOUNTS, PASSWORD
from evidence.models import Confirmation, Evidence, Feedback, FeedbackRequest, Revision
from files.models import StoredFile
from people.models import Account
from portfolio.models import SetAside
from post.models import OutboxMail
from programmes.models import Enrolment, Programme
from records.verification import verify

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("filled_demo")]


def test_it_holds_a_year_of_a_school() -> None:
    students = Counter(Enrolment.objects.values_list("programme__title", flat=True))

    assert students == {"Software developer": 18, "Lerarenopleiding tweede graad": 7}
    assert Programme.objects.count() == 3
    assert Counter(Case.objects.values_list("state", flat=True)) == {
        "announced": 5,
        "deferred": 1,
        "frozen": 6,
        "planned": 2,
    }
    assert Counter(Meeting.objects.values_list("state", flat=True)) == {"closed": 2, "planned": 2}
    assert set(FeedbackRequest.objects.values_list("state", flat=True)) == {
        "open",
        "answered",
        "declined",
    }
    assert set(Revision.objects.values_list("origin", flat=True)) == set(Revision.Origin.values)
    assert set(Feedback.objects.values_list("source", flat=True)) == set(Feedback.Source.values)
    assert set(Feedback.objects.values_list("role", flat=True)) == {
        "client",
        "peer",
        "supervisor",
        "teacher",
        "other",
    }
    assert set(FeedbackRequest.objects.values_list("language", flat=True)) == {"nl", "en"}
    assert Confirmation.objects.filter(confirmed=True).exists()
    assert SetAside.objects.count() == 1
    assert set(StoredFile.objects.values_list("media_type", flat=True)) == {
        "application/pdf",
        "audio/mpeg",
        "image/jpeg",
        "image/png",
        "text/plain",
        "video/mp4",
    }


def test_group_work_is_a_piece_of_each_on_the_same_file() -> None:
    pieces = Evidence.objects.filter(current__attachments__name="notities-festival.jpg")

    assert sorted(piece.owner.name for piece in pieces) == [
        "Ayoub Benali",
        "Fleur van Leeuwen",
        "Jip Kuipers",
    ]
    assert len({piece.current.attachments.get(order=0).file_id for piece in pieces}) == 1


def test_nothing_of_it_is_amiss() -> None:
    report = verify()

    assert report.faults == []
    assert not OutboxMail.objects.exclude(fault="").exists()
    assert not OutboxMail.objects.filter(state="waiting").exists()
    assert not StoredFile.objects.exclude(preparation="ready").exists()


def test_everybody_who_is_offered_signs_in(client: Client) -> None:
    for account in ACCOUNTS:
        client.post("/accounts/login/", {"login": account.address, "password": PASSWORD})
        home = client.get("/")

        assert home.context["request"].user == Account.objects.get(sign_in=account.address)
        assert "Demo" in home.content.decode()
        client.logout()
