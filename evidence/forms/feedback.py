"""What people type to ask, note and answer. The forms clean; the actions decide."""

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.core.signing import BadSignature
from django.forms.boundfield import BoundField, BoundWidget
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from evidence.asking import Asked, QuestionFrame, Suggestion
from evidence.models import FeedbackRequest, GiverRole, Remark
from evidence.shown import Shown
from people.fields import DayField
from people.models import Person
from programmes.models import Enrolment
from qualifications.models import QualityRequirement

ON_WHOLE = "whole"
# A longer group of people to choose from is folded.
FEW = 5
NOT_AS_SHOWN = _("Look once more at what you are asked about, and send it again.")
NO_ROLE = {"required": _("Choose a role.")}


def offer(field: forms.Field, choices: Sequence[tuple[Any, Any]]) -> None:
    cast(forms.ChoiceField, field).choices = choices


class NewcomerForm(forms.Form):
    """Somebody who was not suggested. Counts as filled in once there is a name or an address."""

    name = forms.CharField(label=_("Name"), max_length=120)
    address = forms.EmailField(label=_("E-mail address"), max_length=254)
    role = forms.ChoiceField(
        label=_("In which role?"),
        choices=[("", _("Choose")), *GiverRole.choices],
        error_messages=NO_ROLE,
    )
    language = forms.ChoiceField(
        label=_("Language of the mail"),
        choices=Person.Language.choices,
        initial=Person.Language.DUTCH,
    )

    def has_changed(self) -> bool:
        return any((self[name].value() or "").strip() for name in ("name", "address"))

    def asked(self) -> Asked:
        cleaned = self.cleaned_data
        return Asked(
            cleaned["name"], cleaned["address"], GiverRole(cleaned["role"]), cleaned["language"]
        )


class FramedForm(forms.Form):
    """Chooses requirements within one of several frames: each choice stands under its programme,
    where there is more than one."""

    requirements = forms.MultipleChoiceField(
        label=_("What is it about?"),
        widget=forms.CheckboxSelectMultiple(attrs={"class": "framed"}),
    )
    with_whole = False

    def __init__(
        self,
        data: Any = None,
        *,
        found: Sequence[QuestionFrame],
        suggested: Sequence[Suggestion],
        **kwargs: Any,
    ) -> None:
        super().__init__(data, **kwargs)
        self.suggested = {str(suggestion.key): suggestion for suggestion in suggested}
        # What stands behind each choice; None is the whole.
        self.behind: dict[str, tuple[Enrolment, QualityRequirement | None]] = {}
        groups = [(str(frame.enrolment.programme), self._choices(frame)) for frame in found]
        offer(self.fields["requirements"], groups if len(groups) > 1 else groups[0][1])

    def _choices(self, frame: QuestionFrame) -> list[tuple[str, Any]]:
        lines: list[QualityRequirement | None] = [*frame.requirements]
        if self.with_whole:
            lines.append(None)
        choices = []
        for line in lines:
            key = f"{frame.enrolment.pk}/{line.pk if line else ON_WHOLE}"
            self.behind[key] = (frame.enrolment, line)
            choices.append((key, line.words if line else _("The whole of it, in general")))
        return choices

    def clean_requirements(self) -> list[str]:
        chosen = self.cleaned_data["requirements"]
        if len({self.behind[key][0] for key in chosen}) > 1:
            raise ValidationError(_("Choose within one programme at a time."))
        return chosen

    def frame(self) -> dict[str, Any]:
        """Return the enrolment and the requirements that were chosen, as the actions take them."""
        chosen = [self.behind[key] for key in self.cleaned_data["requirements"]]
        return {
            "enrolment": chosen[0][0],
            "requirements": [line for _enrolment, line in chosen if line],
        }

    def known_groups(self) -> list[dict[str, Any]]:
        """List the suggested people to draw: groups of (choice, suggestion)."""
        groups: dict[str, list[tuple[BoundWidget, Suggestion]]] = {}
        for choice in self["known"].subwidgets:
            suggestion = self.suggested.get(str(choice.data["value"]))
            if suggestion:
                groups.setdefault(suggestion.group, []).append((choice, suggestion))
        return [
            {
                "label": label,
                "choices": choices,
                "folded": len(choices) > FEW and not any(c.data["selected"] for c, _s in choices),
            }
            for label, choices in groups.items()
        ]


class AskForm(FramedForm):
    """Asks people who were suggested, and up to NEWCOMERS others, the same."""

    NEWCOMERS = 3

    known = forms.MultipleChoiceField(
        label=_("Whom do you ask?"), required=False, widget=forms.CheckboxSelectMultiple
    )
    message = forms.CharField(
        label=_("Your own message"),
        help_text=_("What do you want to know most? It stands in the mail."),
        required=False,
        max_length=2_000,
        widget=forms.Textarea,
    )

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        field = self.fields["requirements"]
        field.label = _("What do you want to hear about?")
        field.help_text = _("Choose two or three: that is quick to answer, and you hear more.")
        # Where there is little to choose, it is chosen already.
        field.initial = list(self.behind) if len(self.behind) <= 3 else []
        offer(
            self.fields["known"],
            [(key, suggestion.asked.name) for key, suggestion in self.suggested.items()],
        )
        self.newcomers = [
            NewcomerForm(
                data,
                prefix=f"person{number}",
                empty_permitted=True,
                use_required_attribute=False,
            )
            for number in range(self.NEWCOMERS)
        ]

    def clean(self) -> None:
        super().clean()
        if not all(newcomer.is_valid() for newcomer in self.newcomers):
            raise ValidationError(_("Check the name, address and role of the person you ask."))

    def shown_newcomers(self) -> list[NewcomerForm]:
        """List the forms for newcomers to show at once: up to the last that was filled in, or one
        where nobody was suggested."""
        filled = [n for n, newcomer in enumerate(self.newcomers, 1) if newcomer.has_changed()]
        return self.newcomers[: max(filled, default=0 if self.suggested else 1)]

    def parts(self) -> list[forms.Form]:
        return [self, *self.newcomers]

    def question(self) -> dict[str, Any]:
        """Return what `actions.ask` takes of this form."""
        people = [self.suggested[key].asked for key in self.cleaned_data["known"]]
        people += [newcomer.asked() for newcomer in self.newcomers if newcomer.has_changed()]
        return {**self.frame(), "people": people, "message": self.cleaned_data["message"]}


class NoteForm(FramedForm):
    """Notes what one person said."""

    with_whole = True

    known = forms.ChoiceField(label=_("Who said it?"), required=False, widget=forms.RadioSelect)
    text = forms.CharField(
        label=_("What was said?"),
        help_text=_("As close to their own words as you can."),
        max_length=Remark._meta.get_field("text").max_length,
        widget=forms.Textarea,
    )
    given_on = DayField(label=_("When?"))
    place = forms.CharField(label=_("Where?"), max_length=200)

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        people = [(key, suggestion.asked.name) for key, suggestion in self.suggested.items()]
        offer(self.fields["known"], [*people, ("", _("Somebody else"))])
        self.fields["known"].initial = ""
        self.fields["given_on"].initial = timezone.localdate
        self.newcomer = NewcomerForm(data, prefix="person", use_required_attribute=False)

    def somebody_else(self) -> BoundWidget:
        """Return the last choice of `known`: somebody else than who was suggested."""
        return self["known"].subwidgets[-1]

    def clean(self) -> None:
        super().clean()
        if self.cleaned_data.get("known") == "" and not self.newcomer.is_valid():
            raise ValidationError(_("Check the name, address and role of the person who said it."))

    def parts(self) -> list[forms.Form]:
        return [self, self.newcomer]

    def noted(self) -> dict[str, Any]:
        """Return what `actions.note` takes of this form."""
        known = self.cleaned_data["known"]
        chosen = self.cleaned_data["requirements"]
        return {
            **self.frame(),
            "on_whole": any(self.behind[key][1] is None for key in chosen),
            "speaker": self.suggested[known].asked if known else self.newcomer.asked(),
            "text": self.cleaned_data["text"],
            "given_on": self.cleaned_data["given_on"],
            "place": self.cleaned_data["place"],
        }


class OwnNameField(forms.CharField):
    """A name that who is somebody else has to fill in, so that it is not called optional."""

    is_called_optional = False


class SpeakerForm(forms.Form):
    """Who speaks: puts the name or the role by which they were asked, or noted, right, or says that
    they are somebody else."""

    use_required_attribute = False

    name = OwnNameField(label=_("Your name"), max_length=120, required=False)
    is_another = forms.BooleanField(required=False)
    role = forms.ChoiceField(
        label=_("In which role?"),
        choices=GiverRole.choices,
        required=False,
        error_messages=NO_ROLE,
    )

    def call(self, name: str) -> None:
        """Say by which name this person was asked, or noted."""
        self.fields["is_another"].label = gettext("I am somebody else than %(name)s") % {
            "name": name
        }

    def is_somebody_else(self) -> bool:
        return bool(self.cleaned_data.get("is_another"))

    def clean(self) -> None:
        super().clean()
        if self.is_somebody_else() and not self.cleaned_data.get("name"):
            self.add_error("name", _("Fill in your name."))


class AnswerForm(SpeakerForm):
    """One text and what it is about; or words of their own for each requirement. And who says it:
    of several `names` that are known at the mailbox to which the question went, first the one
    that was asked, they choose theirs and say in which role, for that of who was asked is not
    theirs; of one, they put a wrong name or role right, or say that they are somebody else. Without
    names who speaks is known, by their account."""

    OTHER = "other"

    who = forms.ChoiceField(
        label=_("Who are you?"),
        help_text=_("Several people read mail at this address. Your words stand under your name."),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose your name, so that your words are yours.")},
    )
    text = forms.CharField(
        label=_("What did you see or hear?"),
        help_text=_("What went well, and what can be better? A few sentences are enough."),
        error_messages={"required": _("Write in a few words what you saw or heard.")},
        max_length=Remark._meta.get_field("text").max_length,
        widget=forms.Textarea,
    )
    about = forms.MultipleChoiceField(
        label=_("What is it about?"),
        help_text=_("Tap what fits; more than one is fine."),
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "framed"}),
    )
    shown = forms.CharField(
        widget=forms.HiddenInput, error_messages={"required": NOT_AS_SHOWN}, max_length=10_000
    )

    def __init__(
        self,
        data: Any = None,
        *,
        shown: Shown,
        requirements: Sequence[QualityRequirement],
        names: Sequence[tuple[UUID, str]],
        role: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(data, **kwargs)
        self.now_shows = shown
        self.known = {str(number): key for number, (key, _name) in enumerate(names)}
        choices = [(str(number), name) for number, (_key, name) in enumerate(names)]
        offer(self.fields["who"], [*choices, (self.OTHER, _("Somebody else"))])
        if len(names) < 2:
            del self.fields["who"]
            self.fields["role"].initial = role
        else:
            self.fields["name"].label = _("Your name, where it is not above or not right")
            self.fields["role"].required = True
            offer(self.fields["role"], [("", _("Choose")), *GiverRole.choices])
            said = {"name": names[0][1], "role": GiverRole(role).label}
            self.fields["role"].help_text = _("%(name)s was asked as %(role)s.") % said
        if not names:
            del self.fields["name"]
        if len(names) == 1:
            self.call(names[0][1])
        else:
            del self.fields["is_another"]
        self.requirements = {str(line.pk): line for line in requirements}
        lines = [(key, line.words) for key, line in self.requirements.items()]
        offer(self.fields["about"], [*lines, (ON_WHOLE, _("The whole of it, in general"))])
        if len(self.requirements) == 1:
            self.fields["about"].initial = list(self.requirements)
        for key, line in self.requirements.items():
            self.fields[f"on_{key}"] = forms.CharField(
                label=line.words,
                required=False,
                max_length=Remark._meta.get_field("text").max_length,
                widget=forms.Textarea(attrs={"rows": 3}),
            )

        self.fields["text"].required = not (self.is_bound and self.has_own_words())

    def own_fields(self) -> list[BoundField]:
        return [self[f"on_{key}"] for key in self.requirements]

    def has_own_words(self) -> bool:
        return any(field.value() for field in self.own_fields())

    def puts_right(self) -> bool:
        """Tell whether a name or another role was filled in, or refused: then it is not folded."""
        return self.is_bound and any(
            name in self.errors or (self[name].value() or "") != (self.fields[name].initial or "")
            for name in ("name", "is_another", "role")
            if name in self.fields
        )

    def is_somebody_else(self) -> bool:
        return self.cleaned_data.get("who") == self.OTHER or super().is_somebody_else()

    def clean_shown(self) -> Shown:
        try:
            return Shown.read(self.cleaned_data["shown"], self.now_shows.question)
        except BadSignature as fault:
            raise ValidationError(NOT_AS_SHOWN) from fault

    def clean(self) -> None:
        super().clean()
        added = {name for name in self.data if name.startswith("on_")} - set(self.fields)
        if added:
            raise ValidationError(_("This was not asked. Choose from what is on the page."))

    def given(self) -> dict[str, Any]:
        """Return what `actions.answer` takes of this form."""
        about = self.cleaned_data["about"]
        name = self.cleaned_data.get("name", "")
        if "who" in self.fields:
            chosen = self.known.get(self.cleaned_data["who"])
        else:  # who says nothing says nothing of who they are
            is_asked = name and not self.cleaned_data.get("is_another")
            chosen = self.known.get("0") if is_asked else None
        return {
            "text": self.cleaned_data["text"],
            "about": [self.requirements[key] for key in about if key != ON_WHOLE],
            "on_whole": ON_WHOLE in about,
            "own": {
                line: self.cleaned_data[f"on_{key}"] for key, line in self.requirements.items()
            },
            "chosen": chosen,
            "name": name,
            "role": self.cleaned_data["role"] or None,
            "shown": self.cleaned_data["shown"],
        }


class DeclineForm(forms.Form):
    reason = forms.ChoiceField(choices=FeedbackRequest.Reason.choices, required=False)


class ConfirmForm(SpeakerForm):
    """The word on what was noted, and under which name and in which role it was said. Who has an
    account goes by its name."""

    confirmed = forms.ChoiceField(choices=[("yes", "yes"), ("no", "no")])

    def __init__(self, data: Any = None, *, name: str, role: str, has_account: bool) -> None:
        """Make the form; `name` and `role` are those that were noted."""
        super().__init__(data)
        self.fields["role"].initial = role
        self.call(name)
        if has_account:
            del self.fields["name"], self.fields["is_another"]

    def said(self) -> dict[str, Any]:
        """Return what `actions.confirm` takes of this form."""
        return {
            "confirmed": self.cleaned_data["confirmed"] == "yes",
            "name": self.cleaned_data.get("name", ""),
            "is_another": self.cleaned_data.get("is_another", False),
            "role": self.cleaned_data["role"] or None,
        }
