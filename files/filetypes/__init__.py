"""Which files are let in, and under what name and type they are shown."""

from files.filetypes.detection import detect
from files.filetypes.names import safe_name
from files.filetypes.types import ALLOWED, FileRefused, FileType, Kind, size_limit

__all__ = ["ALLOWED", "FileRefused", "FileType", "Kind", "detect", "safe_name", "size_limit"]
