from datetime import date
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from portfolio.models import Agreement, Light


class DateInput(forms.DateInput):
    def __init__(self) -> None:
        super().__init__(attrs={"type": "date"}, format="%Y-%m-%d")


class AgreementsField(forms.ModelMultipleChoiceField):
    def label_from_instance(self, agreement: Agreement) -> str:
        return _("%(agreement)s (by %(day)s)") % {
            "agreement": agreement.text,
            "day": date_format(agreement.due_on, "j F Y"),
        }


class CheckInForm(forms.Form):
    """`done` offers the agreements that are still open."""

    held_on = forms.DateField(label=_("Held on"), widget=DateInput())
    done = AgreementsField(
        label=_("Which agreements are done?"),
        queryset=Agreement.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple(),
    )
    light = forms.ChoiceField(
        label=_("Traffic light"),
        choices=[(value, capfirst(label)) for value, label in Light.choices],
        widget=forms.RadioSelect(attrs={"class": "framed"}),
    )
    summary = forms.CharField(
        label=_("What did you talk about?"),
        help_text=_("Your student reads this. Nobody else does, unless the house rules say so."),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 8}),
    )

    def __init__(
        self, *args: Any, with_light: bool, open_agreements: QuerySet[Agreement], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("held_on", timezone.localdate())
        self.fields["done"].queryset = open_agreements  # type: ignore[attr-defined]
        if not with_light:
            del self.fields["light"]


class AgreementForm(forms.Form):
    text = forms.CharField(label=_("Agreement"), max_length=500, required=False)
    due_on = forms.DateField(label=_("By"), required=False, widget=DateInput())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        text, due_on = cleaned.get("text"), cleaned.get("due_on")
        if text and not due_on and "due_on" not in self.errors:
            self.add_error("due_on", _("Say by when."))
        if due_on and not text:
            self.add_error("text", _("Say what you agreed."))
        return cleaned


AgreementFormSet = forms.formset_factory(AgreementForm, extra=3, max_num=12, absolute_max=12)


def agreed(formset: Any) -> list[tuple[str, date]]:
    """The agreements that were filled in."""
    rows = [form.cleaned_data for form in formset]
    return [(row["text"], row["due_on"]) for row in rows if row.get("text")]


class AcknowledgeForm(forms.Form):
    word = forms.ChoiceField(
        label=_("Your answer"),
        choices=[
            ("read", _("I have read this")),
            ("refused", _("I have read this and see it differently")),
        ],
        widget=forms.RadioSelect(attrs={"class": "framed"}),
        initial="read",
    )
    note = forms.CharField(
        label=_("What do you want to say about it?"),
        help_text=_("Needed only when you see it differently. It stays with the check-in."),
        required=False,
        max_length=5_000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class SetAsideForm(forms.Form):
    reason = forms.CharField(
        label=_("Why should this piece not count?"),
        help_text=_("The committee sees the title and this reason."),
        max_length=500,
    )
