"""In which language a page speaks."""

from django.conf import settings
from django.http import HttpRequest
from django.utils import translation


def speak(request: HttpRequest, language: str) -> None:
    translation.activate(language)
    request.LANGUAGE_CODE = translation.get_language()


def speak_as_mail(request: HttpRequest, language: str) -> None:
    """Show the page of a link in the language of the mail that it came in, unless this person
    chose another. Any other language than ours changes nothing."""
    has_chosen = settings.LANGUAGE_COOKIE_NAME in request.COOKIES
    is_spoken = language in dict(settings.LANGUAGES)
    if is_spoken and not has_chosen and not request.user.is_authenticated:
        speak(request, language)
