"""Who: people, where mail reaches them, who counts as one; their accounts and their roles in the
institution. Other roles belong to a programme, a placement or a committee, never to the person as
such."""

from datetime import datetime, timedelta
from typing import Any, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from people.mailboxes import mailbox_of
from post.links import id_in, is_genuine, token_for
from records.chain import append
from records.models import Dated, DatedQuerySet, Row, Sealed


class Person(Row, Sealed):
    """Somebody, whether they have an account or not. Student, adviser, giver, supervisor and
    member are roles of a person; an address is where mail for them goes."""

    home = ("person", "pk")
    unsealed = ("language",)
    with_person = ("name", "former_names")

    class Language(models.TextChoices):
        DUTCH = "nl", _("Dutch")
        ENGLISH = "en", _("English")

    # As they want to be called; not everybody has two names.
    name = models.CharField(_("name"), max_length=120, blank=True)
    # What they were called before, however spelt: who types such a name means them.
    former_names = models.JSONField(default=list, blank=True, editable=False)
    language = models.CharField(
        _("language"), max_length=5, choices=Language.choices, default=Language.DUTCH
    )
    recorded_at = models.DateTimeField(_("recorded on"), default=timezone.now, editable=False)
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
                condition=Q(erased_at__isnull=True) | Q(name="", former_names=[]),
                name="an_erased_person_has_no_name",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def address(self) -> "Address | None":
        """Find where mail for this person goes now. One query."""
        return self.addresses.current().filter(receives=True).first()


class AddressQuerySet(DatedQuerySet):
    def known(self) -> Self:
        """Find the addresses of now and of before, without those that were never confirmed from
        their mailbox: anybody can say that an address is theirs."""
        return self.exclude(receives=False, confirmed_at=None)

    def at(self, address: str) -> Self:
        """Find the addresses at the mailbox of this one, however it is spelt."""
        return self.filter(mailbox=mailbox_of(address))

    def from_token(self, token: str) -> "Address | None":
        """Find the address whose link this is, whether it waits for it or not; None for a forged
        one. One query."""
        row_id = id_in(token)
        row = row_id and self.filter(pk=row_id).select_related("person__account").first()
        return row if row and is_genuine(token, "address", row.pk, 1) else None


class Address(Dated, Sealed):
    """Where mail for somebody goes. It says nothing of who they are: several people can share a
    mailbox, and one can have several. (docs/decisions/0016-a-person-is-no-address.md)"""

    class Source(models.TextChoices):
        """Who said that this is their address."""

        SCHOOL = "school", pgettext_lazy("source of an address", "the school")
        SELF = "self", pgettext_lazy("source of an address", "themselves")
        ASKER = "asker", pgettext_lazy("source of an address", "somebody who asked them")

    home = ("person", "person_id")
    with_person = ("address", "mailbox")
    CONFIRMABLE_FOR = timedelta(days=7)

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="addresses")
    address = models.EmailField(_("e-mail address"), max_length=254, blank=True)
    # Longer than an address: a domain in another script grows in ASCII.
    mailbox = models.CharField(max_length=510, blank=True, db_index=True)
    source = models.CharField(max_length=10, choices=Source.choices)
    # When its mailbox proved itself by a link that was sent there, or an account was made by hand
    # with a password: who makes one is taken to know where its mail is read.
    confirmed_at = models.DateTimeField(null=True, blank=True)
    receives = models.BooleanField(default=True)

    objects = AddressQuerySet.as_manager()  # type: ignore[misc]  # not the one of Dated

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "address"],
                condition=Q(ended_at__isnull=True),
                name="a_person_has_an_address_once",
            ),
            models.UniqueConstraint(
                fields=["person"],
                condition=Q(ended_at__isnull=True, receives=True),
                name="mail_for_a_person_goes_to_one_address",
            ),
            models.CheckConstraint(
                condition=Q(address="", mailbox="") | ~Q(address="") & ~Q(mailbox=""),
                name="an_address_has_its_mailbox",
            ),
        ]

    def __str__(self) -> str:
        return self.address

    @property
    def token(self) -> str:
        """Of the link by which its mailbox confirms it."""
        return token_for("address", self.pk, 1)

    @property
    def waits(self) -> bool:
        """Whether it is used only once its mailbox has confirmed it."""
        return self.ended_at is None and not self.receives and self.confirmed_at is None

    @property
    def confirmable_until(self) -> datetime:
        return self.recorded_at + self.CONFIRMABLE_FOR

    def is_confirmable(self, at: datetime) -> bool:
        """Tell whether the link of this address works at this (aware) moment."""
        return self.waits and at < self.confirmable_until

    def save(self, **kwargs: Any) -> None:
        self.mailbox = mailbox_of(self.address) if self.address else ""
        super().save(**kwargs)


class SamePerson(Dated, Sealed):
    """What a coordinator said: these two are one human. Nothing that names either is rewritten;
    ended, they are two again. `one` has the lower id, so that it is said once."""

    home = ("person", "one_id")
    with_person = ("reason",)

    one = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    other = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(_("how you know"), max_length=500)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["one", "other"],
                condition=Q(ended_at__isnull=True),
                name="two_are_said_to_be_one_once",
            ),
            models.CheckConstraint(
                condition=Q(one__lt=F("other")), name="two_are_said_to_be_one_in_one_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.one_id} = {self.other_id}"


class Identity(Dated, Sealed):
    """As whom somebody counts, where that is somebody else. Derived by `people.identity.derive`
    from `SamePerson` and mailboxes in common, and from nothing else; dated, so that a past count
    comes out as it was. Stated on a chain apart from its person's, so that who derives waits for
    nobody who holds that one."""

    home = ("identity", "person_id")

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="identities")
    counts_as = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person"],
                condition=Q(ended_at__isnull=True),
                name="a_person_counts_as_one",
            ),
            models.CheckConstraint(
                condition=~Q(person=F("counts_as")), name="who_counts_as_themselves_has_no_row"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} → {self.counts_as_id}"


class AccountManager(BaseUserManager["Account"]):
    def get_queryset(self) -> models.QuerySet["Account"]:
        """Select accounts with the person, so that who is signed in costs one query."""
        return super().get_queryset().select_related("person")

    def create_user(
        self,
        sign_in: str,
        name: str = "",
        password: str | None = None,
        *,
        language: str = Person.Language.DUTCH,
        person: Person | None = None,
        at: datetime | None = None,
        **fields: Any,
    ) -> "Account":
        """Make an account, and unless one is given its person with the address it signs in with;
        without a password, one who can sign in only after setting it by mail. Who is given one by
        hand is taken to read mail there. The caller states what was made. Three queries, one where
        the person is there."""
        sign_in = sign_in.strip().lower()
        at = at or timezone.now()
        if person is None:
            person = Person.objects.create(
                name=name.strip() or sign_in.partition("@")[0],
                language=language,
                recorded_at=at,
                named_at=at,
            )
            Address.objects.create(
                person=person,
                address=sign_in,
                source=Address.Source.SCHOOL,
                confirmed_at=at if password else None,
                recorded_at=at,
            )
        account = self.model(id=person.pk, person=person, sign_in=sign_in, **fields)
        account.set_password(password)
        account.save(using=self._db, force_insert=True)
        return account

    @transaction.atomic
    def create_superuser(
        self, sign_in: str, name: str = "", password: str | None = None
    ) -> "Account":
        """Make somebody who administers everything, as the command line does; leaves an event."""
        account = self.create_user(sign_in, name, password, is_staff=True, is_superuser=True)
        person = account.person
        rows, rights = [person, *person.addresses.all()], {"is_staff": True, "is_superuser": True}
        append(person.chain, "person.registered", by=None, rows=rows, facts=rights)
        return account

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
    # Part of what a session is valid by: another number ends them all.
    sessions_begun = models.PositiveIntegerField(default=0, editable=False)
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

    @property
    def was_here(self) -> bool:
        """Whether they ever came in; who did not, was invited."""
        return self.last_seen_on is not None

    @property
    def sign(self) -> str:
        """What a browser knows them by, which tells nobody who it is: 16 hexadecimal digits."""
        return salted_hmac("people.models.Account.sign", str(self.pk)).hexdigest()[:16]

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        key = f"people.models.Account.{self.sessions_begun}"
        return salted_hmac(key, self.password, secret=secret, algorithm="sha256").hexdigest()

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
    """What somebody is writing on one page and has not sent (people/drafts.py). No record: it has
    no event, is shown to nobody but its writer, and goes once it is sent. Its id is that of the
    page, so that of two devices each keeps its own."""

    LONGEST_KEY = 500

    key = models.CharField(max_length=LONGEST_KEY, db_index=True)  # of the form, and of who writes
    fields = models.JSONField(default=dict)  # each field's name and its values, as a browser sends
    recorded_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return str(self.pk)


class SentForm(models.Model):
    """A form that was sent and done, so that it is done once however often it is sent
    (people/sending.py). Its marks say nothing of whom or what."""

    mark = models.CharField(max_length=64, unique=True)  # of this drawing of the form
    said = models.CharField(max_length=64, blank=True, db_index=True)  # of what was said by whom
    who = models.CharField(max_length=64, blank=True, db_index=True)
    files = models.CharField(max_length=64, blank=True)  # of the names and sizes of its files
    leads_to = models.CharField(max_length=1000, blank=True)  # an address here; none: its own page
    recorded_at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return str(self.pk)


class Attempt(models.Model):
    """Something that was tried and may be tried so often only (people/limits.py)."""

    key = models.CharField(max_length=64)  # under which it is counted; says nothing of whom or what
    recorded_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        indexes = [models.Index(fields=["key", "recorded_at"], name="attempts_by_key")]

    def __str__(self) -> str:
        return str(self.pk)
