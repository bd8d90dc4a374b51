"""The form of a piece of evidence. What was typed and every good file survive a wrong one."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from mimetypes import guess_type
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from evidence.actions.pieces import FILES_OF_EVIDENCE, Words, own_files
from evidence.models import Evidence, Revision
from evidence.reading import NEWEST_PIECES, in_sort
from files.filetypes import ALLOWED, FileRefused, Kind
from files.keeping import KeptFile, receive
from people.changing import ShowsOtherwise, initial_values, tell, tell_fields
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


class KeptFilesInput(forms.MultipleHiddenInput):
    """The ids of files that are kept; a draft names them, so that they are offered again."""

    is_hidden = False


@dataclass(frozen=True, slots=True)
class OfferedFile:
    """A file that need not be chosen again, to be kept or left out."""

    file: KeptFile
    chosen: bool


class PiecesForm(forms.Form):
    """Which of one's own pieces to list, in which order."""

    q = forms.CharField(label=gettext_lazy("Title"), max_length=200, required=False)
    sort = forms.ChoiceField(
        label=gettext_lazy("Order"),
        choices=[
            ("", gettext_lazy("newest first")),
            ("oldest", gettext_lazy("oldest first")),
            ("title", gettext_lazy("by title")),
        ],
        required=False,
    )

    def found(self, owner: UUID) -> list[Any]:
        """Find the ids of the pieces that were asked for, as the database writes them or as
        models do. One query."""
        self.is_valid()
        words, sort = self.cleaned_data.get("q", ""), self.cleaned_data.get("sort", "")
        if not words and not sort:
            return [pk for (pk,) in NEWEST_PIECES.tuples(owner)]
        pieces = Evidence.objects.filter(owner=owner)
        for word in words.split():
            pieces = pieces.filter(current__title__icontains=word)
        return list(in_sort(pieces, sort).values_list("pk", flat=True))


class PieceForm(ShowsOtherwise, forms.ModelForm):
    """What a revision says, and its files. Good files are taken in before all else is right: a
    wrong form shows them again by the id of their upload, for their owner only."""

    kept = forms.Field(required=False, widget=KeptFilesInput)
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

    def __init__(self, *args: Any, user: Account, present: Iterable[KeptFile] = (), **kwargs: Any):
        """Make the form; `present` are the files of the revision that is edited."""
        super().__init__(*args, **kwargs)
        self.user = user
        self.present = {kept.id: kept for kept in present}
        self.good: dict[UUID, KeptFile] = {} if self.is_bound else dict(self.present)
        self.renamed: list[tuple[str, str]] = []  # what was taken in under another name
        today = timezone.localdate()
        when = self.fields["happened_on"]
        when.initial = today
        when.widget.attrs |= {"min": EARLIEST.isoformat(), "max": today.isoformat()}
        when.validators += [
            MaxValueValidator(today, _("This day has not come yet.")),
            MinValueValidator(EARLIEST, _("Check the year.")),
        ]

    def clean_kept(self) -> None:
        try:
            ids, self.good = self._named(self.cleaned_data["kept"])
        except ValueError as fault:
            raise ValidationError(_("A file got lost. Choose it again.")) from fault
        if len(self.good) < len(set(ids)):
            raise ValidationError(_("A file is no longer here. Choose it again."))

    def _named(self, keys: Iterable[str] | None) -> tuple[list[UUID], dict[UUID, KeptFile]]:
        """Find the ids that these keys name, and in their order those files that are still here.
        Raises ValueError for a key that is no id."""
        ids = [UUID(key) for key in keys or ()]
        found = own_files(ids, self.user) if ids else {}
        return ids, {key: found[key] for key in ids if key in found}

    def take_in(self) -> None:
        """Keep each good file that came with the form, whether or not the rest of it is right; what
        is refused becomes an error of the form. Outside any transaction, once."""
        for upload in self.cleaned_data.get("uploads", ()):
            try:
                if len(self.good) >= Revision.MOST_FILES:
                    text = _("A piece of evidence holds at most %(most)d files.")
                    raise FileRefused(text % {"most": Revision.MOST_FILES})
                kept = receive(
                    upload,
                    name=upload.name,
                    size=upload.size,
                    purpose=FILES_OF_EVIDENCE,
                    by=self.user,
                )
                self.good[kept.id] = kept
                if guess_type(upload.name or "") != guess_type(kept.name):
                    self.renamed.append((Truncator(upload.name).chars(60), kept.name))
            except FileRefused as refusal:
                self.add_error("uploads", f"{Truncator(upload.name).chars(60)}: {refusal}")

    def shown(self) -> dict[str, Any]:
        return {**initial_values(self, self._meta.fields or ()), "kept": list(self.present)}

    def tell_what_stands(self, now: "PieceForm") -> bool:
        differs = tell_fields(self, now, self._meta.fields or ())
        if self.good.keys() == now.present.keys():
            return differs
        names = "\n".join(kept.name for kept in now.present.values())
        tell(self, "kept", names or _("No files."))
        self.present |= now.present  # to be chosen beside one's own
        return True

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
    def chosen_files(self) -> list[KeptFile]:
        return list(self.good.values())

    @property
    def kept_ids(self) -> list[str]:
        """The ids of the files that need not be chosen again, as a draft names them."""
        return [str(key) for key in self.good]

    def offered_files(self) -> list[OfferedFile]:
        """List the files to offer: those of the revision, those that are kept, and on a fresh page
        those that the draft names."""
        if not self.is_bound:
            with suppress(ValueError):
                self.good |= self._named(self.initial.get("kept"))[1]
        return [
            OfferedFile(kept, kept.id in self.good) for kept in (self.present | self.good).values()
        ]
