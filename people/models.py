"""Who: people, their accounts and their roles in the institution. Other roles belong to a
programme, a placement or a committee, never to the person as such."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from records.models import Dated, Row, Sealed


class Person(Row):
    """Somebody, whether they have an account or not. Student, adviser, giver, supervisor and
    member are roles of a person; an address is where mail for them goes."""

    class Language(models.TextChoices):
        DUTCH = "nl", _("Dutch")
        ENGLISH = "en", _("English")

    # As they want to be called; not everybody has two names.
    name = models.CharField(_("name"), max_length=120, blank=True)
    # What they stand under in a long list, where that differs.
    sort_name = models.CharField(_("name to sort by"), max_length=120, blank=True)
    language = models.CharField(
        _("language"), max_length=5, choices=Language.choices, default=Language.DUTCH
    )
    recorded_at = models.DateTimeField(_("recorded on"), default=timezone.now, editable=False)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    # When they or the school said this name; empty while only somebody who asked them typed it.
    named_at = models.DateTimeField(null=True, blank=True, editable=False)
    erased_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = (
            pgettext_lazy("somebody", "person"),
            pgettext_lazy("somebody", "people"),
        )
        constraints = [
            models.CheckConstraint(
                condition=Q(erased_at__isnull=True) | Q(name="", sort_name=""),
                name="an_erased_person_has_no_name",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def chain(self) -> str:
        """The key of this person's chain of events."""
        return f"person:{self.pk}"


class AccountManager(BaseUserManager["Account"]):
    def get_queryset(self) -> models.QuerySet["Account"]:
        """With the person, so that who is signed in costs one query."""
        return super().get_queryset().select_related("person")

    def create_user(
        self,
        sign_in: str,
        name: str = "",
        password: str | None = None,
        *,
        language: str = Person.Language.DUTCH,
        by: "Account | None" = None,
        at: datetime | None = None,
        **fields: Any,
    ) -> "Account":
        """Make an account and its person; without a password, one who can sign in only after
        setting it by mail. Two queries."""
        sign_in = sign_in.strip().lower()
        at = at or timezone.now()
        person = Person.objects.create(
            name=name.strip() or sign_in.partition("@")[0],
            language=language,
            recorded_at=at,
            recorded_by=by,
            named_at=at,
        )
        account = self.model(id=person.pk, person=person, sign_in=sign_in, **fields)
        account.set_password(password)
        account.save(using=self._db)
        return account

    def create_superuser(
        self, sign_in: str, name: str = "", password: str | None = None
    ) -> "Account":
        return self.create_user(sign_in, name, password, is_staff=True, is_superuser=True)

    def get_by_natural_key(self, username: str | None) -> "Account":
        return self.get(sign_in=(username or "").strip().lower())


class Account(AbstractBaseUser, PermissionsMixin):
    """A person who can sign in. It bears its person's id, so that what names a person can be
    compared with who is signed in without a join."""

    id = models.UUIDField(primary_key=True, editable=False)
    person = models.OneToOneField(
        Person,
        on_delete=models.PROTECT,
        editable=False,
        verbose_name=pgettext_lazy("somebody", "person"),
    )
    sign_in = models.EmailField(_("e-mail address"), max_length=254, unique=True)
    # The keys of the tours on the start page that this person closed for good.
    closed_tours = models.JSONField(default=list, blank=True, editable=False)
    last_login = None  # `last_seen_on` says as much as anybody needs
    is_active = models.BooleanField(_("may sign in"), default=True)
    is_staff = models.BooleanField(_("sees this support desk"), default=False)
    # Written at most once a day, shown only to who administers access. (domain rule 25)
    last_seen_on = models.DateField(_("last seen"), null=True, blank=True, editable=False)

    USERNAME_FIELD = "sign_in"
    EMAIL_FIELD = "sign_in"

    objects = AccountManager()

    class Meta:
        verbose_name = pgettext_lazy("to sign in with", "account")
        verbose_name_plural = pgettext_lazy("to sign in with", "accounts")
        constraints = [
            models.UniqueConstraint(Lower("sign_in"), name="a_sign_in_belongs_to_one_account"),
            models.CheckConstraint(
                condition=Q(id=F("person")), name="an_account_bears_the_id_of_its_person"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return self.person.name

    @property
    def language(self) -> str:
        return self.person.language

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ")[0]


class InstitutionRole(Dated, Sealed):
    """A role in the institution as a whole, with its dates."""

    home = ("person", "person_id")

    class Role(models.TextChoices):
        CURRICULUM = "curriculum", pgettext_lazy("role in the institution", "curriculum")
        COORDINATOR = "coordinator", pgettext_lazy("role in the institution", "coordinator")
        EXAM_BOARD = "exam_board", pgettext_lazy("role in the institution", "exam board")
        AUDITOR = "auditor", pgettext_lazy("role in the institution", "auditor")

    person = models.ForeignKey(
        Person,
        on_delete=models.PROTECT,
        related_name="institution_roles",
        verbose_name=pgettext_lazy("somebody", "person"),
    )
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)

    class Meta:
        verbose_name, verbose_name_plural = (
            _("role in the institution"),
            _("roles in the institution"),
        )
        constraints = [
            models.UniqueConstraint(
                fields=["person", "role"],
                condition=Q(ended_at__isnull=True),
                name="a_person_has_a_role_in_the_institution_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.get_role_display()}"


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
