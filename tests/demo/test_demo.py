"""The demo as it is filled: who and what is in it, that nothing of it is amiss, and that whatever
is touched in it behind the application's back is found."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction
from django.test import Client

from committees.models import (
    Attendance,
    Case,
    Contradiction,
    ContradictionAnswer,
    Decision,
    Leading,
    Meeting,
    OwnWord,
    Supersession,
)
from demo.people import ACCOUNTS, PASSWORD
from evidence.models import (
    Confirmation,
    Evidence,
    Feedback,
    FeedbackRequest,
    RemarkRequirement,
    RequirementLink,
    Revision,
    Withdrawal,
)
from files.models import StoredFile
from people.models import Account, Identity, Person, SamePerson
from portfolio.coverage import draw
from portfolio.loading import load_many
from portfolio.models import SetAside
from post.models import OutboxMail
from programmes.models import Enrolment, Programme
from records.chain import append
from records.models import Erasure, Part, Sealed, name_of
from records.verification import verify, verify_chain
from tests.recorded import LARGEST, largest_event
from tests.triggers import remove

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


def test_group_work_is_a_piece_of_each_with_the_same_photo() -> None:
    pieces = Evidence.objects.filter(current__attachments__name="notities-festival.jpg")

    assert sorted(piece.owner.name for piece in pieces) == [
        "Ayoub Benali",
        "Fleur van Leeuwen",
        "Jip Kuipers",
    ]
    files = [piece.current.attachments.get(order=0).file for piece in pieces]
    assert (len(set(files)), len({file.digest for file in files})) == (3, 1)


def test_nothing_of_it_is_amiss() -> None:
    report = verify()

    assert report.faults == []
    assert not OutboxMail.objects.exclude(fault="").exists()
    assert not OutboxMail.objects.filter(state="waiting").exists()
    assert not StoredFile.objects.exclude(preparation="ready").exists()
    assert largest_event() <= LARGEST


def test_everybody_who_is_offered_signs_in(client: Client) -> None:
    for account in ACCOUNTS:
        client.post("/accounts/login/", {"login": account.address, "password": PASSWORD})
        home = client.get("/")

        assert home.context["request"].user == Account.objects.get(sign_in=account.address)
        assert "Demo" in home.content.decode()
        client.logout()


def test_the_coverage_counts_each_remark_where_it_is_about() -> None:
    enrolments = list(Enrolment.objects.select_related("student"))
    shown: Counter[tuple[str, str]] = Counter()
    for evidence_set in load_many(enrolments).values():
        for task in draw(evidence_set).core_tasks:
            for group in task.groups:
                for row in group.rows:
                    if row.is_first:
                        number = row.tally.remarks + row.tally.noted
                        shown[evidence_set.frame.student, row.requirement.id] += number

    laid = set(RequirementLink.objects.current().values_list("evidence", "requirement"))
    given = Feedback.objects.current().filter(evidence__in=Evidence.objects.kept())
    given = given.exclude(confirmation__confirmed=False)
    about = RemarkRequirement.objects.filter(remark__feedback__in=given)
    said = Counter(
        (str(owner), str(line))
        for owner, piece, line in about.values_list(
            "remark__feedback__evidence__owner", "remark__feedback__evidence", "requirement"
        )
        if (piece, line) in laid
    )
    assert +shown == said
    assert len(said) > 100


# --- What is touched by hand ----------------------------------------------------------------------

STATED = [model for model in apps.get_models() if issubclass(model, Sealed | Part)]


def superseded() -> Supersession:
    decision, earlier = Decision.objects.all()[:2]
    by, second = Person.objects.all()[:2]
    return Supersession(
        decision=decision, earlier=earlier, ground="appeal", reason="So.", by=by, second=second
    )


def answered() -> ContradictionAnswer:
    said = MADE[Contradiction]()
    said.save(force_insert=True)
    append(said.chain, "made.by_a_test", by=None, rows=[said])
    by = Person.objects.all()[0]
    return ContradictionAnswer(contradiction=said, by=by, was_there=True, reason="Seen.")


# Of what there is none in the demo.
MADE: dict[type[models.Model], Callable[[], Sealed]] = {
    Contradiction: lambda: Contradiction(attendance=Attendance.objects.all()[0]),
    ContradictionAnswer: answered,
    Erasure: lambda: Erasure(name="a.row:1", columns=[], kept_on="erasures", ground="Asked."),
    Identity: lambda: Identity(
        **dict(zip(("person", "counts_as"), Person.objects.order_by("pk")[:2], strict=True)),
    ),
    Leading: lambda: Leading(meeting=Meeting.objects.all()[0], person=Person.objects.all()[0]),
    OwnWord: lambda: OwnWord(
        case=Case.objects.all()[0],
        person=Person.objects.all()[0],
        giver=Person.objects.all()[1],
        number=1,
        is_theirs=True,
    ),
    SamePerson: lambda: SamePerson(
        reason="Seen.",
        **dict(zip(("one", "other"), Person.objects.order_by("pk")[:2], strict=True)),
    ),
    Supersession: superseded,
    Withdrawal: lambda: Withdrawal(evidence=Evidence.objects.all()[0]),
}


def one_of(model: type[models.Model]) -> Any:
    """A row of this model that was stated."""
    if model not in MADE:
        return model._base_manager.order_by("pk")[0]
    row = MADE[model]()
    row.save(force_insert=True)
    append(row.chain, "made.by_a_test", by=None, rows=[row])
    return row


@contextmanager
def by_hand() -> Iterator[None]:
    """Without triggers, and undone at the end."""
    connection.check_constraints()  # PostgreSQL drops no trigger of a table before that
    with transaction.atomic():
        remove()
        yield
        transaction.set_rollback(True)


def other_than(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case str():
            return "x" if value != "x" else "y"
        case int():
            return value + 100
        case datetime() | date():
            return value + timedelta(days=1)
        case list() | dict():
            return ["x"]
    return None


def change_something(row: Any) -> None:
    """Change the first stated column of this row that its constraints let be changed."""
    for field in type(row)._meta.concrete_fields:
        before = field.value_from_object(row)
        after = other_than(before)
        if field.is_relation or field.primary_key or after is None:
            continue
        if field.name in ("salt", *getattr(row, "unsealed", ())):
            continue
        try:
            with transaction.atomic():
                type(row)._base_manager.filter(pk=row.pk).update(**{field.name: after})
        except IntegrityError:
            continue
        return
    raise AssertionError(f"nothing of {row._meta.label} can be changed by hand")


@pytest.mark.tampers
@pytest.mark.parametrize("model", STATED, ids=lambda model: model.__name__)
def test_what_is_altered_or_removed_by_hand_is_found(model: type[models.Model]) -> None:
    row = one_of(model)
    whole = row.whole if isinstance(row, Part) else row
    assert verify_chain(whole.chain).faults == []

    with by_hand():
        change_something(row)
        assert f"{name_of(whole)}: altered" in verify_chain(whole.chain).faults
    with by_hand():
        rows = model._base_manager.filter(pk=row.pk)
        rows._raw_delete(rows.db)
        found = "altered" if isinstance(row, Part) else "removed"
        assert f"{name_of(whole)}: {found}" in verify_chain(whole.chain).faults
