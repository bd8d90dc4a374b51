from django.urls import path

from demo import views

app_name = "demo"
urlpatterns = [
    path("mailbox/", views.mails, name="mailbox"),
    path("mailbox/<slug:name>/", views.mail, name="mail"),
    path("gallery/", views.gallery, name="gallery"),
]
