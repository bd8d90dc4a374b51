from committees.models import Case


def locked(case: Case) -> Case:
    """The case as it is now, locked until the end of the transaction. One query."""
    return Case.objects.for_list().select_for_update(of=("self",)).get(pk=case.pk)
