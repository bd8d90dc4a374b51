from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import forms
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from qualifications.doubles import Double
from qualifications.models import Place
from qualifications.parsed import ImportRefused, ParsedDossier, ParsedQualification
from qualifications.sbb import parse_sbb
from qualifications.xmltree import MAX_BYTES


class DossierForm(forms.Form):
    """A dossier's file. Once valid, `parsed` is what it holds and `content` its bytes."""

    file = forms.FileField(
        label=_("Qualification dossier"),
        help_text=_(
            "The XML file as SBB publishes it, at most 20 MB. You first see what it holds; "
            "nothing is imported yet."
        ),
        widget=forms.FileInput(attrs={"accept": ".xml,application/xml,text/xml"}),
    )
    parsed: ParsedDossier
    content: bytes

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        self.content = file.read(MAX_BYTES + 1)  # a larger one is refused by the parser
        try:
            self.parsed = parse_sbb(self.content, name=file.name)
        except ImportRefused as refused:
            raise forms.ValidationError(refused.message) from None
        return file


class ProfileForm(forms.Form):
    """Which qualification of a dossier, by its code."""

    def __init__(self, data: Any, *, parsed: ParsedDossier) -> None:
        super().__init__(data)
        self.by_code = {one.code: one for one in parsed.qualifications}
        self.fields["code"] = forms.ChoiceField(choices=[(code, code) for code in self.by_code])

    def clean_code(self) -> ParsedQualification:
        return self.by_code[self.cleaned_data["code"]]


class MergeForm(forms.Form):
    """Which groups of identical lines become one requirement each; all, unless unticked."""

    def __init__(self, data: Any = None, *, doubles: Iterable[Double]) -> None:
        super().__init__(data)
        choices = [(str(double.first.pk), _choice(double)) for double in doubles]
        self.fields["lines"] = forms.TypedMultipleChoiceField(
            label=_("Make one requirement of"),
            choices=choices,
            initial=[pk for pk, _label in choices],
            coerce=UUID,
            widget=forms.CheckboxSelectMultiple(attrs={"class": "framed"}),
            error_messages={"required": _("Tick at least one line to merge.")},
        )


def _choice(double: Double) -> str:
    codes = ", ".join(place.work_process.code for place in double.places)
    return format_html("{} <small>{}</small>", double.first.text, codes)


class WordingForm(forms.Form):
    """A plain wording for each requirement under one work process; fields have their ids."""

    def __init__(self, data: Any = None, *, places: Iterable[Place]) -> None:
        super().__init__(data)
        for place in places:
            self.fields[str(place.requirement_id)] = forms.CharField(
                label=place.requirement.text,
                initial=place.requirement.plain,
                required=False,
                max_length=1000,
                widget=forms.Textarea(attrs={"rows": 2}),
            )

    def wordings(self) -> dict[UUID, str]:
        return {UUID(name): words for name, words in self.cleaned_data.items()}
