"""A programme whose committee sits: two hundred cases with frozen sets, and what its pages cost."""

from datetime import timedelta

from django.db.models import Count
from django.urls import reverse
from django.utils import timezone

from committees import actions
from committees.actions.freezing import freeze_case
from committees.agenda import mark_of
from committees.models import Case, Committee, Meeting, Outcome
from committees.rules import Found
from committees.snapshots import read
from demo import school
from people.models import Account, InstitutionRole
from post.models import OutboxMail
from tools.bench.row import Row

CASES = 200  # of each meeting
SETS = (50, 200, 1_000)  # pieces in the frozen set of one student each
AS_OF = 200  # pieces of a student whose set is read as of a moment
PIECES = 10  # of everybody else
PLANNED = timedelta(days=20)  # before today
JUDGED, OPENED, DECIDED = 40, 30, 20  # cases
NUMBER = 2  # of the programme in the school


def fill_sitting(groundwork: school.Groundwork) -> None:
    """Make the programme, with one meeting in session and one to come, both of all its students."""
    school.programme_of(groundwork, NUMBER + 1, students=CASES, pieces=0)  # to choose from
    made = school.programme_of(groundwork, NUMBER, students=CASES, pieces=PIECES)
    students = list(made.enrolments.order_by("pk"))
    for enrolment, size in zip(students, SETS, strict=False):
        school.give_pieces(enrolment, 2 * size - PIECES)  # of which one unit takes about a half
    school.give_pieces(students[len(SETS)], AS_OF - PIECES)
    committee = made.committees.get()
    seats = _seats(committee)
    now = timezone.now()
    meeting = actions.plan_meeting(
        committee=committee,
        held_at=now,
        reference_at=now - timedelta(days=1),
        place="",
        by=seats["secretary"],
        at=now - PLANNED,
    )
    first, second = made.units.order_by("title")
    actions.put_on_agenda(
        meeting=meeting,
        unit=second,
        enrolments=students,
        by=seats["secretary"],
        at=now - PLANNED,
    )
    to_come = committee.meetings.exclude(pk=meeting.pk).get()
    there = set(to_come.cases.values_list("enrolment", flat=True))
    actions.put_on_agenda(
        meeting=to_come,
        unit=first,
        enrolments=[row for row in students if row.pk not in there],
        by=seats["secretary"],
        at=now,
    )
    OutboxMail.objects.all().cancel(now)
    for case in meeting.cases.order_by("order"):
        freeze_case(case=case)
    for row in committee.memberships.current().select_related("person__account"):
        by = row.person.account
        actions.mark_present(meeting=meeting, person=row.person, by=by)
    actions.open_meeting(meeting=meeting, by=seats["chair"])
    _decide_some(meeting, seats)


def rows_of_sitting() -> list[Row]:
    """What is measured of the committee's pages, with what is wanted of it."""
    meetings = Meeting.objects.annotate(many=Count("cases")).filter(many=CASES)
    session = meetings.get(state=Meeting.State.OPEN)
    to_come = meetings.get(state=Meeting.State.PLANNED)
    choosing = Meeting.objects.exclude(committee=session.committee).latest("recorded_at")
    chooses = _seats(choosing.committee)["secretary"].person
    unit = choosing.committee.programme.units.order_by("title")[0].pk
    seats = _seats(session.committee)
    chair, member, secretary = (seats[role].person for role in ("chair", "member", "secretary"))
    auditor = InstitutionRole.objects.current().filter(role=InstitutionRole.Role.AUDITOR)[0].person
    page = reverse("committees:meeting", args=[session.pk])
    asks_again = f"{page}?large=1&mark={mark_of(seats['chair'], meeting=session.pk)}"
    found = [
        Row("meeting in session, chair, 200 cases", chair, page, 8),
        Row("meeting in session, member, 200 cases", member, page, 8),
        Row("meeting in session, projector, 200 cases", chair, f"{page}?large=1", 8),
        Row("meeting in session, last page", chair, f"{page}?page=100", 8),
        Row("poll, nothing changed", chair, asks_again, 2, htmx=True),
        Row(
            "meeting to come, 200 cases",
            secretary,
            reverse("committees:meeting", args=[to_come.pk]),
            8,
        ),
        Row(
            "agenda, 200 to choose from",
            chooses,
            f"{reverse('committees:agenda', args=[choosing.pk])}?unit={unit}",
            8,
        ),
    ]
    cases = list(session.cases.order_by("order")[: len(SETS)])
    large = session.cases.order_by("order")[len(SETS)].enrolment_id
    case = to_come.cases.select_related("enrolment__student").get(enrolment=large)
    as_of = reverse("committees:my_case", args=[case.pk])
    found.append(Row(f"a set as of a moment, {AS_OF}", case.enrolment.student, as_of, 15))
    for case, size, wanted in zip(cases, SETS, (6, 7, 8), strict=True):
        set_page = reverse("committees:case", args=[case.pk])
        found += [
            Row(f"dossier, {size} pieces", member, set_page, wanted, 150_000),
            Row(f"dossier, of clients, {size}", member, f"{set_page}?role=client", 25),
            Row(
                f"dossier, pieces, {size}", member, reverse("committees:pieces", args=[case.pk]), 8
            ),
            Row(
                f"dossier, one row opened, {size}",
                member,
                reverse("committees:line", args=[case.pk, _line_of(case)]),
                4,
                htmx=True,
            ),
            Row(
                f"record of a case, {size}",
                auditor,
                reverse("committees:case_record", args=[case.pk]),
                8,
            ),
        ]
    return found


def _line_of(case: Case) -> str:
    """Find a requirement against which something in the frozen set is laid."""
    return read(case).evidence_set.pieces[0].laid[0].requirement


def _decide_some(meeting: Meeting, seats: dict[str, Account]) -> None:
    """Judge the first cases of the agenda, open the judgements of most of these, and decide on
    some, that on the largest sets among them."""
    for place, case in enumerate(meeting.cases.order_by("order")[:JUDGED]):
        frozen = read(case)
        parts = [part.id for part in frozen.evidence_set.frame.parts]
        for seat in (seats["chair"], seats["member"]):
            actions.judge(
                case=case,
                findings=dict.fromkeys(parts, Outcome.ATTAINED),
                motivation="Het beeld is rijk: veel werk, gezien van alle kanten.",
                by=seat,
            )
        if place < OPENED:
            actions.open_judgements(case=case, by=seats["chair"])
        if place < DECIDED:
            actions.decide(
                case=case,
                findings=dict.fromkeys(parts, Found(Outcome.ATTAINED)),
                motivation="Het beeld is rijk: veel werk, gezien van alle kanten.",
                cited=[next(iter(frozen.digests.values()))],
                by=seats["chair"],
            )


def _seats(committee: Committee) -> dict[str, Account]:
    rows = committee.memberships.current().select_related("person__account")
    return {row.role: row.person.account for row in rows.order_by("pk")}
