"""Who: people and their roles in the institution. Other roles belong to a programme, a placement
or a committee, never to the person as such."""

import uuid
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from records.models import Dated, Row


class AccountManager(BaseUserManager["Account"]):
    def create_user(
        self, email: str, name: str, password: str | None = None, **fields: Any
    ) -> "Account":
        """A person; without a password, one who can sign in only after setting it by mail."""
        user = self.model(email=email.strip().lower(), name=name.strip(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, name: str, password: str | None = None) -> "Account":
        return self.create_user(email, name, password, is_staff=True, is_superuser=True)

    def get_by_natural_key(self, username: str | None) -> "Account":
        return self.get(email=(username or "").strip().lower())


class Account(AbstractBaseUser, PermissionsMixin):
    """A person with an account, called by the name they chose."""

    class Language(models.TextChoices):
        DUTCH = "nl", _("Dutch")
        ENGLISH = "en", _("English")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(_("e-mail address"), max_length=254, unique=True)
    name = models.CharField(_("name"), max_length=120)
    language = models.CharField(
        _("language"), max_length=5, choices=Language.choices, default=Language.DUTCH
    )
    # The keys of the tours on the start page that this person closed for good.
    closed_tours = models.JSONField(default=list, blank=True, editable=False)
    is_active = models.BooleanField(_("may sign in"), default=True)
    is_staff = models.BooleanField(_("sees this support desk"), default=False)
    date_joined = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    objects = AccountManager()

    class Meta:
        verbose_name = pgettext_lazy("whoever has an account", "person")
        verbose_name_plural = pgettext_lazy("whoever has an account", "people")
        constraints = [
            models.UniqueConstraint(Lower("email"), name="an_address_belongs_to_one_person"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ")[0]


class InstitutionRole(Dated):
    """A role in the institution as a whole, with its dates."""

    class Role(models.TextChoices):
        CURRICULUM = "curriculum", pgettext_lazy("role in the institution", "curriculum")
        COORDINATOR = "coordinator", pgettext_lazy("role in the institution", "coordinator")
        EXAM_BOARD = "exam_board", pgettext_lazy("role in the institution", "exam board")
        AUDITOR = "auditor", pgettext_lazy("role in the institution", "auditor")

    user = models.ForeignKey(
        Account,
        on_delete=models.PROTECT,
        related_name="institution_roles",
        verbose_name=pgettext_lazy("whoever has an account", "person"),
    )
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)

    class Meta:
        verbose_name, verbose_name_plural = (
            _("role in the institution"),
            _("roles in the institution"),
        )
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role"],
                condition=Q(ended_at__isnull=True),
                name="a_person_has_a_role_in_the_institution_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()}"


class Draft(Row):
    """What somebody is writing and has not sent (people/drafts.py). No record: it has no event,
    is shown to nobody but its writer, and goes once it is sent."""

    LONGEST_KEY = 500

    key = models.CharField(max_length=LONGEST_KEY, unique=True)
    fields = models.JSONField(default=dict)  # each field's name and its values, as a browser sends
    recorded_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return str(self.pk)
