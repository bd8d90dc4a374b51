from django.urls import path

from portfolio import views

app_name = "portfolio"
urlpatterns = [
    path("", views.mine, name="mine"),
    path("students/", views.students, name="students"),
    path("<uuid:enrolment_id>/", views.coverage, name="coverage"),
    path("<uuid:enrolment_id>/lines/<slug:key>/", views.line, name="line"),
    path("<uuid:enrolment_id>/in-full/", views.in_full, name="in_full"),
    path("<uuid:enrolment_id>/check-ins/", views.check_ins, name="check_ins"),
    path("<uuid:enrolment_id>/check-ins/new/", views.check_in_new, name="check_in_new"),
    path(
        "<uuid:enrolment_id>/check-ins/new/draft/",
        views.check_in_new,
        {"is_draft": True},
        name="check_in_draft",
    ),
    path("check-ins/<uuid:pk>/acknowledge/", views.acknowledge, name="acknowledge"),
    path(
        "check-ins/<uuid:pk>/acknowledge/draft/",
        views.acknowledge,
        {"is_draft": True},
        name="acknowledge_draft",
    ),
    path("check-ins/<uuid:pk>/undo/", views.undo_check_in, name="undo_check_in"),
    path("agreements/<uuid:pk>/done/", views.agreement_done, name="agreement_done"),
    path("<uuid:enrolment_id>/units/<uuid:unit_id>/", views.set_aside, name="set_aside"),
    path(
        "<uuid:enrolment_id>/units/<uuid:unit_id>/lines/<slug:key>/",
        views.set_aside_line,
        name="set_aside_line",
    ),
    path(
        "<uuid:enrolment_id>/units/<uuid:unit_id>/<uuid:evidence_id>/",
        views.set_aside_piece,
        name="set_aside_piece",
    ),
    path(
        "<uuid:enrolment_id>/units/<uuid:unit_id>/<uuid:evidence_id>/draft/",
        views.set_aside_piece,
        {"is_draft": True},
        name="set_aside_draft",
    ),
    path("set-aside/<uuid:pk>/take-back/", views.take_back, name="take_back"),
]
