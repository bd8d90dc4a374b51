from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from people.models import InstitutionRole, Person


class PeopleSearchForm(forms.Form):
    q = forms.CharField(label=_("Name or e-mail address"), max_length=200, required=False)

    def words(self) -> str:
        return self.cleaned_data["q"] if self.is_valid() else ""


class NewPersonForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
    email = forms.EmailField(label=_("E-mail address"), max_length=254)
    language = forms.ChoiceField(
        label=_("Language"),
        choices=Person.Language.choices,
        initial=Person.Language.DUTCH,
        widget=forms.RadioSelect(attrs={"class": "across"}),
        help_text=_("Of the mails. Who signs in can choose another."),
    )


class SameForm(forms.Form):
    """Cleaned to `other`, a person, and `reason`."""

    other = forms.ChoiceField(
        label=_("Who is the same person?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose who it is.")},
    )
    reason = forms.CharField(
        label=_("How do you know?"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("This stays on record."),
    )

    def __init__(self, *args: Any, choices: list[tuple[Person, str]], **kwargs: Any) -> None:
        """Make the form; `choices` are people, each with what tells them apart."""
        super().__init__(*args, **kwargs)
        self.people = {str(person.pk): person for person, _text in choices}
        other: Any = self.fields["other"]
        other.choices = [(str(person.pk), text) for person, text in choices]

    def clean_other(self) -> Person:
        return self.people[self.cleaned_data["other"]]


class InstitutionRoleForm(forms.Form):
    role = forms.ChoiceField(
        label=_("Role"), choices=InstitutionRole.Role.choices, widget=forms.RadioSelect
    )

    def clean_role(self) -> InstitutionRole.Role:
        return InstitutionRole.Role(self.cleaned_data["role"])
