from django.urls import path

from qualifications import views

app_name = "qualifications"
urlpatterns = [
    path("", views.qualifications, name="qualifications"),
    path("import/", views.dossier_load, name="dossier_load"),
    path("dossiers/<uuid:pk>/", views.dossier, name="dossier"),
    path("dossiers/<uuid:pk>/import/", views.dossier_import, name="dossier_import"),
    path("<uuid:pk>/", views.qualification, name="qualification"),
    path("<uuid:pk>/merge/", views.qualification_merge, name="qualification_merge"),
    path("<uuid:pk>/publish/", views.qualification_publish, name="qualification_publish"),
    path("<uuid:pk>/withdraw/", views.qualification_withdraw, name="qualification_withdraw"),
    path("<uuid:pk>/remove/", views.qualification_remove, name="qualification_remove"),
    path("work-processes/<uuid:pk>/wording/", views.wording, name="wording"),
]
