"""The accounts of the demo. These people do not exist."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import pgettext_lazy

PASSWORD = "demo"  # noqa: S105 - of the demo only, shown on its sign-in page


@dataclass(frozen=True, slots=True)
class Account:
    key: str
    name: str
    label: Any

    @property
    def address(self) -> str:
        return f"{self.key}@demo.example"


ACCOUNTS = [
    Account("student", "Noor de Vries", pgettext_lazy("demo account", "Student")),
    Account("adviser", "Karim Haddad", pgettext_lazy("demo account", "Adviser (SLB)")),
    Account("teacher", "Els Bakker", pgettext_lazy("demo account", "Teacher")),
    Account("coordinator", "Mirjam Postma", pgettext_lazy("demo account", "Coordinator")),
    Account("chair", "Ruud van Dijk", pgettext_lazy("demo account", "Chair of the committee")),
    Account("secretary", "Anneke Smit", pgettext_lazy("demo account", "Secretary")),
    Account("member", "Fatma Yilmaz", pgettext_lazy("demo account", "Member of the committee")),
    Account("auditor", "Joost Meijer", pgettext_lazy("demo account", "Auditor")),
    Account("admin", "Demo beheer", pgettext_lazy("demo account", "Administrator")),
]
