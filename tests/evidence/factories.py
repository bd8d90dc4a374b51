"""One factory a model, with dull defaults; traits have the names of what they make."""

import io
from datetime import date, datetime, timedelta
from typing import Any

import factory
from django.db import transaction
from django.utils import timezone
from factory.django import DjangoModelFactory

from evidence.actions.pieces import FILES_OF_EVIDENCE
from evidence.models import (
    Attachment,
    Confirmation,
    Evidence,
    Feedback,
    FeedbackRequest,
    GiverRole,
    Remark,
    RequirementLink,
    Revision,
    Withdrawal,
)
from files.keeping import KeptFile, receive, take
from files.models import StoredFile
from people.models import Account, Address, Person
from qualifications.models import QualityRequirement
from tests.factories import (
    LONG_AGO,
    AccountFactory,
    EnrolmentFactory,
    PersonFactory,
    RequirementFactory,
    RowFactory,
)


class EvidenceFactory(RowFactory[Evidence]):
    """A piece with its first revision; give the revision's words as `revision__title` and so on,
    and the requirements it is laid against as `on=[…]`."""

    class Meta:
        model = Evidence
        skip_postgeneration_save = True

    owner = factory.SubFactory(AccountFactory)
    recorded_at = LONG_AGO

    @factory.post_generation
    def revision(self: Evidence, create: bool, extracted: object, **words: object) -> None:
        self.current = RevisionFactory(evidence=self, number=1, **words)
        self.save(update_fields=["current"])

    @factory.post_generation
    def on(
        self: Evidence, create: bool, extracted: list[QualityRequirement] | None, **kwargs: object
    ) -> None:
        for requirement in extracted or ():
            RequirementLinkFactory(evidence=self, requirement=requirement)

    @factory.post_generation
    def withdrawn(self: Evidence, create: bool, extracted: object, **kwargs: object) -> None:
        if extracted:
            withdraw(self)


def withdraw(piece: Evidence, at: datetime = LONG_AGO) -> Evidence:
    """The piece, withdrawn at this moment."""
    Withdrawal.objects.create(evidence=piece, recorded_at=at)
    piece.__dict__.pop("withdrawn_at", None)
    return piece


class RevisionFactory(DjangoModelFactory[Revision]):
    """A revision by itself; it does not become the current one of its evidence."""

    class Meta:
        model = Revision

    evidence = factory.SubFactory(EvidenceFactory)
    number = factory.Sequence(lambda n: n + 2)
    title = factory.Sequence(lambda n: f"Helped a client ({n})")
    happened_on = date(2026, 9, 1)
    recorded_at = LONG_AGO


class StoredFileFactory(RowFactory[StoredFile]):
    """The row of a text file, ready to be shown, without bytes in the storage."""

    class Meta:
        model = StoredFile

    class Params:
        waiting_photo = factory.Trait(
            media_type="image/jpeg", kind="image", preparation=StoredFile.Preparation.WAITING
        )

    owner = factory.SubFactory(AccountFactory)
    digest = factory.Sequence(lambda n: f"{n:064x}")
    size = 12
    media_type = "text/plain"
    kind = "text"
    preparation = StoredFile.Preparation.READY
    recorded_at = LONG_AGO


class AttachmentFactory(DjangoModelFactory[Attachment]):
    class Meta:
        model = Attachment

    revision = factory.SubFactory(RevisionFactory)
    file = factory.SubFactory(
        StoredFileFactory, owner=factory.SelfAttribute("..revision.evidence.owner")
    )
    name = "notes.txt"
    recorded_at = LONG_AGO


def taken_in(owner: Account, content: bytes, name: str = "notes.txt") -> KeptFile:
    """A file of this person that a piece can name."""
    return receive(
        io.BytesIO(content), name=name, size=len(content), purpose=FILES_OF_EVIDENCE, by=owner
    )


def attach(piece: Evidence, content: bytes, name: str = "notes.txt") -> StoredFile:
    """A file with these bytes, in the current revision of the piece."""
    kept = taken_in(piece.owner, content, name)
    with transaction.atomic():
        file = take([kept.id], purpose=FILES_OF_EVIDENCE, by=piece.owner)[kept.id]
        AttachmentFactory(revision=piece.current, file=file, name=kept.name)
    return file


class RequirementLinkFactory(DjangoModelFactory[RequirementLink]):
    class Meta:
        model = RequirementLink

    class Params:
        ended = factory.Trait(ended_at=LONG_AGO)

    evidence = factory.SubFactory(EvidenceFactory)
    requirement = factory.SubFactory(RequirementFactory)
    recorded_at = LONG_AGO


class GiverFactory(PersonFactory):
    """Somebody whom an asker named, without an account."""

    class Meta:
        model = Person
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Giver {n}")
    named_at = None

    @factory.post_generation
    def address(self: Person, create: bool, extracted: str | None, **kwargs: object) -> None:
        Address.objects.create(
            person=self,
            address=extracted or f"{self.pk.hex}@workplace.example",
            source=Address.Source.ASKER,
            recorded_at=LONG_AGO,
        )


class FeedbackRequestFactory(RowFactory[FeedbackRequest]):
    """An open question about a piece of the enrolment's student, about the requirements
    `on=[…]`."""

    class Meta:
        model = FeedbackRequest
        skip_postgeneration_save = True

    class Params:
        expired = factory.Trait(expires_at=LONG_AGO)
        answered = factory.Trait(state=FeedbackRequest.State.ANSWERED, settled_at=LONG_AGO)
        declined = factory.Trait(state=FeedbackRequest.State.DECLINED, settled_at=LONG_AGO)
        withdrawn = factory.Trait(state=FeedbackRequest.State.WITHDRAWN, settled_at=LONG_AGO)

    enrolment = factory.SubFactory(EnrolmentFactory)
    evidence = factory.SubFactory(
        EvidenceFactory, owner=factory.SelfAttribute("..enrolment.student")
    )
    revision = factory.LazyAttribute(lambda request: request.evidence.current)
    person = factory.SubFactory(GiverFactory)
    asked_as = factory.SelfAttribute("person.name")
    role = GiverRole.CLIENT
    language = "nl"
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=28))
    recorded_at = LONG_AGO

    @factory.post_generation
    def on(
        self: FeedbackRequest,
        create: bool,
        extracted: list[QualityRequirement] | None,
        **kwargs: object,
    ) -> None:
        self.requirements.set(extracted or ())


class FeedbackFactory(RowFactory[Feedback]):
    """Written feedback that answers no question; what it says as `remarks={requirement: "words"}`,
    with None for the whole. Where there are no words, the one `text` is said."""

    class Meta:
        model = Feedback
        skip_postgeneration_save = True

    class Params:
        noted = factory.Trait(
            source=Feedback.Source.NOTED,
            noted_by=factory.SelfAttribute("enrolment.student"),
            place="At the desk",
        )
        # The answer to a question of its own.
        asked = factory.Trait(
            request=factory.SubFactory(
                FeedbackRequestFactory,
                enrolment=factory.SelfAttribute("..enrolment"),
                evidence=factory.SelfAttribute("..evidence"),
                person=factory.SelfAttribute("..person"),
                asked_as=factory.SelfAttribute("..spoke_as"),
                role=factory.SelfAttribute("..role"),
                answered=True,
            )
        )

    enrolment = factory.SubFactory(EnrolmentFactory)
    evidence = factory.SubFactory(
        EvidenceFactory, owner=factory.SelfAttribute("..enrolment.student")
    )
    revision = factory.LazyAttribute(lambda feedback: feedback.evidence.current)
    person = factory.SubFactory(GiverFactory)
    spoke_as = factory.SelfAttribute("person.name")
    role = GiverRole.CLIENT
    source = Feedback.Source.WRITTEN
    given_on = date(2026, 9, 1)
    recorded_at = LONG_AGO

    text = "Friendly and clear."
    remarks = factory.LazyFunction(dict)

    @classmethod
    def _create(cls, model_class: type[Feedback], *args: object, **kwargs: Any) -> Feedback:
        text, said = kwargs.pop("text"), kwargs.pop("remarks")
        feedback = super()._create(model_class, *args, **kwargs)
        shared = [line for line, words in said.items() if not words]
        own = [([line], words) for line, words in said.items() if words]
        texts = [(shared, text), *own] if shared else own
        for order, (lines, words) in enumerate(texts):
            RemarkFactory(feedback=feedback, order=order, text=words, on=lines)
        return feedback


class RemarkFactory(DjangoModelFactory[Remark]):
    """About the requirements `on=[…]`, with None for the whole."""

    class Meta:
        model = Remark

    feedback = factory.SubFactory(FeedbackFactory)
    text = "Friendly and clear."
    on = factory.List([None])
    recorded_at = LONG_AGO

    @classmethod
    def _create(cls, model_class: type[Remark], *args: object, **kwargs: Any) -> Remark:
        lines = kwargs.pop("on")
        remark = super()._create(model_class, *args, on_whole=None in lines, **kwargs)
        for line in lines:
            if line:
                remark.about.create(requirement=line, recorded_at=LONG_AGO)
        return remark


def confirm(feedback: Feedback, *, said: bool = True, at: datetime = LONG_AGO) -> Confirmation:
    """The speaker's word on what was noted: yes, or no."""
    return Confirmation.objects.create(feedback=feedback, confirmed=said, recorded_at=at)


def said_in(feedback: Feedback) -> list[tuple[str, set[QualityRequirement | None]]]:
    """Each text of it with what it is about; None is the whole."""
    return [
        (remark.text, {*remark.requirements.all(), *([None] if remark.on_whole else [])})
        for remark in feedback.remarks.all()
    ]
