"""What Django and allauth say, said our way: only texts that are theirs to the letter come out."""

import pytest
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import ResetPasswordKeyForm
from django.contrib.auth.password_validation import (
    password_validators_help_texts,
    validate_password,
)
from django.core.exceptions import ValidationError
from django.utils import translation


@pytest.mark.usefixtures("db")
def test_the_libraries_speak_of_passwords_in_our_words() -> None:
    with translation.override("nl"), pytest.raises(ValidationError) as refused:
        validate_password("123")
    with translation.override("nl"):
        help_texts = password_validators_help_texts()
        wrong = str(DefaultAccountAdapter.error_messages["email_password_mismatch"])
        label = str(ResetPasswordKeyForm().fields["password2"].label)

    assert refused.value.messages == [
        "Dit wachtwoord is te kort. Het moet ten minste 8 tekens hebben.",
        "Dit wachtwoord is te algemeen.",
        "Dit wachtwoord bevat alleen cijfers.",
    ]
    assert help_texts == [
        "Het lijkt niet te veel op je naam of je e-mailadres.",
        "Het heeft ten minste 8 tekens.",
        "Het is geen wachtwoord dat veel mensen gebruiken.",
        "Het bestaat niet alleen uit cijfers.",
    ]
    assert (wrong, label) == (
        "Dit e-mailadres of wachtwoord klopt niet.",
        "Nieuw wachtwoord, nog een keer",
    )
