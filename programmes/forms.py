import re
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from datetime import date, timedelta
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.forms.models import fields_for_model, model_to_dict
from django.utils import timezone
from django.utils.formats import localize_input
from django.utils.translation import gettext_lazy as _

from people.actions import Meant
from people.changing import ShowsOtherwise, tell
from people.fields import DayField
from people.models import Person
from people.pages import refusals_in
from programmes.access import check_order
from programmes.cohorts import in_words_a_year_on
from programmes.models import (
    Enrolment,
    EnrolmentQuerySet,
    Guideline,
    HouseRules,
    Period,
    Placement,
    Programme,
    ProgrammeRole,
    Unit,
)
from qualifications.models import CoreTask, Qualification, WorkProcess

# Between a first and a last day: a dash, or in Dutch "t/m". Dates have dashes of their own.
BETWEEN = re.compile(r"\s+-\s+|\s*–\s*|\s+t/m\s+")


class DaysField(forms.CharField):
    """Days, one a line, or the first and the last of some that follow each other; cleaned to a
    list of dates in order."""

    widget = forms.Textarea(attrs={"rows": 4})
    LONGEST = 60  # days that follow each other: a summer
    MOST = 400
    day = DayField()

    def prepare_value(self, value: Any) -> Any:
        """Write days as one would type them, those that follow each other on one line."""
        if not isinstance(value, list):
            return value
        runs: list[list[date]] = []
        for day in value:
            if runs and day - runs[-1][-1] == timedelta(days=1):
                runs[-1].append(day)
            else:
                runs.append([day])
        ends = (dict.fromkeys([run[0], run[-1]]) for run in runs)
        return "\n".join(" – ".join(map(localize_input, pair)) for pair in ends)

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return self.clean(data) != sorted(initial or [])
        except ValidationError:
            return True

    def clean(self, value: Any) -> list[date]:
        lines = super().clean(value).splitlines()
        days = {day for line in lines if line.strip() for day in self._days(line.strip())}
        if len(days) > self.MOST:
            raise ValidationError(
                _("At most %(most)d days fit here. Leave out years that are over.")
                % {"most": self.MOST}
            )
        return sorted(days)

    def _days(self, line: str) -> list[date]:
        ends = BETWEEN.split(line)
        try:
            first, last = self.day.clean(ends[0]), self.day.clean(ends[-1])
        except ValidationError:
            raise self._no_days(line) from None
        length = (last - first).days + 1
        if len(ends) > 2 or not 0 < length <= self.LONGEST:
            raise self._no_days(line)
        return [first + timedelta(days=number) for number in range(length)]

    def _no_days(self, line: str) -> ValidationError:
        text = _(
            "“%(line)s” is not a day, nor the first and last of at most %(most)d days. Write for "
            "example %(day)s, or %(first)s – %(last)s."
        )
        days = {"day": date(2026, 4, 27), "first": date(2026, 12, 21), "last": date(2027, 1, 1)}
        written = {name: localize_input(day) for name, day in days.items()}
        return ValidationError(text % {"line": line, "most": self.LONGEST, **written})


class GroupedForm(forms.Form):
    """A form whose fields stand in `groups`: a heading, an explanation and names of fields. One
    without groups is one group without a heading."""

    groups: ClassVar[Sequence[tuple[Any, Any, tuple[str, ...]]]] = ()

    def grouped(self) -> Iterator[tuple[str, str, list[forms.BoundField]]]:
        for heading, text, names in self.groups or [("", "", tuple(self.fields))]:
            yield heading, text, [self[name] for name in names if name in self.fields]

    def contact(self, prefix: str = "") -> Meant | None:
        """Take who was filled in out of `cleaned_data`: nobody where both fields are empty, and an
        error at the one that is missing. For `clean`."""
        filled = {}
        for field in ("name", "email"):
            if value := self.cleaned_data.pop(prefix + field, None):
                filled[field] = value
        if len(filled) == 2:
            return Meant(filled["name"], filled["email"])
        for field in {"name", "email"} - filled.keys():
            if filled and prefix + field not in self.errors:
                self.add_error(prefix + field, _("Fill in both the name and the address."))
        return None


class RowForm(forms.ModelForm, GroupedForm):
    """Works on a copy of its row, which an action changes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"instance": copy(kwargs.get("instance"))})


class DatesMixin(RowForm):
    """Says at the field itself that the dates lie the wrong way round."""

    starts_on = DayField(label=_("From"))
    ends_on = DayField(label=_("Until"))

    def clean(self) -> dict[str, Any]:
        starts_on, ends_on = (self.cleaned_data.get(name) for name in ("starts_on", "ends_on"))
        if starts_on and ends_on:
            with refusals_in(self, "ends_on"):
                check_order(starts_on, ends_on)
        return self.cleaned_data


# --- The programme --------------------------------------------------------------------------------


RULES = (
    "check_ins_per_period",
    "with_light",
    "link_days",
    "sector",
    "notice_working_days",
    "committee_sees_check_ins",
    "givers_may_judge",
)
HELP: dict[str, Any] = {
    "with_light": _("Without it, a check-in is in words only."),
    "sector": _("The letter then says before whom, and until when, a decision can be contested."),
    "closed_days": _("Holidays of your school: one day a line, or a first and a last day."),
    "committee_sees_check_ins": _(
        "Usually off: student and adviser then speak freely with each other."
    ),
    "givers_may_judge": _("The file says who gave feedback. The student's adviser never judges."),
}


class StudentsForm(forms.Form):
    """Which students of a programme to list, in which order."""

    q = forms.CharField(label=_("Name of student or adviser"), max_length=200, required=False)
    sort = forms.ChoiceField(
        label=_("Order"),
        choices=[("", _("by student")), ("adviser", _("by adviser"))],
        required=False,
    )
    over = forms.BooleanField(label=_("No longer in this programme"), required=False)

    def listed(self, rows: EnrolmentQuerySet, on: date) -> list[UUID]:
        """Find the ids of these enrolments that were asked for, on this day, in order. What is no
        choice asks for nothing. One query."""
        self.is_valid()
        asked = self.cleaned_data
        rows = rows.filter(ends_on__lt=on) if asked.get("over") else rows.current(on)
        rows = rows.named(asked.get("q", ""))
        rows = rows.by_adviser() if asked.get("sort") else rows.order_by("student__name", "pk")
        return list(rows.values_list("pk", flat=True))


class ProgrammeForm(RowForm):
    """The programme with its house rules. Of one that is there already, the qualification no
    longer changes."""

    groups = (
        ("", "", ("title", "cohort", "qualification")),
        (
            _("House rules"),
            _("They hold for every student in this programme. You can change them later."),
            ("check_ins_per_period", "with_light", "link_days"),
        ),
        (
            _("House rules for deciding"),
            "",
            (
                "sector",
                "notice_working_days",
                "closed_days",
                "committee_sees_check_ins",
                "givers_may_judge",
            ),
        ),
    )

    class Meta:
        model = Programme
        fields = ("title", "cohort", "qualification")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields |= fields_for_model(
            HouseRules, RULES, widgets={"sector": forms.RadioSelect}, help_texts=HELP
        )
        self.fields["closed_days"] = DaysField(
            label=_("Days that are no working days"), help_text=HELP["closed_days"], required=False
        )
        if not self.instance._state.adding:
            self.initial.update(model_to_dict(self.instance.rules, [*RULES, "closed_days"]))
            del self.fields["qualification"]
            return
        field: Any = self.fields["qualification"]
        field.queryset = Qualification.objects.published().filter(
            kind=Qualification.Kind.QUALIFICATION
        )
        field.empty_label = _("Choose a qualification")

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        rules = HouseRules(**{name: cleaned[name] for name in RULES if name in cleaned})
        try:
            rules.clean_fields(exclude=["programme", "closed_days"])
        except ValidationError as wrong:
            self.add_error(None, wrong)
        return cleaned


class CopyForm(RowForm):
    """What the next cohort is called; begins with the title and cohort of this one, a year on."""

    class Meta:
        model = Programme
        fields = ("title", "cohort")

    def __init__(self, *args: Any, programme: Programme, **kwargs: Any) -> None:
        names = {
            "title": in_words_a_year_on(programme.title),
            "cohort": in_words_a_year_on(programme.cohort),
        }
        super().__init__(*args, initial=names, **kwargs)


class PeriodForm(DatesMixin):
    class Meta:
        model = Period
        fields = ("name", "starts_on", "ends_on")


class UnitForm(RowForm):
    """`parts` is cleaned to core tasks and work processes."""

    parts = forms.MultipleChoiceField(
        label=_("What is the decision about?"),
        help_text=_(
            "A decision has a finding for each part that you choose. Choose a whole, or some of "
            "what belongs to it."
        ),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one part.")},
    )

    class Meta:
        model = Unit
        fields = ("title", "purpose")
        widgets = {"purpose": forms.RadioSelect(attrs={"class": "across"})}

    def __init__(self, *args: Any, core_tasks: Iterable[CoreTask], **kwargs: Any) -> None:
        """Offer parts to choose from: `core_tasks` are those of the qualification, their work
        processes prefetched."""
        super().__init__(*args, **kwargs)
        self.targets: dict[str, CoreTask | WorkProcess] = {}
        choices = []
        for core_task in core_tasks:
            whole = _("%(code)s as a whole") % {"code": core_task.code}
            options = [(str(core_task.pk), whole)]
            self.targets[str(core_task.pk)] = core_task
            for work_process in core_task.work_processes.all():
                options.append((str(work_process.pk), str(work_process)))
                self.targets[str(work_process.pk)] = work_process
            choices.append((str(core_task), options))
        parts: Any = self.fields["parts"]
        parts.choices = choices
        if not self.instance._state.adding:
            self.initial["parts"] = [str(part.target.pk) for part in self.instance.parts.all()]

    def clean_parts(self) -> list[CoreTask | WorkProcess]:
        return [self.targets[pk] for pk in self.cleaned_data["parts"]]


class GuidelineForm(GroupedForm):
    """What is left empty is not asked."""

    pieces = forms.IntegerField(
        label=_("Pieces of evidence"), min_value=0, max_value=99, required=False
    )
    people = forms.IntegerField(
        label=_("Different people"),
        help_text=_("People who gave feedback."),
        min_value=0,
        max_value=99,
        required=False,
    )
    roles = forms.IntegerField(
        label=_("Different roles"),
        help_text=_("For example a client, a fellow student and a workplace supervisor are three."),
        min_value=0,
        max_value=5,
        required=False,
    )

    @classmethod
    def showing(cls, guideline: Guideline | None) -> dict[str, Any]:
        """Return what to fill in beforehand: the figures of this guideline, where there is one."""
        if guideline is None:
            return {}
        return {name: getattr(guideline, name) or "" for name in cls.base_fields}

    def clean(self) -> dict[str, int]:
        return {name: self.cleaned_data.get(name) or 0 for name in self.fields}


# --- People ---------------------------------------------------------------------------------------


class PersonForm(GroupedForm):
    """Cleaned to `person`."""

    name = forms.CharField(label=_("Name"), max_length=120)
    email = forms.EmailField(label=_("E-mail address"), max_length=254)

    def clean(self) -> dict[str, Any]:
        self.cleaned_data["person"] = self.contact()
        return self.cleaned_data


class RoleForm(PersonForm):
    role = forms.ChoiceField(
        label=_("Role"),
        choices=ProgrammeRole.Role.choices,
        initial=ProgrammeRole.Role.TEACHER,
        widget=forms.RadioSelect(attrs={"class": "across"}),
        help_text=_(
            "Teachers see the portfolios of all students in this programme. Coordinators set the "
            "programme up and enrol students; they see no portfolios."
        ),
    )


class AdviserForm(ShowsOtherwise, GroupedForm):
    """Somebody who advises or teaches in this programme already, or somebody else by name and
    address; cleaned to `adviser`."""

    adviser_needed = True
    nobody = _("Choose an adviser")

    known_adviser = forms.ModelChoiceField(
        Person.objects.none(), label=_("Adviser"), required=False, empty_label=None
    )
    adviser_name = forms.CharField(label=_("Somebody else: name"), max_length=120, required=False)
    adviser_email = forms.EmailField(
        label=_("Somebody else: e-mail address"),
        max_length=254,
        required=False,
    )

    def __init__(
        self, *args: Any, programme: Programme, now: Person | None = None, **kwargs: Any
    ) -> None:
        """Make the form; `now` is who advises: said, and not chosen beforehand."""
        super().__init__(*args, **kwargs)
        self.now = now
        known: Any = self.fields["known_adviser"]
        known.queryset = programme.possible_advisers()
        known.empty_label = self.nobody

    def shown(self) -> dict[str, Any]:
        return {"known_adviser": self.now and self.now.pk}

    def tell_what_stands(self, now: "AdviserForm") -> bool:
        if self.cleaned_data["adviser"] == now.now:
            return False
        tell(self, "known_adviser", now.now.name if now.now else str(self.nobody))
        return True

    def clean(self) -> dict[str, Any]:
        known, other = self.cleaned_data.pop("known_adviser", None), self.contact("adviser_")
        if known and other:
            self.add_error("known_adviser", _("Choose somebody or fill in somebody, not both."))
        elif self.adviser_needed and not (known or other or self.errors):
            self.add_error("known_adviser", _("Choose an adviser, or fill in who it is."))
        self.cleaned_data["adviser"] = known or other
        return self.cleaned_data


class EnrolForm(AdviserForm, PersonForm):
    """Cleaned to `student`, `starts_on` and `adviser`, who may be None."""

    adviser_needed = False
    nobody = _("Nobody yet")
    groups = (
        (_("Student"), "", ("name", "email", "starts_on")),
        (
            _("Who advises?"),
            _("The adviser holds the check-ins with this student. You can also choose one later."),
            ("known_adviser", "adviser_name", "adviser_email"),
        ),
    )

    starts_on = DayField(label=_("In this programme from"), initial=timezone.localdate)

    def clean(self) -> dict[str, Any]:
        self.cleaned_data["student"] = self.contact()
        return super().clean()


class EnrolmentForm(DatesMixin):
    starts_on = DayField(label=_("First day"))
    ends_on = DayField(
        label=_("Last day"), help_text=_("Empty: the enrolment goes on."), required=False
    )

    class Meta:
        model = Enrolment
        fields = ("starts_on", "ends_on")


class PlacementForm(DatesMixin):
    class Meta:
        model = Placement
        fields = ("workplace", "starts_on", "ends_on")


class NewPlacementForm(PlacementForm):
    """With one or two supervisors, cleaned to `supervisors`."""

    groups = (
        ("", "", ("workplace", "starts_on", "ends_on")),
        (
            _("Supervisor"),
            _("Gives feedback by a link in an e-mail, without an account."),
            ("first_name", "first_email"),
        ),
        (_("Second supervisor"), "", ("second_name", "second_email")),
    )

    first_name = forms.CharField(label=_("Name"), max_length=120)
    first_email = forms.EmailField(label=_("E-mail address"), max_length=254)
    second_name = forms.CharField(label=_("Name"), max_length=120, required=False)
    second_email = forms.EmailField(label=_("E-mail address"), max_length=254, required=False)

    def clean(self) -> dict[str, Any]:
        contacts = [self.contact(prefix) for prefix in ("first_", "second_")]
        self.cleaned_data["supervisors"] = [contact for contact in contacts if contact]
        return super().clean()
