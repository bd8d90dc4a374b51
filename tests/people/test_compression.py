"""Pages travel compressed; files, which are asked for in parts, do not."""

from gzip import decompress

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from people.middleware import PageCompressionMiddleware


@pytest.mark.django_db
def test_a_page_travels_compressed() -> None:
    page = Client(headers={"Accept-Encoding": "gzip"}).get(reverse("home:help"))

    assert page["Content-Encoding"] == "gzip"
    assert len(page.content) < len(decompress(page.content)) / 2
    assert b"</html>" in decompress(page.content)


@pytest.mark.django_db
def test_its_length_is_another_each_time() -> None:
    client = Client(headers={"Accept-Encoding": "gzip"})
    lengths = {len(client.get(reverse("home:help")).content) for _time in range(20)}

    assert len(lengths) > 1


def test_a_file_travels_as_it_is() -> None:
    text = HttpResponse(b"what was said, " * 100, content_type="text/plain; charset=utf-8")
    request = RequestFactory().get("/", headers={"Accept-Encoding": "gzip"})

    assert PageCompressionMiddleware(lambda _request: text)(request) is text
    assert "Content-Encoding" not in text
