"""The form of a piece of evidence. What was typed and every good file survive a wrong one."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from evidence.actions.pieces import Words
from evidence.models import Revision
from files.filetypes import ALLOWED, FileRefused, Kind
from files.keeping import KeptBytes, keep_bytes
from files.models import StoredFile
from people.models import Account

EARLIEST = date(1950, 1, 1)
# What a browser offers to choose from; what is let in is told from the content.
ACCEPT = ",".join(
    ["image/*", "video/*", "audio/*"]
    + [f".{each.extension}" for each in ALLOWED.values() if each.kind in (Kind.DOCUMENT, Kind.TEXT)]
)


class ManyFilesInput(forms.FileInput):
    """All files under one name, from however many inputs."""

    allow_multiple_selected = True

    def value_from_datadict(
        self,
        data: Any,
        files: MultiValueDict[str, UploadedFile],
        name: str,
    ) -> list[UploadedFile]:
        return files.getlist(name)


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A good file that a form offers to keep."""

    token: str
    name: str
    size: int
    chosen: bool


class PieceForm(forms.ModelForm):
    """What a revision says, and its files. Good files are stored as soon as they arrive, before
    all else is right: a wrong form shows them again by a signed token, for their uploader only."""

    kept = forms.Field(required=False, widget=forms.MultipleHiddenInput)
    uploads = forms.Field(
        label=gettext_lazy("Photos, video, sound or documents"),
        required=False,
        widget=ManyFilesInput(attrs={"accept": ACCEPT}),
    )

    class Meta:
        model = Revision
        fields = ["title", "kind", "happened_on", "place", "origin", "context", "reflection"]
        labels = {
            "title": gettext_lazy("What did you do or make?"),
            "origin": gettext_lazy("Where does it come from?"),
            "context": gettext_lazy("What was the situation?"),
            "reflection": gettext_lazy("What did you learn from it?"),
        }
        help_texts = {
            "title": gettext_lazy("One line is enough."),
            "context": gettext_lazy("For whom it was, what was asked, what you had to work with."),
        }
        widgets = {
            "kind": forms.RadioSelect(attrs={"class": "across"}),
            "happened_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "origin": forms.RadioSelect,
        }

    def __init__(self, *args: Any, user: Account, present: Iterable[KeptBytes] = (), **kwargs: Any):
        """`present` are the files of the revision that is edited."""
        super().__init__(*args, **kwargs)
        self.salt = f"evidence.kept:{user.pk}"
        self.present = {kept.digest: kept for kept in present}
        self.good: dict[str, KeptBytes] = {} if self.is_bound else dict(self.present)
        today = timezone.localdate()
        when = self.fields["happened_on"]
        when.initial = today
        when.widget.attrs |= {"min": EARLIEST.isoformat(), "max": today.isoformat()}
        when.validators += [
            MaxValueValidator(today, _("This day has not come yet.")),
            MinValueValidator(EARLIEST, _("Check the year.")),
        ]

    def clean_kept(self) -> None:
        gone = []
        for token in self.cleaned_data["kept"] or ():
            try:
                digest, size, media_type, name = signing.loads(token, salt=self.salt)
            except signing.BadSignature as fault:
                raise ValidationError(_("A file got lost. Choose it again.")) from fault
            if default_storage.exists(StoredFile(digest=digest).path):
                self.good[digest] = KeptBytes(digest, size, ALLOWED[media_type], name)
            else:
                gone.append(_("%(name)s is no longer here. Choose it again.") % {"name": name})
        if gone:
            raise ValidationError(gone)

    def clean_uploads(self) -> None:
        refused = []
        for upload in self.cleaned_data["uploads"]:
            try:
                if len(self.good) >= Revision.MOST_FILES:
                    text = _("A piece of evidence holds at most %(most)d files.")
                    raise FileRefused(text % {"most": Revision.MOST_FILES})
                kept = keep_bytes(upload, name=upload.name, size=upload.size)
                self.good.setdefault(kept.digest, kept)
            except FileRefused as refusal:
                refused.append(f"{Truncator(upload.name).chars(60)}: {refusal}")
        if refused:
            raise ValidationError(refused)

    @property
    def shows_more(self) -> bool:
        """Whether what is seldom filled in has something to show."""
        return any(
            self[name].errors or self[name].value() not in (None, "", Revision.Origin.HERE)
            for name in ("place", "context", "reflection", "origin")
        )

    @property
    def words(self) -> Words:
        """Of a right form: what the revision will say."""
        return Words(**{name: self.cleaned_data[name] for name in self._meta.fields or ()})

    @property
    def chosen_files(self) -> list[KeptBytes]:
        return list(self.good.values())

    def kept_files(self) -> list[KeptFile]:
        """The files that need not be chosen again, each to be kept or left out."""
        return [
            KeptFile(self._token(kept), kept.name, kept.size, kept.digest in self.good)
            for kept in (self.present | self.good).values()
        ]

    def _token(self, kept: KeptBytes) -> str:
        content = [kept.digest, kept.size, kept.file_type.media_type, kept.name]
        return signing.dumps(content, salt=self.salt)
