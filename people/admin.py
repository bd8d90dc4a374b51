"""The support desk for people: register somebody, close an account, give and end roles in the
institution. What matters goes through the actions."""

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

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
    """Yes or no, in the reader's language: the admin's own picture says True or False."""

    @admin.display(description=field.verbose_name)
    def words(row: models.Model) -> str:
        return gettext("yes") if getattr(row, field.name) else gettext("no")

    return words


class RegisterForm(forms.ModelForm):
    name = forms.CharField(label=_("Name"), max_length=120)
    language = forms.ChoiceField(label=_("Language"), choices=Person.Language.choices)

    class Meta:
        model = Account
        fields = ("name", "sign_in", "language")


@admin.register(Account)
class AccountAdmin(admin.ModelAdmin):
    list_display = ["person", "sign_in", in_words(Account._meta.get_field("is_active"))]
    list_filter = ["is_active", "is_staff"]
    search_fields = ["person__name", "sign_in"]
    ordering = ["person__name"]
    fields = ["sign_in", "is_active", "is_staff", "is_superuser"]

    def get_form(
        self, request: HttpRequest, obj: Account | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        return RegisterForm if obj is None else super().get_form(request, obj, change, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Account | None = None) -> Any:
        return [*RegisterForm.base_fields] if obj is None else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: Account | None = None) -> list[str]:
        return [] if obj is None else ["sign_in"]

    def save_model(self, request: HttpRequest, obj: Account, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        made = actions.register(
            email=obj.sign_in,
            name=form.cleaned_data["name"],
            language=form.cleaned_data["language"],
            by=cast(Account, request.user),
        )
        obj.pk, obj.person = made.pk, made.person

    def has_delete_permission(self, *args: Any, **kwargs: Any) -> bool:
        return False


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
    autocomplete_fields = ["person"]
    fields = ["person", "role"]
    actions = ["end"]

    def has_add_permission(self, request: HttpRequest, *args: Any, **kwargs: Any) -> bool:
        return bool(request.user.is_superuser)

    def save_model(
        self, request: HttpRequest, obj: InstitutionRole, form: Any, change: bool
    ) -> None:
        given = actions.give_role(
            person=obj.person, role=InstitutionRole.Role(obj.role), by=cast(Account, request.user)
        )
        obj.pk = given.pk

    @admin.action(description=_("End the chosen roles"))
    def end(self, request: HttpRequest, queryset: QuerySet[InstitutionRole]) -> None:
        for role in queryset:
            actions.end_role(role=role, by=cast(Account, request.user))
