"""The support desk for people: register somebody, close an account, give and end roles in the
institution. What matters goes through the actions."""

from typing import Any, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from people import actions
from people.models import InstitutionRole, User
from records.admin import ReadOnlyAdmin, in_words


@admin.register(User)
class UserAdmin(admin.ModelAdmin):
    list_display = ["name", "email", in_words(User._meta.get_field("is_active")), "last_login"]
    list_filter = ["is_active", "is_staff"]
    search_fields = ["name", "email"]
    ordering = ["name"]
    fields = ["name", "email", "language", "is_active", "is_staff", "is_superuser"]

    def get_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        return ["name", "email", "language"] if obj is None else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        return [] if obj is None else ["email"]

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        made = actions.register(
            email=obj.email, name=obj.name, language=obj.language, by=cast(User, request.user)
        )
        obj.pk = made.pk

    def has_delete_permission(self, *args: Any, **kwargs: Any) -> bool:
        return False


@admin.register(InstitutionRole)
class InstitutionRoleAdmin(ReadOnlyAdmin):
    list_display = ["user", "role", "recorded_at", "ended_at"]
    list_filter = ["role"]
    search_fields = ["user__name", "user__email"]
    autocomplete_fields = ["user"]
    fields = ["user", "role"]
    actions = ["end"]

    def has_add_permission(self, request: HttpRequest, *args: Any, **kwargs: Any) -> bool:
        return bool(request.user.is_superuser)

    def save_model(
        self, request: HttpRequest, obj: InstitutionRole, form: Any, change: bool
    ) -> None:
        given = actions.give_role(
            user=obj.user, role=InstitutionRole.Role(obj.role), by=cast(User, request.user)
        )
        obj.pk = given.pk

    @admin.action(description=_("End the chosen roles"))
    def end(self, request: HttpRequest, queryset: QuerySet[InstitutionRole]) -> None:
        for role in queryset:
            actions.end_role(role=role, by=cast(User, request.user))
