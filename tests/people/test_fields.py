"""Days and moments lie within what a database and a time zone can reckon with, in every form."""

from collections.abc import Iterator
from datetime import date
from importlib import import_module

import pytest
from django import forms
from django.apps import apps
from django.core.exceptions import ValidationError
from django.utils import timezone

from people.fields import FIRST, LAST, DayField, MomentField
from tests.test_structure import ROOMS

FAR = ("0001-01-01", "1899-12-31", "2200-01-01", "9999-12-31")


def all_forms(kind: type) -> Iterator[type]:
    for each in kind.__subclasses__():
        yield each
        yield from all_forms(each)


def ours() -> list[type]:
    for room in apps.get_app_configs():
        if room.label in ROOMS:
            for name in ("forms", "views"):
                try:
                    import_module(f"{room.name}.{name}")
                except ModuleNotFoundError as absent:
                    if absent.name != f"{room.name}.{name}":
                        raise
    found = {*all_forms(forms.BaseForm)}
    return [each for each in found if each.__module__.partition(".")[0] in ROOMS]


def test_every_form_takes_days_and_moments_of_our_time_only() -> None:
    fields = {
        f"{form.__name__}.{name}": field
        for form in ours()
        for name, field in getattr(form, "base_fields", {}).items()
        if isinstance(field, (forms.DateField, forms.DateTimeField))
    }

    assert len(fields) > 8
    others = {name for name, of in fields.items() if not isinstance(of, (DayField, MomentField))}
    # That of a piece is bounded by today.
    assert others == {"PieceForm.happened_on"}


@pytest.mark.parametrize("far", FAR)
def test_what_lies_centuries_away_is_a_slip(far: str) -> None:
    with pytest.raises(ValidationError):
        DayField().clean(far)
    with pytest.raises(ValidationError):
        MomentField().clean(f"{far}T12:00")


@pytest.mark.parametrize("near", [FIRST, date(2026, 3, 29), LAST])
def test_what_lies_within_is_taken(near: date) -> None:
    assert DayField().clean(near.isoformat()) == near
    if near < LAST:
        moment = MomentField().clean(f"{near}T12:00")
        assert timezone.localdate(moment) == near
