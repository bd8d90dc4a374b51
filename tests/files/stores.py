"""A storage that is no file system, as an object store is none."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage
from django.utils import timezone


class ObjectStore(Storage):
    """Keeps objects by name and knows no paths; gives addresses that open one of them for a while,
    as S3 does."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, datetime]] = {}

    def _open(self, name: str, mode: str = "rb") -> File:
        if name not in self.objects:
            raise FileNotFoundError(name)
        return ContentFile(self.objects[name][0], name)

    def _save(self, name: str, content: File) -> str:
        self.objects[name] = (content.read(), timezone.now())
        return name

    def delete(self, name: str) -> None:
        self.objects.pop(name, None)

    def exists(self, name: str) -> bool:
        return name in self.objects

    def size(self, name: str) -> int:
        return len(self.objects[name][0])

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        names = [name.removeprefix(f"{path}/") for name in self.objects if name.startswith(path)]
        return [], names

    def get_modified_time(self, name: str) -> datetime:
        return self.objects[name][1]

    def url(
        self, name: str | None, parameters: dict[str, str] | None = None, expire: int = 0
    ) -> str:
        said: dict[str, Any] = {**(parameters or {}), "expire": expire}
        return f"https://store.example/{name}?{urlencode(said)}"
