from django.contrib import admin
from django.urls import include, path

from people.views import set_language

urlpatterns = [
    path("", include("home.urls")),
    path("qualifications/", include("qualifications.urls")),
    path("programmes/", include("programmes.urls")),
    path("evidence/", include("evidence.urls")),
    path("portfolio/", include("portfolio.urls")),
    path("committees/", include("committees.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("language/", set_language, name="set_language"),
    path("admin/", admin.site.urls),
]
