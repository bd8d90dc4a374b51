"""Addresses as mail systems read them."""

import idna

# Mail systems that deliver with and without dots before the @ alike.
DOTS_IGNORED = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}


def mailbox_of(address: str) -> str:
    """Spell each mailbox in one way: in lower case, the domain in ASCII, without quotes, without
    what follows a plus sign, and without dots where the system is known to ignore them."""
    local, _at, domain = address.strip().lower().rpartition("@")
    domain = _ascii(domain)
    if len(local) > 2 and local[0] == local[-1] == '"':  # the same, by RFC 5321
        local = local[1:-1].replace("\\", "")
    local = local.partition("+")[0] or local
    if domain in DOTS_IGNORED:
        local, domain = local.replace(".", ""), DOTS_IGNORED[domain]
    return f"{local}@{domain}"


def deliverable(address: str) -> str:
    """Write the address as it goes over the wire: its domain in ASCII by IDNA 2008, by which "faß"
    is another domain than "fass"."""
    local, _at, domain = address.strip().rpartition("@")
    return f"{local}@{_ascii(domain)}"


def _ascii(domain: str) -> str:
    """Write a domain in ASCII; itself, in lower case, where it is none that IDNA knows."""
    try:
        return idna.encode(domain, uts46=True, transitional=False).decode()
    except idna.IDNAError:
        return domain.lower()
