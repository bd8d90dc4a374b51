"""One spelling for each mailbox, whatever was typed."""

import pytest

from people.mailboxes import deliverable, mailbox_of


@pytest.mark.parametrize(
    ("typed", "mailbox"),
    [
        (" Noor@School.Example ", "noor@school.example"),
        ("noor+stage@school.example", "noor@school.example"),
        ("noor+a+b@school.example", "noor@school.example"),
        ("+noor@school.example", "+noor@school.example"),  # nothing is left before the plus
        ("n.o.o.r@gmail.com", "noor@gmail.com"),
        ("N.Oor+stage@googlemail.com", "noor@gmail.com"),
        ("n.oor@school.example", "n.oor@school.example"),  # another mailbox than noor@
        ("noor@faß.example", "noor@xn--fa-hia.example"),
        ("noor@FASS.example", "noor@fass.example"),
        ("noor@xn--fa-hia.example", "noor@xn--fa-hia.example"),
        ("noor@a_b.example", "noor@a_b.example"),  # no name that IDNA knows
    ],
)
def test_the_mailbox_of_an_address(typed: str, mailbox: str) -> None:
    assert mailbox_of(typed) == mailbox
    assert mailbox_of(mailbox) == mailbox


@pytest.mark.parametrize(
    ("address", "over_the_wire"),
    [
        ("Noor+stage@School.Example", "Noor+stage@school.example"),
        ("noor@faß.example", "noor@xn--fa-hia.example"),
        ("n.oor@münchen.example", "n.oor@xn--mnchen-3ya.example"),
    ],
)
def test_a_mail_goes_to_the_address_itself(address: str, over_the_wire: str) -> None:
    assert deliverable(address) == over_the_wire
