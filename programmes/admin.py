from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from people.admin import ReadOnlyAdmin
from programmes.models import Enrolment, Placement, Programme, ProgrammeRole, Unit


@admin.register(Programme)
class ProgrammeAdmin(ReadOnlyAdmin):
    list_display = ["title", "cohort", "qualification", "recorded_at"]
    list_select_related = ["qualification"]
    search_fields = ["title", "cohort"]
    exclude = ["rules"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Programme]:
        """Leave out drafts, which only their coordinators see."""
        return super().get_queryset(request).filter(state__in=Programme.OPENED)


@admin.register(Unit)
class UnitAdmin(ReadOnlyAdmin):
    list_display = ["title", "purpose", "programme"]
    list_select_related = ["programme"]
    search_fields = ["title", "programme__title"]


@admin.register(ProgrammeRole)
class ProgrammeRoleAdmin(ReadOnlyAdmin):
    list_display = ["person", "role", "programme", "recorded_at", "ended_at"]
    list_filter = ["role"]
    list_select_related = ["person", "programme"]
    search_fields = ["person__name", "programme__title"]


@admin.register(Enrolment)
class EnrolmentAdmin(ReadOnlyAdmin):
    list_display = ["student", "programme", "starts_on", "ends_on"]
    list_select_related = ["student", "programme"]
    search_fields = ["student__name", "student__email", "programme__title"]


@admin.register(Placement)
class PlacementAdmin(ReadOnlyAdmin):
    list_display = ["enrolment", "workplace", "starts_on", "ends_on"]
    list_select_related = ["enrolment__student", "enrolment__programme"]
    search_fields = ["workplace", "enrolment__student__name"]
