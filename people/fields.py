"""Days and moments that people type. What lies centuries away is a slip, and more than a database
or a time zone can reckon with."""

from datetime import UTC, date, datetime, time
from typing import Final

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

FIRST: Final = date(1900, 1, 1)
LAST: Final = date(2199, 12, 31)
_CHECK_THE_YEAR: Final = _("Check the year.")


class DayField(forms.DateField):
    """A day between FIRST and LAST."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    default_validators = [
        MinValueValidator(FIRST, _CHECK_THE_YEAR),
        MaxValueValidator(LAST, _CHECK_THE_YEAR),
    ]


class MomentField(forms.DateTimeField):
    """A moment between FIRST and LAST."""

    default_validators = [
        MinValueValidator(datetime.combine(FIRST, time.min, UTC), _CHECK_THE_YEAR),
        MaxValueValidator(datetime.combine(LAST, time.min, UTC), _CHECK_THE_YEAR),
    ]
