"""A support desk: who sits where, what is on which agenda. Sets, judgements and decisions are not
here: they are read on their own pages, by who may."""

from django.contrib import admin

from committees.models import Case, Committee, Meeting, Membership
from people.admin import ReadOnlyAdmin


@admin.register(Committee)
class CommitteeAdmin(ReadOnlyAdmin):
    list_display = ["name", "programme"]
    list_select_related = ["programme"]
    search_fields = ["name"]
    exclude = ["mandate"]


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    list_display = ["person", "committee", "role", "recorded_at", "ended_at"]
    list_select_related = ["person", "committee"]
    list_filter = ["role"]
    search_fields = ["person__name"]


@admin.register(Meeting)
class MeetingAdmin(ReadOnlyAdmin):
    list_display = ["committee", "held_at", "reference_at", "state"]
    list_select_related = ["committee"]
    list_filter = ["state"]


@admin.register(Case)
class CaseAdmin(ReadOnlyAdmin):
    list_display = ["enrolment", "unit", "meeting", "state"]
    list_select_related = [
        "enrolment__student",
        "enrolment__programme",
        "unit",
        "meeting__committee",
    ]
    list_filter = ["state"]
    search_fields = ["enrolment__student__name"]
    exclude = ["decision"]
