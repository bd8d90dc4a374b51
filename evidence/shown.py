"""What who is asked for feedback is shown, and the word of their page on it: signed, so that what
comes back with an answer was shown to whoever held the link."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from django.core import signing

from evidence.asking import in_order
from evidence.models import Attachment, FeedbackRequest
from qualifications.models import QualityRequirement


@dataclass(frozen=True, slots=True)
class Shown:
    """The versions that a page of a question shows beside the revision, which the question names:
    the ids of the files that could be opened, and of the wordings of what is asked. A requirement
    that has none is shown in its official line."""

    question: UUID
    files: tuple[str, ...]
    wordings: tuple[str, ...]

    @classmethod
    def on(
        cls,
        question: FeedbackRequest,
        attachments: Iterable[Attachment],
        requirements: Iterable[QualityRequirement],
    ) -> Self:
        """Tell what a page shows that is drawn of these. No query where `file__cleaned` was
        selected."""
        files = [attachment.file.shown for attachment in attachments]
        worded = [line.wording_id for line in requirements]
        return cls(
            question.pk,
            tuple(str(file.pk) for file in files if file),
            tuple(str(wording) for wording in worded if wording),
        )

    @classmethod
    def now(cls, question: FeedbackRequest) -> Self:
        """Tell what the page of this question shows now. Two queries."""
        return cls.on(question, attachments_of(question), in_order(question.requirements.all()))

    @classmethod
    def read(cls, said: str, question: UUID) -> Self:
        """Read back what a page of this question said. Raises BadSignature for any other word."""
        files, wordings = signing.loads(said, salt=_salt(question))
        return cls(question, tuple(files), tuple(wordings))

    @property
    def signed(self) -> str:
        """What the page says of it, to be sent along with the answer."""
        return signing.dumps([self.files, self.wordings], salt=_salt(self.question))


def attachments_of(question: FeedbackRequest) -> list[Attachment]:
    """List the files of the revision that was asked about. One query."""
    return list(question.revision.attachments.select_related("file__cleaned"))


def _salt(question: UUID) -> str:
    return f"evidence.shown:{question}"
