class NotPossible(Exception):
    """The state of things does not let this happen now; the text is fit to show."""
