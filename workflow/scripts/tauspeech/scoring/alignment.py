"""Alignment of a hypothesis with its reference, by the costs of sclite and of the publication of B-WER.

An insertion or a deletion costs 3, a substitution 4. Of equal paths, followed back from the end, a pair of tokens comes before an
insertion, and that before a deletion. WER by jiwer counts each error as one, and may have fewer errors.
"""

from collections.abc import Sequence

GAP, SUBSTITUTION = 3, 4

# Positions in the reference and in the hypothesis; None for an insertion and a deletion.
Pair = tuple[int | None, int | None]


def aligned(reference: Sequence[str], hypothesis: Sequence[str]) -> list[Pair]:
    """Positions that stand for each other, in order."""
    costs = _costs(reference, hypothesis)
    pairs: list[Pair] = []
    i, j = len(reference), len(hypothesis)
    while i or j:
        cost = costs[i][j]
        if i and j and cost == costs[i - 1][j - 1] + _cost(reference[i - 1], hypothesis[j - 1]):
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif j and cost == costs[i][j - 1] + GAP:
            j -= 1
            pairs.append((None, j))
        else:
            i -= 1
            pairs.append((i, None))
    return pairs[::-1]


def _costs(reference: Sequence[str], hypothesis: Sequence[str]) -> list[list[int]]:
    """The least cost of aligning the first i tokens of one with the first j of the other."""
    rows = [[j * GAP for j in range(len(hypothesis) + 1)]]
    for i, token in enumerate(reference, 1):
        above, row = rows[-1], [i * GAP]
        for j, other in enumerate(hypothesis):
            row.append(min(above[j] + _cost(token, other), row[j] + GAP, above[j + 1] + GAP))
        rows.append(row)
    return rows


def _cost(token: str, other: str) -> int:
    return 0 if token == other else SUBSTITUTION
