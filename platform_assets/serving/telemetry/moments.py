"""Mean and spread of features as numbers that can be added: those of several workers become those of all rows."""

Labels = tuple[str, ...]
# Per product and feature: rows, rows with a value, their mean, the sum of their squared distances from it.
Moments = dict[Labels, list[float]]


def add_moments(into: Moments, more: Moments) -> None:
    """Add the windows of another worker, as if all rows had been in one."""
    for labels, (rows, known, mean, squares) in more.items():
        here = into.get(labels)
        if here is None:
            into[labels] = [rows, known, mean, squares]
            continue
        number = here[1] + known
        if number:
            apart = mean - here[2]
            here[3] += squares + apart * apart * here[1] * known / number
            here[2] += apart * known / number
        here[0], here[1] = here[0] + rows, number


def means(moments: Moments) -> dict[Labels, float]:
    """Return the mean of each feature that has a value."""
    return {labels: mean for labels, (_, known, mean, _) in moments.items() if known}


def deviations(moments: Moments) -> dict[Labels, float]:
    """Return the standard deviation of each feature that has a value."""
    return {labels: (squares / known) ** 0.5 for labels, (_, known, _, squares) in moments.items() if known}


def missing(moments: Moments) -> dict[Labels, float]:
    """Return the share of the rows in which each feature is missing."""
    return {labels: 1.0 - known / rows for labels, (rows, known, _, _) in moments.items() if rows}
