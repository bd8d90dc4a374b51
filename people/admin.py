"""The support desk for people: to look at, and who sees the desk or administers everything. What
else is done with people is done on their own pages (home/views/people.py); what is changed here
goes through the actions."""

from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin
from django.db import models, transaction
from django.http import HttpRequest
from django.utils.translation import gettext

from people import actions
from people.models import Account, InstitutionRole, Person


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
    """Show yes or no, in the reader's language: the admin's own picture says True or False."""

    @admin.display(description=field.verbose_name)
    def words(row: models.Model) -> str:
        return gettext("yes") if getattr(row, field.name) else gettext("no")

    return words


@admin.register(Account)
class AccountAdmin(admin.ModelAdmin):
    list_display = ["person", "sign_in", in_words(Account._meta.get_field("is_active"))]
    list_filter = ["is_active", "is_staff"]
    search_fields = ["person__name", "sign_in"]
    ordering = ["person__name"]
    fields = ["sign_in", "is_active", "is_staff", "is_superuser"]
    readonly_fields = ["sign_in"]

    def has_add_permission(self, *args: Any, **kwargs: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, *args: Any, **kwargs: Any) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, *args: Any, **kwargs: Any) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Account, form: Any, change: bool) -> None:
        """Save access and rights, each by its own action; what one of them refuses undoes the
        others."""
        by = cast(Account, request.user)
        with transaction.atomic():
            if "is_active" in form.changed_data:
                act = actions.give_access if obj.is_active else actions.stop_access
                act(account=obj, by=by)
            if {"is_staff", "is_superuser"} & set(form.changed_data):
                actions.set_rights(
                    account=obj, is_staff=obj.is_staff, is_superuser=obj.is_superuser, by=by
                )


@admin.register(Person)
class PersonAdmin(ReadOnlyAdmin):
    list_display = ["name", "language"]
    search_fields = ["name", "account__sign_in"]
    ordering = ["name"]


@admin.register(InstitutionRole)
class InstitutionRoleAdmin(ReadOnlyAdmin):
    list_display = ["person", "role", "recorded_at", "ended_at"]
    list_filter = ["role"]
    search_fields = ["person__name"]
