from allauth.account import forms as of_allauth
from allauth.core import context
from django import forms
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext_lazy as _

from people.changing import Change
from people.limits import attempt, give_back
from people.models import Person
from people.signing_in import AT_AN_ACCOUNT, ask_for_a_password_mail


class NameForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)


def name_of_person(request: HttpRequest, person: Person) -> Change:
    """Make the form in which a person's name is changed."""

    def draw(data: QueryDict | None = None) -> NameForm:
        return NameForm(data, initial={"name": Person.objects.get(pk=person.pk).name})

    return Change(request, draw, about=person.pk)


class AddressForm(forms.Form):
    address = forms.EmailField(label=_("E-mail address"), max_length=254)


class ResetPasswordForm(of_allauth.ResetPasswordForm):
    def clean_email(self) -> str:
        email: str = super().clean_email()
        ask_for_a_password_mail(context.request, email.lower())
        return email


class ChangePasswordForm(of_allauth.ChangePasswordForm):
    def clean_oldpassword(self) -> str:
        """Ask for the password of now, a few times only: a computer may be left signed in."""
        tried = attempt({f"the password of {self.user.pk}": AT_AN_ACCOUNT})
        password: str = super().clean_oldpassword()
        give_back(tried)
        return password
