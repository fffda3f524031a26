"""Whether the project's preparation looks at the labels: it is run again on labels in another order.

Used by `selection_is_inside_folds` and `random_labels_score_chance`. The features of a row, and which features there
are, must not depend on the labels; which table a row goes to may, for splits are stratified.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crispq import NotMeasurable
from crispq_checks.reruns import Change, Difference, Preparation, Tables, difference, follows, pooled, raw_gaps

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

#: Fewer exchanged rows than this would leave most of what was learned from the labels as it is.
FEWEST_EXCHANGED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependence:
    """What the preparation lets the labels decide.

    columns: feature -> how it depends on them, in words; lost and added: rows that only one of the runs kept, but for
    rows that left because an equal row stayed; unstable: features that differ between two runs on the same data; keyed:
    whether values were compared, row by row with the key, or without one because both runs made the same rows.
    """

    columns: Mapping[str, str]
    lost: int
    added: int
    unstable: tuple[str, ...]
    keyed: bool
    examined: int
    reruns: int

    @property
    def free(self) -> bool:
        """Whether nothing depends on the labels: neither columns nor values nor which rows are kept."""
        return self.keyed and not (self.columns or self.lost or self.added)


def label_dependence(
    how: Preparation, target: str, groups: str | None, key: str | None, ignore: tuple[str, ...]
) -> Dependence:
    """Run the preparation on permuted labels and tell what changes.

    Where values differ, and the training rows too, parameters fitted on the training rows may be the reason. Then
    labels are only exchanged between neighbours of the same table, which leaves stratified splits as they are; and
    where even that changes the split, a column counts only if it is no straight line of what it was.
    """

    def compared(first: Tables, second: Tables) -> Difference:
        return difference(first, second, key=key, ignore=ignore)

    change = permutation(how, target, groups, seed=1)
    permuted = how.again(change)
    seen = compared(how.own, permuted)
    examined = sum(name not in ignore for name in how.own["train"].columns)
    keyed = seen.matched > 0 and seen.matched >= 0.5 * len(pooled(how.own, key))
    keyed = keyed or (key is None and _same_rows(how.own, permuted, ignore))
    if seen.nothing and keyed:
        return Dependence(columns={}, lost=0, added=0, unstable=(), keyed=True, examined=examined, reruns=1)
    drifted = compared(how.own, how.control)
    seen = compared(how.control, permuted)
    unstable = tuple(sorted({*drifted.gone, *drifted.new, *drifted.cells}))
    columns = {name: "is there only with the true labels" for name in seen.gone if name not in unstable}
    columns |= {name: "is chosen for labels in random order" for name in seen.new if name not in unstable}
    differing: Mapping[str, float] = (
        {name: share for name, share in seen.cells.items() if name not in unstable} if keyed else {}
    )
    reruns = 2
    if differing and not seen.same_training:
        reruns = 3
        differing = _without_the_split(how, differing, permuted, target, groups, key, compared)
    columns |= {name: f"changes in {share:.0%} of the rows" for name, share in differing.items()}
    lost, added = (0, 0) if drifted.lost + drifted.added else _but_for_copies(how, target, change, permuted, seen)
    return Dependence(
        columns=columns,
        lost=lost,
        added=added,
        unstable=unstable,
        keyed=keyed,
        examined=examined + sum(name not in how.own["train"] for name in columns),
        reruns=reruns,
    )


def _same_rows(first: Tables, second: Tables, ignore: tuple[str, ...]) -> bool:
    """Whether both runs made the same rows of features, whichever table they went to and however often they stand."""
    from crispq_checks.rows import hashes

    names = [[str(name) for name in tables["train"].columns if name not in ignore] for tables in (first, second)]
    if names[0] != names[1] or not names[0]:
        return False
    made = [set(hashes(pooled(tables, None)[names[0]]).tolist()) for tables in (first, second)]
    return made[0] == made[1]


def _but_for_copies(
    how: Preparation, target: str, change: Change, permuted: Tables, seen: Difference
) -> tuple[int, int]:
    """How many rows only one of the runs kept, but for those that left because a row equal in all but names stayed."""
    import numpy as np

    from crispq_checks.parts import among, spelled
    from crispq_checks.rows import hashes

    if not seen.lost and not seen.added:
        return 0, 0
    data, raw = how.evidence.data, how.raw_frame
    said = [name for name in raw if name not in {data.key, data.group, data.time}]
    before, after = hashes(raw[said]), hashes(change(raw)[said])
    if data.key is None:
        known = raw[target].notna().to_numpy()
        fewer = len(np.unique(before[known])) - len(np.unique(after[known]))
        return (0, 0) if seen.lost - seen.added == fewer else (seen.lost, seen.added)
    if data.key not in raw or not raw[data.key].is_unique:
        return seen.lost, seen.added
    made = [pooled(tables, data.key) for tables in (how.control, permuted)]
    if any(data.key not in rows for rows in made):
        return seen.lost, seen.added
    kept = [among(spelled(raw[data.key]), spelled(rows[data.key])).to_numpy() for rows in made]
    if any(int(here.sum()) != len(rows) for here, rows in zip(kept, made, strict=True)):
        return seen.lost, seen.added
    lost = kept[0] & ~kept[1] & ~np.isin(after, after[kept[1]])
    added = kept[1] & ~kept[0] & ~np.isin(before, before[kept[0]])
    return int(lost.sum()), int(added.sum())


def _without_the_split(  # noqa: PLR0913, PLR0917 - one step of label_dependence
    how: Preparation,
    differing: Mapping[str, float],
    permuted: Tables,
    target: str,
    groups: str | None,
    key: str | None,
    compared: Any,
) -> Mapping[str, float]:
    """The differing columns that another split of the rows does not explain."""
    exchange = exchange_of_neighbours(how, target, groups, key)
    if exchange is not None:
        exchanged = how.again(exchange)
        seen = compared(how.control, exchanged)
        if seen.same_training:
            return {name: share for name, share in seen.cells.items() if name in differing}
    before, after = (pooled(tables, key).set_index(key) for tables in (how.control, permuted))
    shared = before.index.intersection(after.index)
    return {
        name: share
        for name, share in differing.items()
        if not follows(before.loc[shared, name], after.loc[shared, name], raw_gaps(how, name, key or "", shared))
    }


# --- labels in another order ---------------------------------------------------------------------


def permutation(how: Preparation, target: str, groups: str | None, *, seed: int) -> Change:
    """Labels in random order: whole groups of rows at once where they belong together; gaps stay where they are."""
    import numpy as np

    label, member = _columns(how, target, groups)
    order = permuted_order(label.notna().to_numpy(), member, np.random.default_rng(seed))
    return lambda frame: _with(frame, target, order)


def permuted_order(labelled: NDArray[np.bool_], groups: NDArray[Any] | None, random: np.random.Generator) -> Any:
    """For each row the position of the row whose label it gets, shape (n,).

    With groups the labels are read group by group, in a random order of groups, and given out to the rows group by
    group: labels that are constant in groups stay so as far as the groups' sizes allow.
    """
    import numpy as np
    import pandas as pd

    order = np.arange(len(labelled))
    places = np.flatnonzero(labelled)
    if groups is None:
        order[places] = random.permutation(places)
        return order
    codes = pd.factorize(np.asarray(groups)[places], use_na_sentinel=False)[0]
    rank = random.permutation(codes.max() + 1)
    order[places[np.argsort(codes, kind="stable")]] = places[np.argsort(rank[codes], kind="stable")]
    return order


def exchange_of_neighbours(how: Preparation, target: str, groups: str | None, key: str | None) -> Change | None:
    """Exchange the labels of neighbouring raw rows that went to the same table; None where too few can be.

    A split that is stratified by the label takes rows by their rank within each class. Neighbours that exchange their
    labels exchange their ranks, so that every row goes where it went.
    """
    import numpy as np

    label, member = _columns(how, target, groups)
    if key is None or key not in how.raw_frame:
        return None
    homes = {one: name for name, frame in how.control.items() if key in frame for one in frame[key].tolist()}
    home = [homes.get(one) for one in how.raw_frame[key].tolist()]
    labels = label.tolist()
    known = label.notna().to_numpy()
    order = np.arange(len(labels))
    row = 0
    while row + 1 < len(labels):
        fits = home[row] is not None and home[row] == home[row + 1] and known[row] and known[row + 1]
        together = member is None or member[row] == member[row + 1]
        if fits and together and labels[row] != labels[row + 1]:
            order[[row, row + 1]] = [row + 1, row]
            row += 1
        row += 1
    if np.count_nonzero(order != np.arange(len(order))) < FEWEST_EXCHANGED:
        return None
    return lambda frame: _with(frame, target, order)


def relabelled(  # noqa: PLR0913 - each word is one fact about the labels
    how: Preparation, target: str, groups: str | None, keys: set[Any], *, key: str, seed: int
) -> Change:
    """Labels in random order among the rows with these keys only; all others keep theirs."""
    import numpy as np

    label, member = _columns(how, target, groups)
    chosen = label.notna().to_numpy() & how.raw_frame[key].isin(keys).to_numpy()
    order = permuted_order(chosen, member, np.random.default_rng(seed))
    return lambda frame: _with(frame, target, order)


def _columns(how: Preparation, target: str, groups: str | None) -> tuple[pd.Series[Any], NDArray[Any] | None]:
    raw = how.raw_frame
    if target not in raw:
        raise NotMeasurable(
            f"the table {how.raw!r} has no column {target!r}, the target; name the table that holds the labels with "
            "the setting raw, and its column with raw_target"
        )
    key = how.evidence.data.key
    if groups is None and key in raw and not raw[key].is_unique:
        groups = key
    return raw[target], raw[groups].to_numpy() if groups is not None and groups in raw else None


def _with(frame: pd.DataFrame, target: str, order: NDArray[Any]) -> pd.DataFrame:
    changed = frame.copy()
    changed[target] = frame[target].array[order]
    return changed
