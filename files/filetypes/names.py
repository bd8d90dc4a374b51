"""Names of files as people see them; in the storage a file has no name but its hash."""

import re
import unicodedata
from typing import Final

from django.utils.translation import gettext as _

from files.filetypes.types import FileType

LONGEST: Final = 120
_JOINERS: Final = "\u200c\u200d"  # Persian words and composed emoji need them
_NOT_IN_A_NAME: Final = re.compile(r'[<>:"|?*]')
_EXTENSION: Final = re.compile(r"\.(?=\w*[a-z])\w{2,5}$", re.ASCII | re.IGNORECASE)
_DEVICE: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


def safe_name(name: str, file_type: FileType) -> str:
    """Make the user's name for a file fit to show and to save under.

    One line of at most 120 characters in NFC: no path, no control or bidirectional characters,
    nothing that a file system reserves, and at its end the extension of the type that was detected,
    in place of its own. Never empty.
    """
    last = next((part for part in reversed(re.split(r"[/\\]", name)) if part.strip(" .")), "")
    spaced = " ".join(last.split())
    printable = "".join(c for c in spaced if c in _JOINERS or unicodedata.category(c)[0] != "C")
    normal = unicodedata.normalize("NFC", _NOT_IN_A_NAME.sub("_", printable))
    stem = _EXTENSION.sub("", normal.strip(" .-"))
    extension = f".{file_type.extension}"
    # "verslag.pdf.exe" was renamed once already.
    stem = stem.removesuffix(extension).strip(" .-")[: LONGEST - len(extension)].rstrip(" .")
    if _DEVICE.match(stem):
        stem = f"_{stem}"[: LONGEST - len(extension)]
    return (stem or _("file")) + extension
