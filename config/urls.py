from allauth.account.decorators import secure_admin_login
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.urls import include, path
from django.utils.translation import gettext_lazy as _

from committees.views import letters
from people import views as people

# The admin's own sign-in knows no rate limit; people come in through the one door.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]  # as allauth documents it
admin.site.unregister(Group)  # roles here have a context and dates
admin.site.site_header = admin.site.site_title = _("Support desk")
admin.site.index_title = _("To look at, and to help with")

handler500 = "people.views.server_error"
urlpatterns = [
    path("", include("home.urls")),
    path("qualifications/", include("qualifications.urls")),
    path("programmes/", include("programmes.urls")),
    path("evidence/", include("evidence.urls")),
    path("portfolio/", include("portfolio.urls")),
    path("committees/", include("committees.urls")),
    path("letters/", letters.letter_check, name="letter_check"),  # short: it is typed from paper
    path("letters/verifier.py", letters.verifier, name="verifier"),
    path("accounts/", include("allauth.account.urls")),
    path("language/", people.set_language, name="set_language"),
    path("me/", people.details, name="details"),
    path("me/name/", people.details_name, name="details_name"),
    path("me/address/", people.details_address, name="details_address"),
    path("me/address/again/", people.details_address_again, name="details_address_again"),
    path("me/address/call-off/", people.details_address_call_off, name="details_address_call_off"),
    path("me/sign-out/", people.details_sign_out, name="details_sign_out"),
    path("address/<str:token>/", people.address_confirm, name="address_confirm"),
    path("unsent/<uuid:pk>/", people.send_again, name="unsent"),
    path("errands/<uuid:pk>/", people.errand, name="errand"),
    path("errands/<uuid:pk>/call-off/", people.errand_call_off, name="errand_call_off"),
    path("admin/", admin.site.urls),
]
if apps.is_installed("demo"):
    urlpatterns.append(path("", include("demo.urls")))
