"""One factory a model, with dull defaults; traits have the names of what they make."""

from datetime import date, timedelta

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from evidence.models import (
    Attachment,
    Evidence,
    Feedback,
    FeedbackRequest,
    Giver,
    GiverRole,
    Remark,
    RequirementLink,
    Revision,
)
from files.models import StoredFile
from qualifications.models import QualityRequirement
from tests.factories import (
    LONG_AGO,
    AccountFactory,
    EnrolmentFactory,
    RequirementFactory,
    RowFactory,
)


class EvidenceFactory(RowFactory[Evidence]):
    """A piece with its first revision; give the revision's words as `revision__title` and so on,
    and the requirements it is laid against as `on=[…]`."""

    class Meta:
        model = Evidence
        skip_postgeneration_save = True

    class Params:
        withdrawn = factory.Trait(withdrawn_at=LONG_AGO)

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


class RevisionFactory(DjangoModelFactory[Revision]):
    """A revision by itself; it does not become the current one of its evidence."""

    class Meta:
        model = Revision

    evidence = factory.SubFactory(EvidenceFactory)
    number = factory.Sequence(lambda n: n + 2)
    title = factory.Sequence(lambda n: f"Helped a client ({n})")
    happened_on = date(2026, 9, 1)
    recorded_at = LONG_AGO


class StoredFileFactory(DjangoModelFactory[StoredFile]):
    """The row of a text file, ready to be shown, without bytes in the storage."""

    class Meta:
        model = StoredFile
        skip_postgeneration_save = True

    class Params:
        waiting_photo = factory.Trait(
            media_type="image/jpeg", kind="image", preparation=StoredFile.Preparation.WAITING
        )

    digest = factory.Sequence(lambda n: f"{n:064x}")
    size = 12
    media_type = "text/plain"
    kind = "text"
    preparation = StoredFile.Preparation.READY
    recorded_at = LONG_AGO

    @factory.post_generation
    def shown_as_it_is(self: StoredFile, create: bool, extracted: object, **kwargs: object) -> None:
        if self.preparation == StoredFile.Preparation.READY:
            self.shown = self
            self.save(update_fields=["shown"])


class AttachmentFactory(DjangoModelFactory[Attachment]):
    class Meta:
        model = Attachment

    revision = factory.SubFactory(RevisionFactory)
    file = factory.SubFactory(StoredFileFactory)
    name = "notes.txt"
    recorded_at = LONG_AGO


class RequirementLinkFactory(DjangoModelFactory[RequirementLink]):
    class Meta:
        model = RequirementLink

    class Params:
        ended = factory.Trait(ended_at=LONG_AGO)

    evidence = factory.SubFactory(EvidenceFactory)
    requirement = factory.SubFactory(RequirementFactory)
    recorded_at = LONG_AGO


class GiverFactory(DjangoModelFactory[Giver]):
    """Without an account; give one as `user`."""

    class Meta:
        model = Giver

    address = factory.Sequence(lambda n: f"giver{n}@workplace.example")
    name = factory.Sequence(lambda n: f"Giver {n}")
    recorded_at = LONG_AGO


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
    giver = factory.SubFactory(GiverFactory)
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
    """Written feedback that answers no question; its remarks as `remarks={requirement: "text"}`,
    with None for the one about the whole."""

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
                giver=factory.SelfAttribute("..giver"),
                role=factory.SelfAttribute("..role"),
                answered=True,
            )
        )

    enrolment = factory.SubFactory(EnrolmentFactory)
    evidence = factory.SubFactory(
        EvidenceFactory, owner=factory.SelfAttribute("..enrolment.student")
    )
    revision = factory.LazyAttribute(lambda feedback: feedback.evidence.current)
    giver = factory.SubFactory(GiverFactory)
    role = GiverRole.CLIENT
    source = Feedback.Source.WRITTEN
    text = "Friendly and clear."
    given_on = date(2026, 9, 1)
    recorded_at = LONG_AGO

    @factory.post_generation
    def remarks(
        self: Feedback,
        create: bool,
        extracted: dict[QualityRequirement | None, str] | None,
        **kwargs: object,
    ) -> None:
        for requirement, text in (extracted or {}).items():
            RemarkFactory(feedback=self, requirement=requirement, text=text)


class RemarkFactory(DjangoModelFactory[Remark]):
    """About the whole; give `requirement` for one about a requirement."""

    class Meta:
        model = Remark

    feedback = factory.SubFactory(FeedbackFactory)
    recorded_at = LONG_AGO
