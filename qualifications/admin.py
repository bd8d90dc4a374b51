from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from people.admin import ReadOnlyAdmin
from qualifications.models import Dossier, Qualification


@admin.register(Dossier)
class DossierAdmin(ReadOnlyAdmin):
    list_display = ["title", "code", "name", "recorded_at", "by"]
    search_fields = ["title", "code", "name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("content")


@admin.register(Qualification)
class QualificationAdmin(ReadOnlyAdmin):
    list_display = ["title", "code", "level", "edition", "status"]
    list_filter = ["status"]
    search_fields = ["title", "code"]
    raw_id_fields = ["dossier"]
