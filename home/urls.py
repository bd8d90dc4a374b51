from django.urls import path

from home import views

app_name = "home"
urlpatterns = [
    path("", views.home, name="home"),
    path("mailbox/", views.mails, name="mailbox"),
    path("mailbox/<slug:name>/", views.mail, name="mail"),
    path("gallery/", views.gallery, name="gallery"),
]
