"""The decision: committees, meetings, cases with their frozen sets, judgements and decisions."""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Self

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Exists, ExpressionWrapper, F, OuterRef, Q
from django.db.models.functions import Left
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from files.models import StoredFile
from people.identity import is_one_with
from people.models import Account, InstitutionRole, Person
from programmes.models import (
    SUPERVISING,
    AdviserAssignment,
    Enrolment,
    HouseRules,
    Programme,
    ProgrammeRole,
    Unit,
    UnitPart,
)
from records.models import (
    AppendOnly,
    Dated,
    DatedQuerySet,
    Look,
    Part,
    Row,
    Sealed,
    Version,
    name_of,
)


def _sits(user: Account, committee: str) -> Exists:
    """Tell whether this person now has a seat in the committee under this name in the outer
    query."""
    return Exists(
        Membership.objects.current().filter(committee=OuterRef(committee), person=user.pk)
    )


def _supervises(user: Account) -> Exists:
    """Tell whether this person is now auditor or sits in the exam board: they see all."""
    return Exists(InstitutionRole.objects.current().filter(person=user.pk, role__in=SUPERVISING))


class CommitteeQuerySet(models.QuerySet):
    def visible_to(self, user: Account) -> Self:
        """Find the committees that this person may see: those they now sit in, those of programmes
        they now coordinate (they look after the seats and see no case), and for auditor and exam
        board all."""
        coordinates = ProgrammeRole.objects.current().filter(
            programme=OuterRef("programme"), person=user.pk, role=ProgrammeRole.Role.COORDINATOR
        )
        return self.filter(_sits(user, "pk") | Exists(coordinates) | _supervises(user))

    def awaiting_mandate(self) -> Self:
        """Find the committees in which somebody votes with whom the exam board did not establish
        it: it has no mandate, or they got their seat since."""
        votes = Membership.objects.current().filter(
            Q(committee__mandate=None) | Q(recorded_at__gt=F("committee__mandate__recorded_at")),
            committee=OuterRef("pk"),
            role__in=Membership.VOTING,
        )
        return self.filter(Exists(votes))


class Committee(Row, Sealed):
    """Decides in meetings, once the exam board established it: gave it a mandate."""

    home = ("committee", "pk")

    programme = models.ForeignKey(
        Programme, on_delete=models.PROTECT, related_name="committees", verbose_name=_("programme")
    )
    name = models.CharField(_("name"), max_length=200)
    # The one that holds from now on; None until the exam board established it.
    mandate = models.OneToOneField(
        "Mandate", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    recorded_at = models.DateTimeField(_("recorded on"))

    objects = CommitteeQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("committee"), _("committees")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["programme", "name"], name="a_committee_name_is_unique_in_its_programme"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("committees:committee", args=[self.pk])


class Mandate(Version, Sealed):
    """What the exam board established of a committee: what it may decide, by which procedure, and
    with the two figures of that procedure. The current one is `Committee.mandate`; a meeting is
    held under the one of its reference moment, and a decision names it. (domain rule 19)"""

    home = ("committee", "committee_id")
    version_of = "committee"

    AT_LEAST = 2  # nobody decides alone

    committee = models.ForeignKey(Committee, on_delete=models.PROTECT, related_name="mandates")
    text = models.TextField(
        _("mandate"), help_text=_("What the exam board lets this committee decide.")
    )
    procedure = models.TextField(
        _("procedure"),
        help_text=_(
            "How this committee comes to a decision: in a few sentences, or the name and the date "
            "of the document in which the school says so."
        ),
    )
    given_on = models.DateField(_("date of the mandate"))
    quorum = models.PositiveSmallIntegerField(
        _("quorum"),
        default=3,
        validators=[MinValueValidator(AT_LEAST)],
        help_text=_("Voting members who must be present and not stand aside."),
    )
    judgements_asked = models.PositiveSmallIntegerField(
        _("judgements asked"),
        default=2,
        validators=[MinValueValidator(AT_LEAST)],
        help_text=_("Members who are present and wrote a judgement before a decision is taken."),
    )

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["committee", "number"], name="a_mandate_has_its_own_number"
            ),
            models.CheckConstraint(condition=Q(quorum__gte=2), name="a_quorum_is_two_or_more"),
            models.CheckConstraint(
                condition=Q(judgements_asked__gte=2), name="two_judgements_or_more_are_asked"
            ),
            models.CheckConstraint(
                condition=Q(quorum__gte=F("judgements_asked")),
                name="who_must_judge_must_be_present",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.committee_id} {self.number}"


class Membership(Dated, Sealed):
    """A seat in a committee, with its dates. The secretary has no vote."""

    home = ("committee", "committee_id")

    class Role(models.TextChoices):
        CHAIR = "chair", pgettext_lazy("role in a committee", "chair")
        SECRETARY = "secretary", pgettext_lazy("role in a committee", "secretary")
        MEMBER = "member", pgettext_lazy("role in a committee", "member")

    VOTING = (Role.CHAIR, Role.MEMBER)

    committee = models.ForeignKey(
        Committee, on_delete=models.PROTECT, related_name="memberships", verbose_name=_("committee")
    )
    person = models.ForeignKey(
        Person,
        on_delete=models.PROTECT,
        related_name="memberships",
        verbose_name=pgettext_lazy("somebody", "person"),
    )
    role = models.CharField(_("role"), max_length=10, choices=Role.choices)

    class Meta:
        verbose_name, verbose_name_plural = (
            pgettext_lazy("in a committee", "seat"),
            pgettext_lazy("in a committee", "seats"),
        )
        constraints = [
            models.UniqueConstraint(
                fields=["committee", "person"],
                condition=Q(ended_at__isnull=True),
                name="a_person_has_one_seat_in_a_committee",
            ),
            models.UniqueConstraint(
                fields=["committee"],
                condition=Q(ended_at__isnull=True, role="chair"),
                name="a_committee_has_one_chair",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.get_role_display()}"

    @property
    def votes(self) -> bool:
        return self.role in self.VOTING


class MeetingQuerySet(models.QuerySet):
    def visible_to(self, user: Account) -> Self:
        """Find the meetings that this person may see: those of committees in which they now sit;
        for auditor and exam board all."""
        return self.filter(_sits(user, "committee") | _supervises(user))

    def coming(self) -> Self:
        """Find the meetings that are not closed yet."""
        return self.filter(state__in=(Meeting.State.PLANNED, Meeting.State.OPEN))


class Meeting(Row, Sealed):
    """A sitting of the committee. At the reference moment the sets of its cases are frozen."""

    home = ("meeting", "pk")
    erasable = ("early_reason",)

    class State(models.TextChoices):
        PLANNED = "planned", pgettext_lazy("meeting", "planned")
        OPEN = "open", pgettext_lazy("meeting", "in session")
        CLOSED = "closed", pgettext_lazy("meeting", "closed")

    TRANSITIONS = {
        State.PLANNED: (State.OPEN,),
        State.OPEN: (State.CLOSED,),
        # Only where a decision is set back: who noted as present was not there.
        State.CLOSED: (State.OPEN,),
    }

    committee = models.ForeignKey(
        Committee, on_delete=models.PROTECT, related_name="meetings", verbose_name=_("committee")
    )
    held_at = models.DateTimeField(_("meeting"))
    place = models.CharField(_("place"), max_length=200, blank=True)
    reference_at = models.DateTimeField(
        _("reference date"), help_text=_("At this moment the sets of evidence are frozen.")
    )
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.PLANNED
    )
    recorded_at = models.DateTimeField(_("recorded on"))
    opened_at = models.DateTimeField(_("opened on"), null=True, blank=True)
    # Why it was opened before the day it was planned for.
    early_reason = models.CharField(_("why earlier"), max_length=500, blank=True)
    closed_at = models.DateTimeField(_("closed on"), null=True, blank=True)

    objects = MeetingQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("meeting"), _("meetings")
        ordering = ["-held_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(reference_at__lte=models.F("held_at")),
                name="sets_are_frozen_before_the_meeting",
            ),
            models.CheckConstraint(
                condition=Q(state="planned", opened_at__isnull=True)
                | Q(state__in=("open", "closed"), opened_at__isnull=False),
                name="a_meeting_is_opened_at_a_moment",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.committee}, {self.held_at:%Y-%m-%d}"

    def get_absolute_url(self) -> str:
        return reverse("committees:meeting", args=[self.pk])

    @property
    def day_at(self) -> datetime:
        """The moment whose day is said: when it was opened, and until then when it is planned."""
        return self.opened_at or self.held_at

    @property
    def mandate(self) -> Mandate:
        """The mandate under which the meeting is held: that of its reference moment, or, until
        then, of now. No query where it is the current one (read with the committee); else one.
        Raises LookupError for a committee that was not established by then."""
        current = self.committee.mandate
        if current is None:
            raise LookupError(f"meeting {self.pk} has no mandate")
        return current.as_of(self.reference_at)


class AttendanceQuerySet(DatedQuerySet):
    def standing(self) -> Self:
        """Leave out of whom it was noted and who says that they were not there, unless the
        secretary holds that they were; until the answer also what else was noted of them in that
        meeting, by another than themselves."""
        open_now = Contradiction.objects.unanswered().filter(
            attendance__meeting=OuterRef("meeting"), attendance__person=OuterRef("person")
        )
        return self.filter(
            Q(by=F("person")) | ~Exists(open_now),
            Q(contradiction=None) | Q(contradiction__answer__was_there=True),
        )


class Attendance(Dated, Sealed):
    """A member who is present at a meeting; leaving ends the row. It is their own act, or the
    secretary noted it."""

    home = ("meeting", "meeting_id")

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="attendances")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    objects = AttendanceQuerySet.as_manager()  # type: ignore[misc]  # not the one of Dated

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["meeting", "person"],
                condition=Q(ended_at__isnull=True),
                name="a_member_is_present_once",
            ),
        ]

    def __str__(self) -> str:
        return str(self.person_id)

    @property
    def is_own(self) -> bool:
        """Whether the member said it themselves."""
        return self.by_id == self.person_id

    def held_at(self, moment: datetime) -> bool:
        """Tell whether it was noted at this moment, and not ended by then."""
        return self.recorded_at <= moment and (self.ended_at is None or self.ended_at > moment)


class ContradictionQuerySet(models.QuerySet):
    def visible_to(self, user: Account) -> Self:
        """Find what this person said themselves, or what belongs to a meeting that they see."""
        meetings = Meeting.objects.visible_to(user)
        return self.filter(Q(attendance__person=user.pk) | Q(attendance__meeting__in=meetings))

    def unanswered(self) -> Self:
        return self.filter(answer=None)

    def to_answer_by(self, user: Account) -> Self:
        """Find what waits for the answer of this person: of the secretary now, unless it is they
        who contradict."""
        seats = Membership.objects.current().filter(
            committee=OuterRef("attendance__meeting__committee"),
            person=user.pk,
            role=Membership.Role.SECRETARY,
        )
        return self.unanswered().filter(Exists(seats)).exclude(attendance__person=user.pk)

    def for_exam_board(self, since: datetime) -> Self:
        """Find what the exam board reads: what waits for an answer; and of what was answered since
        this moment where the secretary holds that the member was there, or a decision of the
        meeting had been announced."""
        theirs = Q(answer__was_there=True) | Q(is_after_announcing=True)
        return self.for_page().filter(Q(answer=None) | Q(answer__recorded_at__gte=since) & theirs)

    def for_page(self) -> Self:
        """Read them with the member, who noted them as present, the meeting, and the answer; and
        with `is_after_announcing`: whether a decision of the meeting had been announced by then.
        One query."""
        announced = Announcement.objects.filter(
            decision__case__meeting=OuterRef("attendance__meeting"),
            recorded_at__lte=OuterRef("recorded_at"),
        )
        return self.annotate(is_after_announcing=Exists(announced)).select_related(
            "attendance__person", "attendance__by", "attendance__meeting__committee", "answer__by"
        )


class Contradiction(AppendOnly, Sealed):
    """A member says: I was not there, though the secretary noted it. No decision of the meeting is
    announced until the secretary answered. (domain rule 19)"""

    home = ("meeting", "attendance.meeting_id")

    attendance = models.OneToOneField(
        Attendance, on_delete=models.PROTECT, related_name="contradiction"
    )

    objects = ContradictionQuerySet.as_manager()

    is_after_announcing: bool  # only of `for_page`

    def __str__(self) -> str:
        return str(self.pk)

    def get_absolute_url(self) -> str:
        return reverse("committees:contradiction", args=[self.pk])


class ContradictionAnswer(AppendOnly, Sealed):
    """What the secretary answers to a member who says that they were not there."""

    home = ("meeting", "contradiction.attendance.meeting_id")
    erasable = ("reason",)

    contradiction = models.OneToOneField(
        Contradiction, on_delete=models.PROTECT, related_name="answer"
    )
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    was_there = models.BooleanField()
    # How the secretary knows it, of who was there; otherwise it may be empty.
    reason = models.CharField(_("reason"), max_length=500, blank=True)

    def __str__(self) -> str:
        return str(self.pk)


class Leading(Dated, Sealed):
    """The voting member who leads a meeting where the chair is not present or stands aside, as the
    secretary noted it; they accept by acting."""

    home = ("meeting", "meeting_id")

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="leadings")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["meeting"],
                condition=Q(ended_at__isnull=True),
                name="one_member_leads_in_the_chairs_place",
            ),
        ]

    def __str__(self) -> str:
        return str(self.person_id)


class CaseQuerySet(models.QuerySet):
    def visible_to(self, user: Account) -> Self:
        """Find the cases that this person may see: those of committees in which they now sit; for
        auditor and exam board all. Who stands aside sees that a case is there; its set is closed to
        them (access.py)."""
        return self.filter(_sits(user, "meeting__committee") | _supervises(user))

    def of_student(self, user: Account) -> Self:
        return self.filter(enrolment__student=user.pk)

    def announced_to(self, user: Account) -> Self:
        """Find the announced and deferred cases whose letter this person may read: the student's
        own, and those of students whom they now advise."""
        advises = AdviserAssignment.objects.current().filter(
            enrolment=OuterRef("enrolment"), adviser=user.pk
        )
        return self.filter(
            Q(enrolment__student=user.pk) | Exists(advises),
            state__in=(Case.State.ANNOUNCED, Case.State.DEFERRED),
        )

    def settled(self) -> Self:
        """Find the cases with an outcome: decided, announced or deferred."""
        return self.filter(state__in=Case.SETTLED)

    def waiting(self) -> Self:
        """Find the cases of which the student waits for the outcome: none was announced, nor
        deferred."""
        return self.filter(state__in=Case.WAITING)

    def set_back(self) -> Self:
        """Find the cases that were decided and are open again: the decision was set back, and none
        was taken since. (domain rule 19)"""
        taken = Decision.objects.filter(case=OuterRef("pk"))
        return self.filter(Exists(taken), state=Case.State.OPENED)

    def due_for_freezing(self, at: datetime) -> Self:
        """Find the cases whose set can be read as it stood at its reference moment: first those
        that somebody put first, then those that are due longest."""
        due = self.filter(state=Case.State.PLANNED, meeting__reference_at__lte=at - Case.SETTLES_IN)
        return due.order_by(F("hurried_at").asc(nulls_last=True), "meeting__reference_at", "order")

    def with_supervising(self, user: Account) -> Self:
        """Read the cases with `is_supervised`: whether this person now is auditor or sits in the
        exam board, and the case is not their own, whichever account they come with."""
        is_own = is_one_with(user.pk, "enrolment__student")
        return self.annotate(
            is_supervised=ExpressionWrapper(Q(_supervises(user)) & ~is_own, models.BooleanField())
        )

    def for_list(self) -> Self:
        """Read the cases with the student, the programme and its rules, the unit, the meeting, and
        the committee and its mandate. One query."""
        return self.select_related(
            "enrolment__student",
            "enrolment__programme__rules",
            "unit",
            "meeting__committee__mandate",
        )

    def for_record(self) -> Self:
        """Read the cases as `for_list`, and with what `settled_at` says. One query."""
        return self.for_list().select_related("decision__announcement", "deferral")

    def for_page(self) -> Self:
        """Read the cases as `for_list`, and with qualification, the decision that stands, its
        announcement and what it replaced, deferral, and the snapshot with its figures, less what
        is long. One query."""
        return (
            self.for_list()
            .select_related(
                "enrolment__programme__qualification",
                "decision__announcement",
                "decision__by",
                "decision__supersession__earlier",
                "deferral__by",
                "snapshot__figures",
            )
            .defer("snapshot__manifest", "snapshot__figures__shown")
        )


class Case(Row, Sealed):
    """One student, one unit, one meeting."""

    class State(models.TextChoices):
        PLANNED = "planned", pgettext_lazy("case", "planned")
        FROZEN = "frozen", pgettext_lazy("case", "set frozen, being read")
        OPENED = "opened", pgettext_lazy("case", "judgements opened")
        DECIDED = "decided", pgettext_lazy("case", "decided")
        ANNOUNCED = "announced", pgettext_lazy("case", "announced")
        DEFERRED = "deferred", pgettext_lazy("case", "deferred")

    TRANSITIONS = {
        State.PLANNED: (State.FROZEN,),
        State.FROZEN: (State.OPENED, State.DEFERRED),
        State.OPENED: (State.DECIDED, State.DEFERRED),
        # Back where it turns out that the committee could not decide: who was noted was not there.
        State.DECIDED: (State.ANNOUNCED, State.OPENED),
        State.ANNOUNCED: (),
        State.DEFERRED: (),
    }
    # Those that still await the committee's word.
    PENDING = (State.PLANNED, State.FROZEN, State.OPENED)
    # Those of which the student has not heard: of a student and a unit there is one such case.
    WAITING = (*PENDING, State.DECIDED)
    # Those whose set is with the members, who can still stand aside.
    WITH_MEMBERS = (State.FROZEN, State.OPENED)
    # Those with an outcome, announced or not.
    SETTLED = (State.DECIDED, State.ANNOUNCED, State.DEFERRED)
    # Those whose set can be read. Whatever is hidden until a moment is shown in listed states.
    WITH_SET = (State.FROZEN, State.OPENED, *SETTLED)
    # Those whose decision the committee can read; the student reads it once it is announced.
    WITH_DECISION = (State.DECIDED, State.ANNOUNCED)
    WAY = (State.PLANNED, State.FROZEN, State.OPENED, State.DECIDED, State.ANNOUNCED)

    # After the reference moment the slowest write of before it is in; and no file is waited for
    # any longer.
    SETTLES_IN = timedelta(minutes=1)
    WAITS_FOR_FILES = timedelta(hours=2)

    home = ("case", "pk")
    unsealed = ("order", "hurried_at", "waits_for")

    meeting = models.ForeignKey(
        Meeting, on_delete=models.PROTECT, related_name="cases", verbose_name=_("meeting")
    )
    enrolment = models.ForeignKey(
        Enrolment, on_delete=models.PROTECT, related_name="cases", verbose_name=_("student")
    )
    unit = models.ForeignKey(
        Unit, on_delete=models.PROTECT, related_name="cases", verbose_name=_("unit")
    )
    order = models.PositiveSmallIntegerField(_("place on the agenda"), default=0)
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.PLANNED
    )
    # When the judgements were opened. A case deferred before that keeps them sealed for ever.
    opened_at = models.DateTimeField(_("judgements opened on"), null=True, blank=True)
    # The decision that stands: that there is one, and not two, needs no other guard.
    decision = models.OneToOneField(
        "Decision",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="standing_for",
        verbose_name=_("decision"),
    )
    recorded_at = models.DateTimeField(_("recorded on"))
    # Of a set that is about to be frozen: put first by chair or secretary, and the ids of the
    # attachments whose files were still to be prepared when it was last read.
    hurried_at = models.DateTimeField(null=True, blank=True, editable=False)
    waits_for = models.JSONField(default=list, blank=True, editable=False)

    objects = CaseQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("case"), _("cases")
        ordering = ["order", "recorded_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["meeting", "enrolment", "unit"], name="a_case_is_on_the_agenda_once"
            ),
            models.UniqueConstraint(
                fields=["enrolment", "unit"],
                condition=Q(state__in=("planned", "frozen", "opened", "decided")),
                name="a_student_waits_for_one_case_on_a_unit",
            ),
            models.CheckConstraint(
                condition=Q(state__in=("planned", "frozen"), opened_at__isnull=True)
                | Q(state__in=("opened", "decided", "announced"), opened_at__isnull=False)
                | Q(state="deferred"),
                name="judgements_are_opened_at_a_moment_before_the_decision",
            ),
            models.CheckConstraint(
                condition=Q(state__in=("decided", "announced"), decision__isnull=False)
                | Q(state__in=("planned", "frozen", "opened", "deferred"), decision__isnull=True),
                name="a_decided_case_has_one_standing_decision",
            ),
        ]

    is_supervised: bool  # only of `with_supervising`

    def __str__(self) -> str:
        return f"{self.enrolment.student}, {self.unit}"

    @property
    def is_pending(self) -> bool:
        return self.state in self.PENDING

    @property
    def waits_at_most_until(self) -> datetime:
        """The moment at which its set is frozen even without files that are not prepared."""
        return self.meeting.reference_at + self.WAITS_FOR_FILES

    def rules_at(self, at: datetime) -> HouseRules:
        """Return the house rules that bind its committee at this moment: from the reference moment
        on those of that, whoever changes them since. No query where they are those of now."""
        return self.enrolment.programme.rules.as_of(min(at, self.meeting.reference_at))

    @property
    def has_set(self) -> bool:
        """Whether its set was frozen."""
        return self.state in self.WITH_SET

    @property
    def is_opened(self) -> bool:
        """Whether its judgements were opened: what was sealed when it was deferred stays so."""
        return self.opened_at is not None

    @property
    def standing(self) -> "Decision":
        """The decision that stands. Raises LookupError before there is one."""
        if self.decision is None:
            raise LookupError(f"case {self.pk} has no decision yet")
        return self.decision

    @property
    def outcome(self) -> "Decision | Deferral | None":
        """The decision that stands, or the deferral; None while the committee has not spoken. No
        query for a case of `for_page`."""
        if self.state == self.State.DEFERRED:
            return self.deferral
        return self.decision

    @property
    def has_outcome_at_hand(self) -> bool:
        """Whether its outcome was read with it."""
        name = "deferral" if self.state == self.State.DEFERRED else "decision"
        return name in self._state.fields_cache

    @property
    def settled_at(self) -> datetime:
        """When its state was reached: announced, deferred, or decided. No query for a case of
        `for_record`. Raises LookupError before there is an outcome."""
        if self.state == self.State.DEFERRED:
            return self.deferral.recorded_at
        if self.state == self.State.ANNOUNCED:
            return self.standing.announcement.recorded_at
        return self.standing.recorded_at

    @property
    def has_decision(self) -> bool:
        """Whether the committee decided; the student reads it once it is announced."""
        return self.state in self.WITH_DECISION

    @property
    def way(self) -> list[tuple[str, str]]:
        """The states on this case's way in words, each "done", "now" or "next"."""
        done = self.WAY[: 3 if self.is_opened else 2]  # it was frozen at least
        deferred = (*done, self.State.DEFERRED)
        states = deferred if self.state == self.State.DEFERRED else self.WAY
        here = states.index(self.State(self.state))
        return [
            (str(state.label), "done" if place < here else "now" if place == here else "next")
            for place, state in enumerate(states)
        ]


class Snapshot(AppendOnly, Sealed):
    """The frozen set: a manifest (canonical JSON bytes) that names each item by the salted hash
    of its content, and people by id. A committee reads this and never live data."""

    FORMAT = 1

    home = ("case", "case_id")
    unsealed = ("manifest",)  # the digest covers it
    read_at_once = 20

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="snapshot")
    manifest = models.BinaryField()
    digest = models.CharField(max_length=64)  # SHA-256 (hex) of the manifest

    def __str__(self) -> str:
        return str(self.case_id)

    @classmethod
    def for_sealing(cls) -> models.QuerySet[Self]:
        """Read the snapshots with the items, which their manifest proves, and the files in them.
        Three queries."""
        return super().for_sealing().prefetch_related("items__files")

    def own_faults(self, look: Look) -> Iterator[str]:
        manifest = bytes(self.manifest)
        if sha256(manifest).hexdigest() != self.digest:
            yield "the manifest is not the one that was frozen"
            return
        said = json.loads(manifest)
        items = list(self.items.all())
        entries = [
            (entry["digest"], (entry["kind"], entry["source"], number))
            for number, entry in enumerate(said["items"], start=1)
        ]
        yield from _set_faults(entries, [(item.digest, item.place) for item in items])
        named = {f"file {key}" for key in said.get("files", ())}
        there = {f"file {row.file_id}" for item in items for row in item.files.all()}
        for what in sorted(named - there):
            yield f"{what} was removed"
        for what in sorted(there - named):
            yield f"{what} was inserted"
        erased = look.digests(SnapshotItem)
        for item in items:
            for fault in item.own_faults(look, erased):
                yield f"item {item.digest[:12]}: {fault}"


ItemPlace = tuple[str, str | None, int]  # of an item in a set: its kind, what it froze, its number


def _set_faults(
    named: Collection[tuple[str, ItemPlace]], kept: Collection[tuple[str, ItemPlace]]
) -> Iterator[str]:
    """Compare the items that a manifest names, each by its digest and its place, with those that
    are kept, as often as each is there."""
    by_digest: dict[str, tuple[list[ItemPlace], list[ItemPlace]]] = defaultdict(lambda: ([], []))
    for which, items in enumerate((named, kept)):
        for digest, place in items:
            by_digest[digest][which].append(place)
    for digest, (wanted, here) in sorted(by_digest.items()):
        if len(here) < len(wanted):
            yield f"item {digest[:12]} was removed"
        elif len(here) > len(wanted):
            yield f"item {digest[:12]} was inserted"
        elif Counter(here) != Counter(wanted):
            yield (
                f"item {digest[:12]}: it is of another kind, has another place, or froze "
                "something else"
            )


class SnapshotItem(AppendOnly):
    """The content of one item of a frozen set, salted so that its hash tells nothing once the
    content is erased. Its snapshot's manifest proves it."""

    erasable = ("content", "salt")

    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="items")
    number = models.PositiveIntegerField()  # its place in the manifest
    kind = models.CharField(max_length=20)
    # The id of what it froze: a person, a revision, a feedback, a check-in; of what was asked
    # before, a finding or a deferral. Frame and terms have none.
    source = models.UUIDField(null=True)
    digest = models.CharField(max_length=64)  # SHA-256 (hex) of salt and content
    salt = models.BinaryField()
    content = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["snapshot", "digest"], name="an_item_is_in_a_snapshot_once"
            ),
            models.UniqueConstraint(
                fields=["snapshot", "number"], name="an_item_has_its_own_place_in_a_snapshot"
            ),
        ]
        # Whoever is tied to a set is found by what they gave in it (committees/who_sits.py).
        indexes = [models.Index(fields=["source", "snapshot"], name="an_item_by_what_it_froze")]

    def __str__(self) -> str:
        return f"{self.kind} {self.digest[:12]}"

    @property
    def place(self) -> ItemPlace:
        """What the manifest says of it beside its digest."""
        return self.kind, str(self.source) if self.source else None, self.number

    def own_faults(self, look: Look, erased: Collection[str]) -> Iterator[str]:
        """Report what is wrong in the content of an item, and in the files that are shown with it;
        `erased` are the digests of all items that were lawfully removed."""
        content = bytes(self.content)
        said = look.erased.get(name_of(self))
        if said is not None and self.digest not in said:
            yield "another item was erased under its name"
        if not content:
            if self.digest not in (said or ()):
                yield "the content is gone"
        elif said is not None or self.digest in erased:
            yield "the content was erased, and is here"
        elif sha256(bytes(self.salt) + content).hexdigest() != self.digest:
            yield "the content is not the one that was frozen"
        else:
            files = json.loads(content).get("files", ()) if self.kind == "piece" else ()
            shown = {file["file"] for file in files}
            if sorted(shown - {""}) != sorted(str(row.file_id) for row in self.files.all()):
                yield "the files that are shown with it are not those that it names"


class SetFigures(models.Model):
    """What is counted in a frozen set, and where its items stand; in figures and numbers, never in
    words. It holds for this digest, and as long as nothing was erased from the set since it was
    counted. Derived, and counted anew at any time (committees/set_figures.py)."""

    snapshot = models.OneToOneField(
        Snapshot, on_delete=models.CASCADE, primary_key=True, related_name="figures"
    )
    erasures = models.PositiveIntegerField(default=0)
    counted_erasures = models.PositiveIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True)
    # What a page shows first, and apart, as it is long, what the rest is found in.
    first = models.JSONField(default=dict)
    shown = models.JSONField(default=dict)
    layout = models.PositiveSmallIntegerField(default=0)  # of both; another is counted anew
    counted_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.snapshot_id)

    @property
    def holds(self) -> bool:
        """Whether it is of the set as it is now; to be read with its snapshot."""
        return (
            self.counted_at is not None
            and self.counted_erasures == self.erasures
            and self.digest == self.snapshot.digest
        )


class SnapshotFile(AppendOnly):
    """Where in a frozen set a file is shown, so that it can be served without reading the set; and
    while the set stands, the file does. What it says is believed where the item says so too."""

    item = models.ForeignKey(SnapshotItem, on_delete=models.PROTECT, related_name="files")
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "file"], name="a_file_is_in_an_item_once"),
        ]

    def __str__(self) -> str:
        return str(self.file_id)


class Recusal(AppendOnly, Sealed):
    """A member stands aside for one case."""

    class Ground(models.TextChoices):
        ADVISER = "adviser", pgettext_lazy("ground of a recusal", "is the student's adviser")
        GAVE_FEEDBACK = "gave_feedback", pgettext_lazy("ground of a recusal", "gave feedback")
        OWN_CASE = "own_case", pgettext_lazy("ground of a recusal", "is the student")
        OWN_REQUEST = "own_request", pgettext_lazy("ground of a recusal", "at their own request")

    erasable = ("reason",)
    home = ("case", "case_id")

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="recusals")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    ground = models.CharField(max_length=20, choices=Ground.choices)
    reason = models.CharField(_("reason"), max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "person"], name="a_member_is_recused_from_a_case_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.ground}"


def _last_of(rows: models.QuerySet, *of: str) -> models.Q:
    """Tell which of these numbered rows have none after them of the same."""
    same = {name: OuterRef(name) for name in of}
    return Q(~Exists(rows.model.objects.filter(number__gt=OuterRef("number"), **same)))


class OwnWordQuerySet(models.QuerySet):
    def standing(self) -> Self:
        """Keep the last word of each member on each giver."""
        return self.filter(_last_of(self, "case", "person", "giver"))


class OwnWord(AppendOnly, Sealed):
    """What a member says of the feedback of somebody in the set who is known at a mailbox of
    theirs, or of what was noted under their name: whether it is theirs. (domain rule 7) Said
    otherwise, it is a new row; the last one counts."""

    home = ("case", "case_id")

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="own_words")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    giver = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveSmallIntegerField()
    is_theirs = models.BooleanField()

    objects = OwnWordQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "person", "giver", "number"], name="an_own_word_has_its_own_number"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.giver_id}, {self.is_theirs}"


class Outcome(models.TextChoices):
    """What is found of a part of the unit. It is never final against the student: not yet."""

    ATTAINED = "attained", pgettext_lazy("finding", "attained")
    NOT_YET = "not_yet", pgettext_lazy("finding", "not yet attained")


class JudgementQuerySet(models.QuerySet):
    def standing(self) -> Self:
        """Keep the last judgement of each member."""
        return self.filter(_last_of(self, "case", "person"))


class Judgement(AppendOnly, Sealed):
    """A member's own view of a case, sealed until the chair opens them all together. Written
    again, it is a new row; the last one counts."""

    home = ("case", "case_id")
    erasable = ("motivation",)

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="judgements")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveSmallIntegerField()
    # {id of the unit's part: Outcome}
    findings = models.JSONField()
    motivation = models.TextField(_("motivation"), max_length=20_000)

    objects = JudgementQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "person", "number"], name="a_judgement_has_its_own_number"
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)  # never its content: this shows in logs


class DecisionQuerySet(models.QuerySet):
    def standing(self) -> Self:
        """Find the decision of each case that no other replaced."""
        return self.filter(standing_for__isnull=False)

    def set_back(self) -> Self:
        """Find the decisions that were set back before anybody read them."""
        return self.filter(standing_for=None, superseded_by=None)

    def for_page(self) -> Self:
        """Read the decisions with who recorded each, its announcement, what it replaced and its
        findings. Two queries."""
        return self.select_related(
            "by", "announcement", "supersession__by", "supersession__second"
        ).prefetch_related("findings")


class Decision(AppendOnly, Sealed):
    """What the committee decided on the frozen set: a finding for each part of the unit, and a
    motivation that points at items of the set. It is stated together with its findings. The case
    points at the one that stands; an earlier one stays on record."""

    home = ("case", "case_id")
    erasable = ("motivation",)

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="decisions")
    number = models.PositiveSmallIntegerField()
    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    motivation = models.TextField(_("motivation"), max_length=20_000)
    # Digests of the snapshot's items that the motivation points at.
    cited = models.JSONField()
    # The committee as it sat when it decided (rules.Panel, by `to_plain`); never read live.
    panel = models.JSONField()

    objects = DecisionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "number"], name="a_decision_has_its_own_number"
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Finding(AppendOnly, Part):
    """What a decision says of one part of the unit: attained or not yet, and then what is still
    to be shown, and by when where the committee says so. Stated with its decision."""

    part_of = "decision"
    erasable = ("to_show",)  # the finding itself stays

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="findings")
    part = models.ForeignKey(UnitPart, on_delete=models.PROTECT, related_name="+")
    order = models.PositiveSmallIntegerField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    # Of what is not yet attained never empty; NULL once it was erased.
    to_show = models.TextField(  # noqa: DJ001 - see above
        _("what is still to be shown"), max_length=5_000, blank=True, null=True, default=""
    )
    due_on = models.DateField(_("by when"), null=True, blank=True)

    class Meta:
        ordering = ["order"]
        constraints = [
            models.UniqueConstraint(
                fields=["decision", "part"], name="a_decision_has_one_finding_for_a_part"
            ),
            models.CheckConstraint(
                condition=Q(outcome="attained", to_show="", due_on__isnull=True)
                | Q(outcome="not_yet") & ~Q(to_show=""),
                name="what_is_not_yet_attained_is_still_to_be_shown",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Supersession(AppendOnly, Sealed):
    """One decision takes the place of another, on a ground that is said, by two people."""

    class Ground(models.TextChoices):
        RECTIFICATION = (
            "rectification",
            pgettext_lazy("why a decision is replaced", "a clerical error is put right"),
        )
        OBJECTION = "objection", pgettext_lazy("why a decision is replaced", "on objection")
        APPEAL = "appeal", pgettext_lazy("why a decision is replaced", "on appeal")

    home = ("case", "decision.case_id")
    erasable = ("reason",)

    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="supersession")
    earlier = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="superseded_by")
    ground = models.CharField(max_length=20, choices=Ground.choices)
    # Never empty; NULL once it was erased.
    reason = models.TextField(  # noqa: DJ001 - see above
        _("reason"), max_length=20_000, null=True, default=""
    )
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(decision=models.F("earlier")), name="a_decision_replaces_another"
            ),
            models.CheckConstraint(
                condition=~Q(by=models.F("second")), name="two_people_replace_a_decision"
            ),
            models.CheckConstraint(
                condition=~Q(reason=""), name="a_decision_is_replaced_for_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


# Hexadecimal digits: 80 bits, more than anybody guesses and few enough to type.
CODE_OF_LETTER = 20


class AnnouncementQuerySet(models.QuerySet):
    def for_letter(self) -> Self:
        """Read the announcements with what their letters say of student, programme, unit, committee
        and the decision that stands. One query."""
        return self.select_related(
            "decision__case__enrolment__student",
            "decision__case__enrolment__programme__qualification",
            "decision__case__unit",
            "decision__case__meeting__committee",
            "decision__case__decision",
        )


class Announcement(AppendOnly, Sealed):
    """The decision made known. It carries the head of the case's chain, so that the letter in the
    student's hands witnesses the record, and before whom and until when it can be contested."""

    home = ("case", "decision.case_id")

    class Body(models.TextChoices):
        EXAM_BOARD = "exam_board", pgettext_lazy("to contest a decision", "the exam board")
        APPEALS_COMMITTEE = (
            "appeals_committee",
            pgettext_lazy("to contest a decision", "the appeals committee for examinations (mbo)"),
        )
        APPEALS_COLLEGE = (
            "appeals_college",
            pgettext_lazy("to contest a decision", "the appeals board for examinations (hbo)"),
        )

    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="announcement")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    head = models.CharField(max_length=64)
    # The beginning of the head, by which whoever holds the letter looks up what it says.
    code = models.CharField(max_length=CODE_OF_LETTER, unique=True)
    body = models.CharField(max_length=20, choices=Body.choices)
    last_day = models.DateField()

    objects = AnnouncementQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(code=Left("head", CODE_OF_LETTER)),
                name="a_code_is_the_beginning_of_its_head",
            ),
        ]

    def __str__(self) -> str:
        return str(self.decision_id)

    @property
    def typed_code(self) -> str:
        """Its code as a letter bears it: in five groups of four."""
        groups = range(0, CODE_OF_LETTER, 4)
        return " ".join(self.code[place : place + 4] for place in groups)


class Deferral(AppendOnly, Sealed):
    """The committee does not decide yet: what is not in the set does not count, so it says what
    it asks the student to show. The case is done; a later meeting takes up a new one."""

    home = ("case", "case_id")
    erasable = ("reason",)

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="deferral")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField(_("what is asked"), max_length=20_000)
    # The committee as it sat then (rules.Panel, by `to_plain`); never read live.
    panel = models.JSONField()

    def __str__(self) -> str:
        return str(self.pk)
