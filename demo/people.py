"""The accounts of the demo. These people do not exist."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import pgettext_lazy

PASSWORD = "demo"  # noqa: S105 - of the demo only, shown on its sign-in page


@dataclass(frozen=True, slots=True)
class DemoAccount:
    key: str
    name: str
    label: Any

    @property
    def address(self) -> str:
        return f"{self.key}@demo.example"


ACCOUNTS = [
    DemoAccount("student", "Noor de Vries", pgettext_lazy("demo account", "Student")),
    DemoAccount("adviser", "Karim Haddad", pgettext_lazy("demo account", "Adviser (SLB)")),
    DemoAccount("teacher", "Els Bakker", pgettext_lazy("demo account", "Teacher")),
    DemoAccount("coordinator", "Mirjam Postma", pgettext_lazy("demo account", "Coordinator")),
    DemoAccount("chair", "Ruud van Dijk", pgettext_lazy("demo account", "Chair of the committee")),
    DemoAccount("secretary", "Anneke Smit", pgettext_lazy("demo account", "Secretary")),
    DemoAccount("member", "Fatma Yilmaz", pgettext_lazy("demo account", "Member of the committee")),
    DemoAccount("exam_board", "Hilde Brandsma", pgettext_lazy("demo account", "Exam board")),
    DemoAccount("auditor", "Joost Meijer", pgettext_lazy("demo account", "Auditor")),
    DemoAccount("admin", "Demo beheer", pgettext_lazy("demo account", "Administrator")),
]
