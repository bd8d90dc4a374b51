"""One piece of evidence and the feedback on it."""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Self
from uuid import UUID

from django.db import models
from django.db.models import Count, Exists, ExpressionWrapper, Min, OuterRef, Prefetch, Q, Subquery
from django.db.models.expressions import NegatedExpression
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from files.models import StoredFile
from people.models import Account, Address, Person
from post.links import id_in, is_genuine, token_for
from programmes.models import Enrolment, Track
from qualifications.models import QualityRequirement
from records.models import (
    AppendOnly,
    Correctable,
    CorrectableQuerySet,
    Dated,
    Part,
    Row,
    Sealed,
    Version,
    standing,
)


class GiverRole(models.TextChoices):
    """From which side somebody gives feedback."""

    CLIENT = "client", pgettext_lazy("role of a giver", "client")
    PEER = "peer", pgettext_lazy("role of a giver", "fellow student")
    SUPERVISOR = "supervisor", pgettext_lazy("role of a giver", "workplace supervisor")
    TEACHER = "teacher", pgettext_lazy("role of a giver", "teacher")
    OTHER = "other", pgettext_lazy("role of a giver", "someone else")


# --- Evidence -------------------------------------------------------------------------------------


class EvidenceQuerySet(models.QuerySet):
    def kept(self) -> Self:
        """Find the pieces that are not withdrawn."""
        return self.filter(not_withdrawn())

    def kept_at(self, moment: datetime) -> Self:
        """Find the pieces that were there at this (aware) moment and not withdrawn then."""
        withdrawn = Withdrawal.objects.as_of(moment).filter(evidence=OuterRef("pk"))
        return self.filter(~Exists(withdrawn), recorded_at__lte=moment)

    def with_withdrawal(self) -> Self:
        """Read `withdrawn_at` along with the pieces; without this it is a query for each."""
        current = Withdrawal.objects.current().filter(evidence=OuterRef("pk"))
        return self.annotate(withdrawn_at=Subquery(current.values("recorded_at")))

    def visible_to(self, user: Account) -> Self:
        """Find the pieces that this person may see: those that they may read in full, and, for
        whoever has an account, those that a question for their feedback still shows."""
        return self.visible_at(timezone.now(), timezone.localdate(), user.pk)

    def visible_at(self, moment: datetime, day: date, person: UUID) -> Self:
        """Find what `visible_to` finds, as it is at this (aware) moment of this day: for queries
        that are prepared."""
        asked = FeedbackRequest.objects.showing(moment).filter(person=person)
        asked = asked.filter(evidence=OuterRef("pk"))
        return self.filter(self._in_full(day, person) | Exists(asked))

    def in_full_for(self, user: Account) -> Self:
        """Find the pieces that this person reads with reflection, requirements and feedback: their
        own, and those laid against the requirements of an enrolment of the owner that they now
        advise, or teach in."""
        return self.filter(self._in_full(timezone.localdate(), user.pk))

    def with_in_full(self, day: date, person: UUID) -> Self:
        """Read with the pieces, as `in_full`, whether they are among those `in_full_for` this
        person on this day."""
        in_full = ExpressionWrapper(self._in_full(day, person), models.BooleanField())
        return self.annotate(in_full=in_full)

    def _in_full(self, day: date, person: UUID) -> Q:
        followed = Track.objects.current().filter(
            enrolment__in=Enrolment.objects.portfolio_visible_on(day, person),
            enrolment__student=OuterRef("evidence__owner"),
            qualification=OuterRef("requirement__qualification"),
        )
        laid = RequirementLink.objects.current().filter(Exists(followed), evidence=OuterRef("pk"))
        return Q(owner=person) | Q(Exists(laid))

    def for_list(self, at: datetime) -> Self:
        """Read the pieces with what a list shows of each: `requirements` it is now
        laid against, and the `framework` of one of them, `waiting` questions that can still be
        answered, and `remarks`, each text counted once. One query."""
        laid = RequirementLink.objects.current().filter(evidence=OuterRef("pk"))
        return (
            self.with_withdrawal()
            .select_related("current")
            .annotate(
                requirements=_counted(RequirementLink.objects.current()),
                framework=Subquery(laid.values("requirement__qualification__framework")[:1]),
                waiting=_counted(FeedbackRequest.objects.awaiting_answer(at)),
                remarks=_counted(
                    Remark.objects.filter(standing("feedback__")), "feedback__evidence"
                ),
            )
            .order_by()
        )

    def for_page(self) -> Self:
        """Read each piece with its words, owner and files, and `with_withdrawal`, in two
        queries."""
        files = Attachment.objects.select_related("file__cleaned")
        return (
            self.with_withdrawal()
            .select_related("owner", "current")
            .prefetch_related(Prefetch("current__attachments", files))
        )


def not_withdrawn(of: str = "pk") -> "NegatedExpression[Any]":
    """Tell that the piece in this column is not withdrawn: asked of each row that is found, where
    SQLite would go through all pieces there are for `__in=Evidence.objects.kept()`."""
    return ~Exists(Withdrawal.objects.current().filter(evidence=OuterRef(of)))


def _counted(rows: models.QuerySet, of: str = "evidence") -> Coalesce:
    """Count how many of these rows a piece has."""
    counts = rows.filter(**{of: OuterRef("pk")}).order_by().values(of).annotate(n=Count("pk"))
    return Coalesce(Subquery(counts.values("n")), 0)


class Evidence(Row, Sealed):
    """A meaningful act or a product, with which its owner collects feedback. It belongs to the
    person and outlives a programme; what it says stands in its revisions."""

    home = ("person", "owner_id")

    owner = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="evidence", db_index=False
    )
    current = models.OneToOneField(
        "Revision", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    recorded_at = models.DateTimeField()

    objects = EvidenceQuerySet.as_manager()

    class Meta:
        ordering = ["-recorded_at"]
        indexes = [models.Index(fields=["owner", "recorded_at"], name="evidence_of_an_owner")]
        verbose_name = _("evidence")
        verbose_name_plural = _("evidence")

    def __str__(self) -> str:
        return self.current.title if self.current else str(self.pk)

    def get_absolute_url(self) -> str:
        return reverse("evidence:detail", args=[self.pk])

    @cached_property
    def withdrawn_at(self) -> datetime | None:
        """Since when it counts no longer; None while it counts. One query, once, unless it was
        read `with_withdrawal`."""
        return self.withdrawals.current().values_list("recorded_at", flat=True).first()

    def current_links(self) -> "models.QuerySet[RequirementLink]":
        """Find what the piece is laid against now, in the order of the qualification. One query."""
        process = "requirement__places__work_process__"
        return (
            self.links.current()
            .select_related("requirement__qualification", "requirement__wording")
            .alias(
                task=Min(f"{process}core_task__order"),
                process=Min(f"{process}order"),
                line=Min("requirement__places__order"),
            )
            .order_by("task", "process", "line", "pk")
        )


class Withdrawal(Dated, Sealed):
    """A piece counts no longer, and stays on record; when the withdrawal ends, it counts again."""

    home = ("person", "evidence.owner_id")

    evidence = models.ForeignKey(Evidence, on_delete=models.CASCADE, related_name="withdrawals")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["evidence"],
                condition=Q(ended_at__isnull=True),
                name="a_piece_is_withdrawn_once_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.evidence_id} {self.recorded_at}"


class Revision(Version, Sealed):
    """What a piece of evidence said at one time. Feedback is tied to the revision its giver saw."""

    class Kind(models.TextChoices):
        ACT = "act", pgettext_lazy("kind of evidence", "something I did")
        PRODUCT = "product", pgettext_lazy("kind of evidence", "something I made")

    class Origin(models.TextChoices):
        HERE = "here", pgettext_lazy("origin of evidence", "during this programme")
        EARLIER = "earlier", pgettext_lazy("origin of evidence", "earlier, before this programme")
        ELSEWHERE = (
            "elsewhere",
            pgettext_lazy("origin of evidence", "elsewhere, outside the programme"),
        )

    MOST_FILES = 20

    home = ("person", "evidence.owner_id")
    version_of = "evidence"
    erasable = ("title", "place", "context", "reflection")
    deletable = True

    evidence = models.ForeignKey(Evidence, on_delete=models.CASCADE, related_name="revisions")
    kind = models.CharField(_("what is it?"), max_length=10, choices=Kind.choices, default=Kind.ACT)
    title = models.CharField(_("title"), max_length=200)
    happened_on = models.DateField(_("when?"))
    place = models.CharField(_("where?"), max_length=200, blank=True)
    origin = models.CharField(
        _("shown"), max_length=10, choices=Origin.choices, default=Origin.HERE
    )
    context = models.TextField(_("context"), blank=True, max_length=10_000)
    reflection = models.TextField(_("reflection"), blank=True, max_length=20_000)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["evidence", "number"], name="a_revision_has_its_own_number"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.number})"


class Attachment(AppendOnly, Part):
    """A file in a revision, under the name its owner gave it."""

    part_of = "revision"
    erasable = ("name",)
    deletable = True

    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="attachments")
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=150)
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["order"]
        constraints = [
            models.UniqueConstraint(
                fields=["revision", "file"], name="a_file_is_in_a_revision_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class RequirementLink(Dated, Sealed):
    """A piece of evidence laid against a requirement, perhaps with a why."""

    home = ("person", "evidence.owner_id")
    erasable = ("why",)

    evidence = models.ForeignKey(Evidence, on_delete=models.CASCADE, related_name="links")
    requirement = models.ForeignKey(
        QualityRequirement, on_delete=models.PROTECT, related_name="links"
    )
    why = models.CharField(_("why does this fit?"), max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["evidence", "requirement"],
                condition=Q(ended_at__isnull=True),
                name="evidence_is_laid_against_a_requirement_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.evidence_id} → {self.requirement_id}"


# --- Feedback -------------------------------------------------------------------------------------


def in_sight_of(day: date, person: UUID) -> Q:
    """Select the questions or answers that this person sees on this day: as the student; as who now
    advises them or teaches in the enrolment in whose frame it was; and as who was asked or spoke.
    Other givers do not."""
    seen = Enrolment.objects.portfolio_visible_on(day, person).filter(pk=OuterRef("enrolment"))
    return Q(evidence__owner=person) | Exists(seen) | Q(person=person)


class FeedbackRequestQuerySet(models.QuerySet):
    def visible_to(self, user: Account) -> Self:
        return self.filter(in_sight_of(timezone.localdate(), user.pk))

    def showing(self, at: datetime) -> Self:
        """Find the questions that show their piece to who was asked: until they expire, are
        declined or withdrawn, or the piece is."""
        state = FeedbackRequest.State
        return self.filter(
            ~Exists(Withdrawal.objects.current().filter(evidence=OuterRef("evidence"))),
            state__in=[state.OPEN, state.ANSWERED],
            expires_at__gt=at,
        )

    def awaiting_answer(self, at: datetime) -> Self:
        return self.showing(at).filter(state=FeedbackRequest.State.OPEN)

    def from_token(self, token: str) -> "FeedbackRequest | None":
        """Find the request whose link this is; None for a forged or revoked one. Says nothing of
        whether it still can be answered. One query."""
        row_id = id_in(token)
        request = row_id and self.filter(pk=row_id).first()
        if request and is_genuine(token, "feedback-request", request.pk, request.serial):
            return request
        return None

    def from_revoked(self, token: str) -> "FeedbackRequest | None":
        """Find the request whose link this once was: for a kinder page, it opens nothing. One
        query."""
        request = self.filter(pk=id_in(token)).first()
        serials = range(1, request.serial) if request else ()
        if request and any(
            is_genuine(token, "feedback-request", request.pk, serial) for serial in serials
        ):
            return request
        return None


class FeedbackRequest(Row, Sealed):
    """One question to one giver, in the frame of one enrolment, whose house rules hold."""

    home = ("person", "evidence.owner_id")
    erasable = ("message",)
    with_person = ("asked_as",)

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("feedback request", "waiting for an answer")
        ANSWERED = "answered", pgettext_lazy("feedback request", "answered")
        DECLINED = "declined", pgettext_lazy("feedback request", "declined")
        WITHDRAWN = "withdrawn", pgettext_lazy("feedback request", "withdrawn")
        TAKEN_BACK = "taken_back", pgettext_lazy("feedback request", "taken back")

    # The workflow: from which state to which (docs/workflows.md draws it).
    TRANSITIONS = {
        State.OPEN: (State.ANSWERED, State.DECLINED, State.WITHDRAWN, State.TAKEN_BACK),
        # Back while it can be undone: who answered or declined did so by a slip.
        State.ANSWERED: (State.OPEN,),
        State.DECLINED: (State.OPEN,),
        State.WITHDRAWN: (),
        State.TAKEN_BACK: (),
    }
    # Those that somebody was asked for good: what was taken back counts for nothing.
    ASKED = (State.OPEN, State.ANSWERED, State.DECLINED, State.WITHDRAWN)
    MOST_REQUIREMENTS = 5
    REMIND_AFTER = timedelta(hours=24)  # since the last mail about it

    class Reason(models.TextChoices):
        """Why somebody declined, where they said so."""

        NOT_SEEN = "not_seen", pgettext_lazy("reason to decline", "I have not seen this")
        NOT_ME = "not_me", pgettext_lazy("reason to decline", "This isn't me")
        RATHER_NOT = "rather_not", pgettext_lazy("reason to decline", "I'd rather not")

    enrolment = models.ForeignKey(
        Enrolment, on_delete=models.PROTECT, related_name="feedback_requests"
    )
    evidence = models.ForeignKey(
        Evidence, on_delete=models.PROTECT, related_name="feedback_requests"
    )
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+")
    # Who was meant, and the name that the asker gave them.
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="questions")
    asked_as = models.CharField(max_length=120, blank=True)
    role = models.CharField(max_length=12, choices=GiverRole.choices)
    requirements: models.ManyToManyField = models.ManyToManyField(
        QualityRequirement, through="AskedRequirement", related_name="+"
    )
    message = models.TextField(blank=True, max_length=2_000)
    language = models.CharField(max_length=5)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    serial = models.PositiveIntegerField(default=1)  # a new one revokes the links before it
    expires_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    reminded_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=10, choices=Reason.choices, blank=True)
    # When the answer, or the no, was last taken back by who gave it: whoever saw it reads so.
    taken_back_at = models.DateTimeField(null=True, blank=True)

    objects = FeedbackRequestQuerySet.as_manager()

    class Meta:
        ordering = ["-recorded_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["evidence", "person"],
                condition=Q(state="open"),
                name="a_person_has_one_open_question_about_a_piece",
            ),
            models.CheckConstraint(
                condition=Q(state="declined") | Q(reason=""),
                name="only_who_declined_has_a_reason_for_it",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.evidence_id} → {self.person_id}"

    @property
    def token(self) -> str:
        return token_for("feedback-request", self.pk, self.serial)

    def is_answerable(self, at: datetime) -> bool:
        """Tell whether an answer is taken now. One query while it is open, unless its piece was
        read `with_withdrawal`."""
        return (
            self.state == self.State.OPEN
            and self.expires_at > at
            and self.evidence.withdrawn_at is None
        )


class AskedRequirement(AppendOnly, Part):
    """A requirement that a question is about."""

    part_of = "question"

    question = models.ForeignKey(FeedbackRequest, on_delete=models.PROTECT, related_name="about")
    requirement = models.ForeignKey(QualityRequirement, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["question", "requirement"], name="a_question_is_about_a_requirement_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.question_id} → {self.requirement_id}"


class FeedbackQuerySet(CorrectableQuerySet):
    def visible_to(self, user: Account) -> Self:
        return self.filter(in_sight_of(timezone.localdate(), user.pk))

    def from_token(self, token: str) -> "Feedback | None":
        """Find the noted feedback whose confirmation link this is, as its speaker put it right;
        None for a forged or revoked one, once other words replaced it, and once mail for its
        speaker goes elsewhere. Two queries."""
        receiving = Address.objects.current().filter(receives=True)
        return self._noted(token, receiving, lambda serial: [serial])

    def from_revoked(self, token: str) -> "Feedback | None":
        """Find the noted feedback whose confirmation link this once was: for a kinder page, it
        opens nothing. Two queries."""
        return self._noted(token, Address.objects.all(), lambda serial: range(1, serial + 1))

    def _noted(
        self,
        token: str,
        addresses: models.QuerySet[Address],
        serials: Callable[[int], Iterable[int]],
    ) -> "Feedback | None":
        row_id = id_in(token)
        there = addresses.filter(person__given_feedback=row_id)
        if row_id is None or not any(
            is_genuine(token, _for_mail_at(address), row_id, serial)
            for address, now in there.values_list("pk", "person__given_feedback__serial")
            for serial in serials(now)
        ):
            return None
        noted = self.current().filter(source=Feedback.Source.NOTED)
        return noted.filter(Q(pk=row_id) | Q(replaces=row_id)).first()

    def awaiting_confirmation(self, at: datetime) -> Self:
        """Find the noted feedback of which its speaker can still say whether they said it."""
        return self.current().filter(
            ~Exists(Withdrawal.objects.current().filter(evidence=OuterRef("evidence"))),
            source=Feedback.Source.NOTED,
            confirmation=None,
            recorded_at__gt=at - Feedback.CONFIRM_WITHIN,
        )


def _for_mail_at(address: UUID | None) -> str:
    """Say what a confirmation link is for: for who reads mail where mail for its speaker goes."""
    return f"confirmation at {address}"


class Feedback(Correctable, Sealed):
    """What somebody said or wrote about a piece of evidence: narrative first, in its remarks."""

    class Source(models.TextChoices):
        WRITTEN = "written", pgettext_lazy("source of feedback", "written")
        NOTED = "noted", pgettext_lazy("source of feedback", "noted")

    CONFIRM_WITHIN = timedelta(days=60)

    home = ("person", "evidence.owner_id")
    changeable = (*Correctable.changeable, "serial", "unsaid_at")
    released = (*Correctable.released, "request_id")
    erasable = ("place",)
    with_person = ("spoke_as",)

    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, related_name="feedback")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+")
    enrolment = models.ForeignKey(
        Enrolment, on_delete=models.PROTECT, related_name="feedback", db_index=False
    )
    # Who spoke, and the name and role under which they did.
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="given_feedback")
    spoke_as = models.CharField(max_length=120, blank=True)
    role = models.CharField(max_length=12, choices=GiverRole.choices)
    request = models.OneToOneField(
        FeedbackRequest, on_delete=models.PROTECT, null=True, blank=True, related_name="feedback"
    )
    source = models.CharField(max_length=10, choices=Source.choices)
    # Of noted feedback: who noted it, when and where it was said.
    noted_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    given_on = models.DateField()
    place = models.CharField(max_length=200, blank=True)
    serial = models.PositiveIntegerField(default=1)  # a new one revokes the link before it
    # When its speaker last took their word on it back: whoever saw that word reads so.
    unsaid_at = models.DateTimeField(null=True, blank=True)

    objects = FeedbackQuerySet.as_manager()

    class Meta:
        ordering = ["-recorded_at"]
        indexes = [
            models.Index(fields=["enrolment", "recorded_at"], name="feedback_in_an_enrolment")
        ]
        verbose_name = _("feedback")
        verbose_name_plural = _("feedback")
        constraints = [
            models.CheckConstraint(
                condition=Q(source="written", noted_by__isnull=True)
                | Q(source="noted", noted_by__isnull=False),
                name="noted_feedback_says_who_noted_it",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} {self.pk}"

    @property
    def confirmation_token(self) -> str:
        """Of the link by which its speaker says whether they said it. One query."""
        address = self.person.address()
        return token_for(_for_mail_at(address.pk if address else None), self.pk, self.serial)

    @property
    def confirmed(self) -> bool | None:
        """What the speaker said of noted feedback; None while they said nothing. One query, unless
        it was selected."""
        word = getattr(self, "confirmation", None)
        return word.confirmed if word else None

    def is_fresh(self, at: datetime) -> bool:
        """Tell whether the confirmation link still shows what was noted. One query, unless its
        piece was read `with_withdrawal`."""
        return self.recorded_at + self.CONFIRM_WITHIN > at and self.evidence.withdrawn_at is None

    def is_confirmable(self, at: datetime) -> bool:
        return self.is_fresh(at) and self.confirmed is None


class Remark(AppendOnly, Part):
    """What a feedback says, in one text: about one or more requirements, about the whole, or
    both."""

    part_of = "feedback"
    erasable = ("text",)

    feedback = models.ForeignKey(Feedback, on_delete=models.PROTECT, related_name="remarks")
    order = models.PositiveSmallIntegerField(default=0)
    text = models.TextField(max_length=20_000)
    on_whole = models.BooleanField(default=False)
    requirements: models.ManyToManyField = models.ManyToManyField(
        QualityRequirement, through="RemarkRequirement", related_name="remarks"
    )

    class Meta:
        ordering = ["order"]
        constraints = [
            models.UniqueConstraint(
                fields=["feedback", "order"], name="a_remark_has_its_own_place_in_a_feedback"
            ),
            models.UniqueConstraint(
                fields=["feedback"],
                condition=Q(on_whole=True),
                name="a_feedback_remarks_on_the_whole_once",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class RemarkRequirement(AppendOnly, Part):
    """A requirement that a remark is about."""

    part_of = "remark"

    remark = models.ForeignKey(Remark, on_delete=models.PROTECT, related_name="about")
    requirement = models.ForeignKey(QualityRequirement, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["remark", "requirement"], name="a_remark_is_about_a_requirement_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.remark_id} → {self.requirement_id}"


class Confirmation(AppendOnly, Part):
    """The speaker's own word on noted feedback: yes, I said this, or no. It is given once; it holds
    no words, and goes where it was taken back."""

    part_of = "feedback"
    deletable = True

    feedback = models.OneToOneField(Feedback, on_delete=models.PROTECT, related_name="confirmation")
    confirmed = models.BooleanField()

    def __str__(self) -> str:
        return f"{self.feedback_id}: {self.confirmed}"
