from django.urls import path

from home.views import hall, people, watching

app_name = "home"
urlpatterns = [
    path("", hall.home, name="home"),
    path("tour/<slug:key>/close/", hall.tour_close, name="tour_close"),
    path("help/", hall.help_index, name="help"),
    path("help/<slug:key>/", hall.help_topic, name="help_topic"),
    path("privacy/", hall.privacy, name="privacy"),
    path("health/live", watching.live, name="live"),
    path("health/ready", watching.ready, name="ready"),
    path("metrics", watching.metrics, name="metrics"),
    path("people/", people.people, name="people"),
    path("people/new/", people.person_new, name="person_new"),
    path("people/<uuid:pk>/", people.person, name="person"),
    path("people/<uuid:pk>/name/", people.person_name, name="person_name"),
    path("people/<uuid:pk>/address/", people.person_address, name="person_address"),
    path(
        "people/<uuid:pk>/address/again/",
        people.person_address_again,
        name="person_address_again",
    ),
    path(
        "people/<uuid:pk>/address/call-off/",
        people.person_address_call_off,
        name="person_address_call_off",
    ),
    path("people/<uuid:pk>/invite/", people.person_invite, name="person_invite"),
    path("people/<uuid:pk>/invite/undo/", people.invitation_undo, name="invitation_undo"),
    path("people/<uuid:pk>/same/", people.person_same, name="person_same"),
    path("people/<uuid:pk>/same/<uuid:same_id>/end/", people.same_end, name="same_end"),
    path("people/<uuid:pk>/roles/new/", people.role_new, name="role_new"),
    path("people/<uuid:pk>/roles/<uuid:role_id>/end/", people.role_end, name="role_end"),
    path("people/<uuid:pk>/access/stop/", people.access_stop, name="access_stop"),
    path("people/<uuid:pk>/access/give/", people.access_give, name="access_give"),
    path("people/<uuid:pk>/sign-out/", people.sign_out, name="sign_out"),
]
