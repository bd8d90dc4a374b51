from django.urls import path

from home import views

app_name = "home"
urlpatterns = [
    path("", views.home, name="home"),
    path("tour/<slug:key>/close/", views.tour_close, name="tour_close"),
    path("help/", views.help_index, name="help"),
    path("help/<slug:key>/", views.help_topic, name="help_topic"),
    path("privacy/", views.privacy, name="privacy"),
]
