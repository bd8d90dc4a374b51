from django.urls import path

from programmes.views import enrolments, programmes, setup

app_name = "programmes"
urlpatterns = [
    path("", programmes.programmes, name="list"),
    path("new/", programmes.programme_new, name="programme_new"),
    path("<uuid:pk>/", programmes.programme, name="programme"),
    path("<uuid:pk>/edit/", programmes.programme_edit, name="programme_edit"),
    path("<uuid:pk>/copy/", programmes.programme_copy, name="programme_copy"),
    path("<uuid:pk>/open/", programmes.programme_open, name="programme_open"),
    path("<uuid:pk>/remove/", programmes.programme_remove, name="programme_remove"),
    path("<uuid:pk>/archive/", programmes.programme_archive, name="programme_archive"),
    path("<uuid:pk>/bring-back/", programmes.programme_bring_back, name="programme_bring_back"),
    path("<uuid:pk>/periods/new/", setup.period_new, name="period_new"),
    path("<uuid:pk>/periods/<uuid:period_id>/", setup.period_edit, name="period_edit"),
    path("<uuid:pk>/periods/<uuid:period_id>/remove/", setup.period_remove, name="period_remove"),
    path("<uuid:pk>/units/new/", setup.unit_new, name="unit_new"),
    path("<uuid:pk>/units/<uuid:unit_id>/", setup.unit_edit, name="unit_edit"),
    path("<uuid:pk>/units/<uuid:unit_id>/remove/", setup.unit_remove, name="unit_remove"),
    path("<uuid:pk>/guidelines/", setup.guidelines, name="guidelines"),
    path("<uuid:pk>/guidelines/<uuid:target_id>/", setup.guideline_edit, name="guideline_edit"),
    path("<uuid:pk>/guidelines/<uuid:target_id>/end/", setup.guideline_end, name="guideline_end"),
    path("<uuid:pk>/roles/new/", setup.role_new, name="role_new"),
    path("<uuid:pk>/roles/<uuid:role_id>/end/", setup.role_end, name="role_end"),
    path("<uuid:pk>/students/new/", enrolments.student_new, name="student_new"),
    path("enrolments/<uuid:pk>/", enrolments.enrolment, name="enrolment"),
    path("enrolments/<uuid:pk>/adviser/", enrolments.adviser_edit, name="adviser_edit"),
    path("enrolments/<uuid:pk>/adviser/end/", enrolments.adviser_end, name="adviser_end"),
    path("enrolments/<uuid:pk>/edit/", enrolments.enrolment_edit, name="enrolment_edit"),
    path("enrolments/<uuid:pk>/remove/", enrolments.enrolment_remove, name="enrolment_remove"),
    path("enrolments/<uuid:pk>/placements/new/", enrolments.placement_new, name="placement_new"),
    path(
        "enrolments/<uuid:pk>/placements/<uuid:placement_id>/",
        enrolments.placement_edit,
        name="placement_edit",
    ),
    path(
        "enrolments/<uuid:pk>/placements/<uuid:placement_id>/remove/",
        enrolments.placement_remove,
        name="placement_remove",
    ),
    path(
        "enrolments/<uuid:pk>/placements/<uuid:placement_id>/supervisors/new/",
        enrolments.supervisor_new,
        name="supervisor_new",
    ),
    path(
        "enrolments/<uuid:pk>/supervisors/<uuid:supervisor_id>/end/",
        enrolments.supervisor_end,
        name="supervisor_end",
    ),
]
