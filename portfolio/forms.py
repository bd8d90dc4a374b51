from datetime import date
from typing import Any, cast

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from evidence.forms.feedback import offer
from evidence.models import GiverRole
from people.fields import DayField
from portfolio.advising import Student
from portfolio.coverage import Filter
from portfolio.evidence_set import CheckInFact, Frame
from portfolio.models import Agreement, CheckIn, Light


class AgreementsField(forms.ModelMultipleChoiceField):
    def label_from_instance(self, agreement: Agreement) -> str:
        return _("%(agreement)s (by %(day)s)") % {
            "agreement": agreement.text,
            "day": date_format(agreement.due_on, "j F Y"),
        }


class StudentsFilterForm(forms.Form):
    """Which of the students that somebody advises or teaches to list, in which order."""

    q = forms.CharField(label=_("Name"), max_length=200, required=False)
    sort = forms.ChoiceField(
        label=_("Order"),
        choices=[("", _("who needs me first")), ("name", _("by name"))],
        required=False,
    )

    @property
    def words(self) -> str:
        return self.cleaned_data.get("q", "") if self.is_valid() else ""

    def listed(self, students: list[Student]) -> list[Student]:
        """Return those that were asked for, in the order that was asked for."""
        words = self.words.casefold().split()
        found = [(student.name.casefold(), student) for student in students]
        found = [(name, student) for name, student in found if all(word in name for word in words)]
        if self.is_valid() and self.cleaned_data["sort"]:
            found.sort(key=lambda each: each[0])
        return [student for _name, student in found]


class CheckInForm(forms.Form):
    """`done` offers the agreements that are still open."""

    held_on = DayField(label=_("Held on"))
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
        done = cast(forms.ModelMultipleChoiceField, self.fields["done"])
        done.queryset = open_agreements
        if not with_light:
            del self.fields["light"]


class AgreementForm(forms.Form):
    text = forms.CharField(label=_("Agreement"), max_length=500, required=False)
    due_on = DayField(label=_("By"), required=False)

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
    """List the agreements that were filled in, each with its date."""
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


class CoverageFilterForm(forms.Form):
    """Which part of the coverage to show. It asks for no more than there is to choose: periods
    where the frame has them, what is new where the reader may know of a last check-in."""

    role = forms.ChoiceField(
        label=_("Said by"),
        required=False,
        choices=[("", _("everybody")), *((value, label) for value, label in GiverRole.choices)],
    )
    period = forms.ChoiceField(label=_("Period"), required=False)
    thin = forms.BooleanField(label=_("Only what is thin"), required=False)
    new = forms.BooleanField(required=False)

    def __init__(
        self, data: QueryDict, frame: Frame, last_check_in: CheckIn | CheckInFact | None
    ) -> None:
        super().__init__(data, auto_id="filter_%s", label_suffix="")
        # A period is known by its first day: its name may be given twice.
        self.periods = {period.starts_on.isoformat(): period for period in frame.periods}
        periods = [(key, period.name) for key, period in self.periods.items()]
        offer(self.fields["period"], [("", _("all periods")), *periods])
        if not self.periods:
            del self.fields["period"]
        self.since = last_check_in.held_on if last_check_in else None
        if self.since is None:
            del self.fields["new"]
        else:
            day = date_format(self.since, "j F Y")
            label = _("Only what is new since the check-in of %(day)s") % {"day": day}
            self.fields["new"].label = label

    @property
    def only(self) -> Filter:
        """What was chosen. A value that is not known chooses nothing, so that a link to a part
        that is there no more leads to the whole."""
        self.is_valid()
        chosen = self.cleaned_data
        return Filter(
            role=GiverRole(chosen["role"]) if chosen.get("role") else None,
            period=self.periods.get(chosen.get("period", "")),
            thin=chosen.get("thin", False),
            since=self.since if chosen.get("new") else None,
        )
