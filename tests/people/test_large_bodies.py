"""What is too large to take in is refused before it is read, on a page of its own."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

pytestmark = pytest.mark.django_db


def page_too_large(client: Client, sent: dict[str, object]) -> bool:
    response = client.post(reverse("account_login"), sent)
    templates = [template.name for template in response.templates]
    return response.status_code == 413 and templates[0] == "413.html"


def test_a_body_over_the_limit_is_refused(client: Client, settings: Settings) -> None:
    settings.LARGEST_BODY = 2_000
    content = b"x" * 1_000

    assert not page_too_large(client, {"file": SimpleUploadedFile("a.txt", content)})
    assert page_too_large(client, {"file": SimpleUploadedFile("a.txt", content * 2)})


def test_text_without_end_is_refused(client: Client, settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 2_000

    assert not page_too_large(client, {"login": "x" * 1_000})
    assert page_too_large(client, {"login": "x" * 2_000})


def test_a_form_with_very_many_files_is_refused(client: Client) -> None:
    def files(count: int) -> list[SimpleUploadedFile]:
        return [SimpleUploadedFile("a.txt", b"x") for _ in range(count)]

    assert not page_too_large(client, {"file": files(100)})
    assert page_too_large(client, {"file": files(101)})
