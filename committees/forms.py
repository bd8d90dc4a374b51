from collections.abc import Collection, Iterable
from datetime import date, datetime, time, timedelta
from typing import Any, cast
from uuid import UUID

from django import forms
from django.conf import settings
from django.core.validators import MinValueValidator
from django.http import QueryDict
from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from committees.access import check_figures
from committees.days import first_day_of_mandates
from committees.models import Decision, Judgement, Mandate, Membership, Outcome
from committees.rules import Found, Panel, Seat
from committees.snapshots import FrozenSet
from people.fields import DayField, MomentField
from people.pages import refusals_in
from portfolio.evidence_set import PartFact
from programmes.models import Enrolment, Programme, Unit
from records.models import Checkpoint


def _moment() -> forms.DateTimeInput:
    return forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class MandateForm(forms.ModelForm):
    class Meta:
        model = Mandate
        fields = ["text", "procedure", "quorum", "judgements_asked", "given_on"]
        field_classes = {"given_on": DayField}
        widgets = {
            "text": forms.Textarea(attrs={"rows": 5}),
            "procedure": forms.Textarea(attrs={"rows": 3}),
            "given_on": DayField.widget,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for figure in ("quorum", "judgements_asked"):
            self.fields[figure].validators.append(MinValueValidator(Mandate.AT_LEAST))
            self.fields[figure].widget.attrs["min"] = Mandate.AT_LEAST
        today = timezone.localdate()
        bounds = {"min": f"{first_day_of_mandates(today)}", "max": f"{today}"}
        self.fields["given_on"].widget.attrs |= bounds

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "quorum" in cleaned and "judgements_asked" in cleaned:
            with refusals_in(self, "quorum"):
                check_figures(cleaned["quorum"], cleaned["judgements_asked"])
        return cleaned


class CommitteeForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=200)


class SeatForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        help_text=_("Somebody without an account is invited by mail."),
    )
    role = forms.ChoiceField(
        label=_("Role"),
        choices=Membership.Role.choices,
        initial=Membership.Role.MEMBER,
        widget=forms.RadioSelect(attrs={"class": "across"}),
        help_text=_("The secretary has no vote."),
    )

    def clean_role(self) -> Membership.Role:
        return Membership.Role(self.cleaned_data["role"])


class MeetingForm(forms.Form):
    held_at = MomentField(
        label=_("When?"), widget=_moment(), help_text=_("Times are those of Amsterdam.")
    )
    place = forms.CharField(label=_("Where?"), max_length=200, required=False)
    reference_at = MomentField(
        label=_("Reference date"),
        widget=_moment(),
        help_text=_(
            "At this moment the sets are frozen: students see until then what will count, and "
            "members read from then on. A week before the meeting gives both time."
        ),
    )


class AnnouncingForm(forms.Form):
    """When decisions are announced: soon, with time to call it off, or at a chosen hour."""

    when = forms.ChoiceField(
        label=_("When?"),
        initial="soon",
        widget=forms.RadioSelect,
    )
    due_at = MomentField(
        label=_("At which moment?"),
        widget=_moment(),
        required=False,
        help_text=_("Times are those of Amsterdam."),
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        minutes = round(settings.ANNOUNCE_SECONDS / 60)
        soon = ngettext("In %(count)d minute", "In %(count)d minutes", minutes)
        words = soon % {"count": minutes} if minutes else _("In half a minute")
        when = cast(forms.ChoiceField, self.fields["when"])
        when.choices = [("soon", words), ("at", _("At a moment of your choice"))]

    def clean(self) -> None:
        super().clean()
        if self.cleaned_data.get("when") == "at" and not self.cleaned_data.get("due_at"):
            self.add_error("due_at", _("Say at which moment."))

    def moment(self) -> datetime | None:
        """Return the chosen moment; None for soon."""
        if self.cleaned_data["when"] == "soon":
            return None
        moment: datetime = self.cleaned_data["due_at"]
        return moment


class LetterForm(forms.Form):
    """The code of a letter, however it was typed: in groups or not, with capitals or dashes, and
    with the letters that look like its figures."""

    LOOKALIKES = str.maketrans("oil", "011")

    code = forms.CharField(
        label=_("Code of the letter"),
        help_text=_("Five groups of four figures and letters, such as 3f2a 9c01 77be 04d5 e18a."),
        max_length=100,
        widget=forms.TextInput(
            attrs={
                "autocapitalize": "none",
                "autocomplete": "off",
                "class": "letter-code",
                "spellcheck": "false",
            }
        ),
    )

    def clean_code(self) -> str:
        typed: str = self.cleaned_data["code"].lower().translate(self.LOOKALIKES)
        return "".join(one for one in typed if one.isalnum())


class WhoseForm(forms.Form):
    """Whether what stands under the name of this giver is theirs."""

    MINE = "mine"

    giver = forms.UUIDField()
    whose = forms.ChoiceField(choices=[(MINE, MINE), ("others", "others")])


class AgendaUnitForm(forms.Form):
    """Which unit of the programme is put on the agenda: the first step."""

    unit = forms.ModelChoiceField(
        Unit.objects.none(), label=_("Unit"), empty_label=_("Choose a unit")
    )

    def __init__(self, data: Any, *, programme: Programme) -> None:
        super().__init__(data, label_suffix="")
        cast(forms.ModelChoiceField, self.fields["unit"]).queryset = programme.units.all()


class BoxesOfMany(forms.CheckboxSelectMultiple):
    """Boxes for hundreds of choices, without groups. One is drawn, and put there for each: to draw
    them all takes longer than the rest of the page."""

    A_VALUE, A_LABEL = "\uf8f0", "\uf8f1"

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        chosen, choices = set(map(str, value or ())), list(self.choices)
        self.choices = [(self.A_VALUE, self.A_LABEL)]
        parts = {}
        for is_chosen in (False, True):
            picked = [self.A_VALUE] if is_chosen else []
            text = super().render(name, picked, attrs, renderer)
            before, start, rest = text.partition("<li")
            row, end, after = rest.rpartition("</li>")
            parts[is_chosen] = start + row + end + "\n"
        rows = []
        for place, (key, label) in enumerate(choices):
            row = parts[str(key) in chosen].replace(self.A_VALUE, escape(key))
            row = row.replace(f"{name}_0", f"{name}_{place}")  # of the box, for its label
            rows.append(row.replace(self.A_LABEL, escape(label)))
        return mark_safe("".join([before, *rows, after]))  # noqa: S308 - escaped above


class AgendaForm(forms.Form):
    """Of which students: the second step."""

    def __init__(self, data: Any = None, *, enrolments: Iterable[Enrolment]) -> None:
        super().__init__(data)
        by_key = {str(enrolment.pk): enrolment for enrolment in enrolments}
        self.fields["enrolments"] = forms.TypedMultipleChoiceField(
            label=_("Students"),
            coerce=by_key.__getitem__,
            choices=[(key, enrolment.student.name) for key, enrolment in by_key.items()],
            widget=BoxesOfMany(attrs={"class": "framed"}),
            error_messages={"required": _("Choose at least one student.")},
        )


class AttendanceForm(forms.Form):
    """Who is present, of those who sit in the committee and did not say so themselves (`own`: only
    they say that they leave). It carries who was when it was drawn, so that it takes nobody away
    who said meanwhile that they are."""

    def __init__(
        self,
        data: Any = None,
        *,
        seats: Iterable[Seat],
        present: Iterable[UUID],
        own: Collection[UUID] = (),
    ) -> None:
        super().__init__(data)
        kept = list(seats)
        self.own = [seat.name for seat in kept if seat.person in own]
        seats = [seat for seat in kept if seat.person not in own]
        choices = [(str(seat.person), seat.name) for seat in seats]
        drawn = [str(seat.person) for seat in seats if seat.person in set(present)]
        self.fields["present"] = forms.TypedMultipleChoiceField(
            label=_("Who is present?"),
            required=False,
            coerce=UUID,
            choices=choices,
            initial=drawn,
            widget=forms.CheckboxSelectMultiple(attrs={"class": "names"}),
            help_text=_(
                "Members with a phone or laptop say so themselves. Anyone you note gets a mail at "
                "once."
            ),
        )
        self.fields["present"].is_called_optional = False  # type: ignore[attr-defined]  # our own
        self.fields["before"] = forms.TypedMultipleChoiceField(
            required=False,
            coerce=UUID,
            choices=choices,
            initial=drawn,
            widget=forms.MultipleHiddenInput,
        )

    @property
    def came(self) -> set[UUID]:
        """Who was ticked."""
        return set(self.cleaned_data["present"]) - set(self.cleaned_data["before"])

    @property
    def left(self) -> set[UUID]:
        """Who was no longer ticked."""
        return set(self.cleaned_data["before"]) - set(self.cleaned_data["present"])


class OwnPresenceForm(forms.Form):
    """Whether one is present oneself."""

    HERE = "here"

    presence = forms.ChoiceField(choices=[(HERE, HERE), ("left", "left")])


class ContradictionForm(forms.Form):
    """What the secretary answers to who says that they were not there."""

    was_there = forms.TypedChoiceField(
        coerce=lambda value: value == "yes",
        choices=[("no", _("No, it was noted by mistake")), ("yes", _("Yes, they were there"))],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=_("How do you know? (needed for “yes”)"),
        help_text=_("The member and the exam board read it."),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, data: Any = None, *, name: str) -> None:
        super().__init__(data)
        self.fields["was_there"].label = _("Was %(name)s there?") % {"name": name}
        self.fields["reason"].is_called_optional = False  # type: ignore[attr-defined]  # our own


class LeadingForm(forms.Form):
    """Which of the voting members who are present leads where the chair does not."""

    def __init__(self, data: Any = None, *, panel: Panel) -> None:
        super().__init__(data)
        self.fields["person"] = forms.TypedChoiceField(
            label=_("Who stands in for the chair?"),
            coerce=UUID,
            choices=[(str(seat.person), seat.name) for seat in panel.may_be_noted],
            initial=str(panel.deputy) if panel.deputy else None,
            widget=forms.RadioSelect(attrs={"class": "names"}),
        )


class FindingsForm(forms.Form):
    """An outcome for each part of a unit, and a motivation."""

    def __init__(
        self, data: Any = None, *, parts: Iterable[PartFact], findings: Any = None
    ) -> None:
        super().__init__(data)
        self.names = {f"part_{part.id}": part.id for part in parts}
        for part in parts:
            self.fields[f"part_{part.id}"] = forms.ChoiceField(
                label=part.title,
                choices=Outcome.choices,
                initial=(findings or {}).get(part.id),
                widget=forms.RadioSelect(attrs={"class": "across"}),
                error_messages={"required": _("Choose one of the two.")},
            )
        self.fields["motivation"] = forms.CharField(
            label=_("Motivation"), max_length=20_000, widget=forms.Textarea(attrs={"rows": 8})
        )

    @property
    def outcomes(self) -> dict[str, str]:
        """The chosen outcomes by the part's id."""
        return {part: self.cleaned_data[name] for name, part in self.names.items()}


class JudgementForm(FindingsForm):
    def __init__(
        self, data: Any = None, *, parts: Iterable[PartFact], earlier: Judgement | None
    ) -> None:
        super().__init__(data, parts=parts, findings=earlier.findings if earlier else None)
        self.earlier = earlier
        self.fields["motivation"].label = _("Why do you think so?")
        self.fields["motivation"].initial = earlier.motivation if earlier else ""


class DecisionForm(FindingsForm):
    """The findings, each that is not yet attained with what is still to be shown; the motivation,
    and what in the frozen set it points at. It begins with what was recorded in an `earlier`
    decision, else with the findings on which all who judged agree."""

    def __init__(
        self,
        data: Any = None,
        *,
        frozen: FrozenSet,
        agreed: dict[str, str] | None = None,
        earlier: Decision | None = None,
    ) -> None:
        super().__init__(data, parts=frozen.evidence_set.frame.parts, findings=agreed)
        for name in self.names:
            self.fields[f"{name}_show"] = forms.CharField(
                label=_("What is still to be shown?"),
                help_text=_("Asked where it is not yet attained. The student reads it."),
                required=False,
                max_length=5_000,
                widget=forms.Textarea(attrs={"rows": 2}),
            )
            self.fields[f"{name}_due"] = DayField(
                label=_("By when?"),
                required=False,
            )
        if agreed and data is None:  # only the motivation is left to write
            self.fields["motivation"].widget.attrs["autofocus"] = True
        self.fields["cited"] = forms.MultipleChoiceField(
            label=_("What does the motivation rest on?"),
            help_text=_("Choose at least one piece of evidence or feedback from the set."),
            choices=[choice for _title, choices in frozen.citable() for choice in choices],
            widget=forms.CheckboxSelectMultiple,
            error_messages={"required": _("Point at what the motivation rests on.")},
        )
        if earlier is not None:
            self._begin_with(earlier)

    def _begin_with(self, decision: Decision) -> None:
        """Fill in what this decision says."""
        for finding in decision.findings.all():
            name = f"part_{finding.part_id}"
            self.initial[name] = finding.outcome
            self.initial[f"{name}_show"] = finding.to_show or ""
            self.initial[f"{name}_due"] = finding.due_on
        self.initial["motivation"] = decision.motivation
        self.initial["cited"] = decision.cited

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name in self.names:
            is_open = cleaned.get(name) == Outcome.NOT_YET
            if is_open and not (cleaned.get(f"{name}_show") or "").strip():
                self.add_error(f"{name}_show", _("Say what is still to be shown of this part."))
        return cleaned

    def findings_asked(self) -> list[tuple[forms.BoundField, forms.BoundField, forms.BoundField]]:
        """List the fields of each part: its outcome, what is still to be shown, and by when."""
        return [(self[name], self[f"{name}_show"], self[f"{name}_due"]) for name in self.names]

    @property
    def findings(self) -> dict[str, Found]:
        """What is found of each part, by the part's id."""
        said = self.cleaned_data
        return {
            part: Found(said[name], said[f"{name}_show"], said[f"{name}_due"])
            for name, part in self.names.items()
        }

    def type_in(self, data: QueryDict) -> None:
        """Show what was typed and chosen so far, without holding it against anything."""
        for name, field in self.fields.items():
            self.initial[name] = field.widget.value_from_datadict(data, {}, name)


class ReasonForm(forms.Form):
    """A reason in a few lines."""

    def __init__(self, data: Any = None, *, label: Any, longest: int = 500) -> None:
        super().__init__(data)
        self.fields["reason"] = forms.CharField(
            label=label, max_length=longest, widget=forms.Textarea(attrs={"rows": 3})
        )


class RecordSearchForm(forms.Form):
    """Which cases an auditor looks for; all of it may be left empty."""

    q = forms.CharField(label=_("Student"), required=False, max_length=120)
    programme = forms.ModelChoiceField(
        Programme.objects.filter(state__in=Programme.OPENED),
        label=_("Programme"),
        required=False,
        empty_label=_("All"),
    )
    since = DayField(label=_("Meeting from"), required=False)
    until = DayField(label=_("until"), required=False)

    def found_in(self, cases: Any) -> Any:
        """Find the cases that answer to what was filled in; all of them where it makes no sense."""
        if not self.is_valid():
            return cases
        if name := self.cleaned_data["q"].strip():
            cases = cases.filter(enrolment__student__name__icontains=name)
        if programme := self.cleaned_data["programme"]:
            cases = cases.filter(enrolment__programme=programme)
        if since := self.cleaned_data["since"]:
            cases = cases.filter(meeting__held_at__gte=_start_of(since))
        if until := self.cleaned_data["until"]:
            cases = cases.filter(meeting__held_at__lt=_start_of(until + timedelta(days=1)))
        return cases


class ExportForm(forms.Form):
    """Under which root the archive of a case proves itself, beside those of the letters."""

    root = forms.RegexField(
        r"^[0-9A-Fa-f]{64}$",
        label=_("A root that you kept"),
        help_text=_(
            "Not needed for the root on a letter, or for the last one. Of another mail to the "
            "auditors: copy it here, so that the archive can prove itself under it too."
        ),
        required=False,
        error_messages={"invalid": _("A root has 64 figures and letters.")},
    )

    def clean_root(self) -> str:
        root = self.cleaned_data["root"].lower()
        if root and not Checkpoint.objects.filter(root=root).exists():
            raise forms.ValidationError(
                _(
                    "No checkpoint here has this root. Is it typed right? If so, what stands here "
                    "is not what was here then: tell the exam board."
                )
            )
        return root


def _start_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
