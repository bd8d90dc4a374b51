from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db import models
from django.utils.translation import gettext as _


class ReadOnlyAdmin(admin.ModelAdmin):
    """For the support desk: to look at. What has a state or a history is changed by its actions."""

    def has_add_permission(self, *args: Any, **kwargs: Any) -> bool:
        return False

    def has_change_permission(self, *args: Any, **kwargs: Any) -> bool:
        return False

    def has_delete_permission(self, *args: Any, **kwargs: Any) -> bool:
        return False

    def get_fields(self, *args: Any, **kwargs: Any) -> Any:
        fields = self.model._meta.fields
        flags = {field.name: in_words(field) for field in fields if is_flag(field)}
        return [flags.get(name, name) for name in super().get_fields(*args, **kwargs)]


def is_flag(field: models.Field) -> bool:
    return isinstance(field, models.BooleanField)


def in_words(field: models.Field) -> Callable[[models.Model], str]:
    """Yes or no, in the reader's language: the admin's own picture says True or False."""

    @admin.display(description=field.verbose_name)
    def words(row: models.Model) -> str:
        return _("yes") if getattr(row, field.name) else _("no")

    return words
