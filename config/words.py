"""Texts of Django and allauth whose Dutch is missing, or speaks otherwise than ours does. Marked
here, they are gathered and translated with our own, and our catalogue comes before theirs."""

from django.utils.translation import gettext_noop, ngettext_lazy

ngettext_lazy(
    "This password is too short. It must contain at least %d character.",
    "This password is too short. It must contain at least %d characters.",
    0,
)
ngettext_lazy(
    "Your password must contain at least %(min_length)d character.",
    "Your password must contain at least %(min_length)d characters.",
    0,
)
gettext_noop("Your password can’t be too similar to your other personal information.")
gettext_noop("Your password can’t be a commonly used password.")
gettext_noop("Your password can’t be entirely numeric.")
gettext_noop("The email address and/or password you specified are not correct.")
gettext_noop("New Password (again)")
# Of the support desk.
gettext_noop("Add link")
gettext_noop("Change or view list link")
gettext_noop("Error:")
gettext_noop("Model name")
gettext_noop("Search %(name)s")
