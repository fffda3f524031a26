"""Rows, texts and images that are nearly those of another table: copies that were edited, rounded or encoded anew.

Each function holds a later table against an earlier one and marks what no coincidence explains. What is exactly equal
is the business of `crispq_checks.rows`; here it is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from crispq import NotMeasurable
from crispq_checks.rows import values

Vector: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]
Index: TypeAlias = NDArray[np.intp]
Words: TypeAlias = NDArray[np.uint64]

#: The chance, over a whole table, that rows which lie close by coincidence are taken for copies.
ALPHA = 0.001
#: The neighbour that says how far apart rows are hereabouts: a copied row may have a few copies in the first table too.
NEIGHBOUR = 6
#: With fewer different rows than this, distances say nothing about their usual size.
FEWEST_ROWS = 30
#: Up to this many pairs of rows every distance is computed; beyond, only those of rows that share a band of cells.
MOST_PAIRS = 30_000_000
#: Rows from which usual distances are told.
SAMPLE = 3_000
#: Bands into which the columns are dealt: an edit in three cells leaves one of four untouched.
BANDS = 4
#: Rows of the first table with one content that are still looked at, for each row of the second.
BUCKET = 5
#: The share of a row's information that must agree in a row with edited cells.
AGREEING = 0.75
#: A category beyond the most frequent ones has no place of its own in a distance.
CATEGORIES = 20
#: Where a larger share of columns has no place in a distance, it says too little of a row.
MOST_UNPLACED = 0.25
#: A row with a larger share of missing cells says too little to be recognised.
MOST_MISSING = 0.5
#: How often a value that was seen once is taken to come, at least.
RAREST = 1e-3
#: The cells of the grid that finds close rows in large tables.
GRID = 48
NUMBERS_OF_A_PAIR = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """Which rows of the second table are near copies, of which row of the first, and how many are set aside.

    found (m,); partner (m,): a row of the first table, where found; by_chance: close rows that do not count.
    """

    found: Mask
    partner: Index
    by_chance: int = 0

    @property
    def copies(self) -> int:
        """How many there are."""
        return int(self.found.sum())


def nothing(rows: int) -> Near:
    """No row is a near copy."""
    return Near(found=np.zeros(rows, dtype=bool), partner=np.zeros(rows, dtype=np.intp))


def both(first: Near, second: Near) -> Near:
    """What either of two looks at the same rows found."""
    return Near(
        found=first.found | second.found,
        partner=np.where(first.found, first.partner, second.partner),
        by_chance=first.by_chance + second.by_chance,
    )


# --- rows ----------------------------------------------------------------------------------------


def near_rows(first: pd.DataFrame, second: pd.DataFrame) -> Near:
    """Rows of `second` that lie too close to one of `first`, or agree with it in all but a few cells.

    Close: let r be the distance to the nearest row of the first table, divided by that to the sixth. Where rows are
    spread evenly over the neighbourhood in D dimensions, r^D is the smallest of five uniform numbers, so that
    p = 1 - (1 - r^D)^5; a row is too close if p < ALPHA / rows. D comes from the first table's own rows, as the median
    of the ratios of second to first distance has it (Facco et al., "Estimating the intrinsic dimension of datasets by a
    minimal neighborhood information", Scientific Reports 7 (2017), 12140). Numbers are measured by rank; half a step
    of the finest column is added to the nearest distance, for on a lattice rows meet by themselves. Texts of too many
    values have no place in a distance: close rows must agree in them exactly, and nothing is told by distance where
    more than a quarter of the columns are such.
    """
    own, other = _plain(first), _plain(second)
    different = own[~own.duplicated().to_numpy()]
    if different.shape[1] < NUMBERS_OF_A_PAIR or len(different) < FEWEST_ROWS:
        return nothing(len(second))
    places = np.flatnonzero(~own.duplicated().to_numpy())
    fresh = ~np.isin(_hashes(other), _hashes(different)) & (other.isna().mean(axis=1) <= MOST_MISSING).to_numpy()
    found = both(_close(different, other, fresh), _edited(different, other, fresh))
    return Near(found=found.found, partner=places[found.partner], by_chance=found.by_chance)


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({name: values(frame[name]) for name in frame}).reset_index(drop=True)


def _hashes(frame: pd.DataFrame) -> Words:
    return np.asarray(pd.util.hash_pandas_object(frame, index=False), dtype=np.uint64)


def _close(first: pd.DataFrame, second: pd.DataFrame, fresh: Mask) -> Near:
    unplaced = [name for name in first if len(first[name].unique()) > 1 and not _coordinate(first[name], second[name])]
    if len(unplaced) > MOST_UNPLACED * first.shape[1]:
        return nothing(len(second))
    own, other = _coordinates(first, second)
    if own.shape[1] < NUMBERS_OF_A_PAIR:
        return nothing(len(second))
    sample = _sampled(len(own), SAMPLE)
    dimension = _dimension(own[sample], own)
    asked = np.flatnonzero(fresh)
    if len(own) * len(asked) <= MOST_PAIRS:
        distances, neighbours = _nearest(other[asked], own, NEIGHBOUR)
        nearest, partner, usual = distances[:, 0], neighbours[:, 0], distances[:, -1]
    else:
        asked, partner, nearest = _nearest_in_grid(own, other, asked)
        usual = _nearest(other[asked], own[sample], NEIGHBOUR)[0][:, -1]
        usual = usual * (len(sample) / len(own)) ** (1 / dimension)
    told = _chance(np.hypot(nearest, _step(first)), usual, dimension) < ALPHA / max(1, int(fresh.sum()))
    asked, partner = asked[told], partner[told]
    agree = _agree_unplaced(first, second.iloc[asked], partner, unplaced)
    found = nothing(len(second))
    found.found[asked[agree]] = True
    found.partner[asked[agree]] = partner[agree]
    return found


def _agree_unplaced(first: pd.DataFrame, second: pd.DataFrame, partner: Index, unplaced: Sequence[Any]) -> Mask:
    """Which rows of the second agree with their partners in all that the distance does not see."""
    agree = np.ones(len(second), dtype=bool)
    for name in first:
        if name not in unplaced and types.is_float_dtype(first[name]):
            continue
        cells = first[name].astype("str").where(first[name].notna(), "")
        own = cells.iloc[partner].to_numpy()
        other = second[name].astype("str").where(second[name].notna(), "").to_numpy()
        seen: list[str] = [] if name in unplaced else cells.value_counts().index[:CATEGORIES].tolist()
        agree &= (own == other) | np.isin(own, seen) | np.isin(other, seen)
    return agree


def _step(frame: pd.DataFrame) -> float:
    """Half the distance between neighbouring values of the finest column of numbers."""
    return min(
        (0.5 / max(1, frame[name].nunique()) for name in frame if types.is_float_dtype(frame[name])), default=0.0
    )


def _chance(nearest: Vector, usual: Vector, dimension: float) -> Vector:
    """How likely the nearest of six neighbours lies this close, were they spread evenly."""
    ratio = np.divide(nearest, usual, out=np.ones_like(usual), where=usual > 0)
    return np.asarray(1 - (1 - np.minimum(ratio, 1) ** dimension) ** (NEIGHBOUR - 1))


def _coordinates(first: pd.DataFrame, second: pd.DataFrame) -> tuple[Vector, Vector]:
    """Both tables as points: numbers by their rank in the first, categories as corners."""
    parts = [part for name in first for part in _coordinate(first[name], second[name])]
    if not parts:
        return np.empty((len(first), 0)), np.empty((len(second), 0))
    return np.column_stack([own for own, _ in parts]), np.column_stack([other for _, other in parts])


def _coordinate(first: pd.Series[Any], second: pd.Series[Any]) -> list[tuple[Vector, Vector]]:
    if types.is_float_dtype(first) and types.is_float_dtype(second):
        known = np.unique(first.dropna().to_numpy())
        if known.size < NUMBERS_OF_A_PAIR:
            return []
        ranks = _mid_ranks(first.dropna().to_numpy(), known)
        own, other = (np.asarray(np.interp(one.fillna(np.median(known)), known, ranks)) for one in (first, second))
        return [(own, other)]
    counts = first.astype("str").value_counts()
    if len(counts) > max(CATEGORIES, len(first) // 2):
        return []
    frequent = counts.index[:CATEGORIES].tolist()
    corners = [
        [float(np.sqrt(1 / 12)) * (one.astype("str") == label).to_numpy() for label in frequent]
        for one in (first, second)
    ]
    return list(zip(*corners, strict=True))


def _mid_ranks(column: Vector, known: Vector) -> Vector:
    ordered = np.sort(column)
    return np.asarray(
        (np.searchsorted(ordered, known, "left") + np.searchsorted(ordered, known, "right")) / 2 / column.size
    )


def _sampled(rows: int, most: int) -> Index:
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(0).choice(rows, size=most, replace=False))


def _dimension(sample: Vector, points: Vector) -> float:
    """In how many dimensions the rows are spread: ln 2 divided by the median of ln(second / first distance)."""
    asked = sample[_sampled(len(sample), max(100, MOST_PAIRS // len(points) // 4))]
    distances, _ = _nearest(asked, points, 3)
    first, second = distances[:, 1], distances[:, 2]  # the nearest of all is the row itself
    apart = first > 0
    if not apart.any():
        return 1.0
    middle = float(np.median(np.log(second[apart] / first[apart])))
    return float(np.clip(np.log(2) / max(middle, 1e-3), 1.0, points.shape[1]))


def _nearest(asked: Vector, points: Vector, count: int) -> tuple[Vector, Index]:
    """The distances (rows, count) to the nearest points, ascending, and which they are; in blocks, exactly."""
    count = min(count, len(points))
    squares = np.einsum("ij,ij->i", points, points)
    block = max(1, 8_000_000 // len(points))
    found = [_nearest_of(asked[start : start + block], points, squares, count) for start in range(0, len(asked), block)]
    if not found:
        return np.empty((0, count)), np.empty((0, count), dtype=np.intp)
    return np.concatenate([one for one, _ in found]), np.concatenate([one for _, one in found])


def _nearest_of(asked: Vector, points: Vector, squares: Vector, count: int) -> tuple[Vector, Index]:
    rough = squares[None, :] - 2 * asked @ points.T
    which = np.argpartition(rough, count - 1, axis=1)[:, :count]
    exact = np.sqrt(((points[which] - asked[:, None, :]) ** 2).sum(axis=2))
    order = np.argsort(exact, axis=1, kind="stable")
    return np.take_along_axis(exact, order, axis=1), np.take_along_axis(which, order, axis=1)


def _nearest_in_grid(first: Vector, second: Vector, asked: Index) -> tuple[Index, Index, Vector]:
    """For rows that share all cells of a band with a row of the first table: which, the closest such, and how far."""
    pairs = [_pairs(_grid(first, shift), _grid(second[asked], shift)) for shift in (0.0, 0.5)]
    theirs, ours = (np.concatenate([one[part] for one in pairs]) for part in (0, 1))
    distance = np.sqrt(((second[asked[theirs]] - first[ours]) ** 2).sum(axis=1))
    order = np.lexsort((distance, theirs))
    rows, where = np.unique(theirs[order], return_index=True)
    return asked[rows], ours[order][where], distance[order][where]


def _grid(points: Vector, shift: float) -> list[Words]:
    cells = pd.DataFrame(np.floor(points * GRID + shift))
    return [_hashes(cells[list(band)]) for band in _bands(list(cells.columns))]


def _bands(names: Sequence[Any]) -> list[Sequence[Any]]:
    """The columns dealt like cards, so that neighbours, which often say the same, come into different bands."""
    return [names[start::BANDS] for start in range(min(BANDS, len(names)))]


def _pairs(first: Sequence[Words], second: Sequence[Words]) -> tuple[Index, Index]:
    """Rows of the second and of the first table with the same hash in one of the bands; rare contents only."""
    theirs, ours = [], []
    for own, other in zip(first, second, strict=True):
        order = np.argsort(own, kind="stable")
        left, right = (np.searchsorted(own[order], other, side) for side in ("left", "right"))
        for step in range(BUCKET):
            rows = np.flatnonzero((right - left > step) & (right - left <= BUCKET))
            theirs.append(rows)
            ours.append(order[left[rows] + step])
    return np.concatenate(theirs), np.concatenate(ours)


# --- rows with a few edited cells ------------------------------------------------------------------


def _edited(first: pd.DataFrame, second: pd.DataFrame, fresh: Mask) -> Near:
    """Rows that agree exactly in three quarters of what they say, which is more than coincidence and their kin share.

    A cell says -ln(share of its value). What agrees must be rarer than ALPHA over all pairs of rows, allowing for
    correlated columns, and no second row of the first table may agree as much.
    """
    found = nothing(len(second))
    names = list(first.columns)
    asked = np.flatnonzero(fresh)
    if len(names) < BANDS or not asked.size:
        return found
    said = first.nunique().sort_values(ascending=False, kind="stable")
    ordered = [str(name) if name in names else name for name in said.index]
    codes = [_codes(first[name], second[name].iloc[asked]) for name in ordered]
    own, other = (np.column_stack([one[part] for one in codes]) for part in (0, 1))
    bands = [_bands(list(range(len(ordered))))[index] for index in range(BANDS)]
    theirs, ours = _pairs(*([_of_band(part, band) for band in bands] for part in (own, other)))
    if not theirs.size:
        return found
    weights = [_weights(own[:, column]) for column in range(own.shape[1])]
    said_of = np.column_stack([one[own[:, column]] for column, one in enumerate(weights)])
    said_of[first[ordered].isna().to_numpy()] = 0.0  # that both say nothing is no agreement
    agreed = (own[ours] == other[theirs]) * said_of[ours]
    information = agreed.sum(axis=1) * _independence(own)
    enough = information > np.log(len(first) * max(1, len(second)) / ALPHA)
    alike = enough & (agreed.sum(axis=1) >= AGREEING * said_of[ours].sum(axis=1))
    rows, partners, lonely = _without_kin(theirs[alike], ours[alike])
    found.found[asked[rows[lonely]]] = True
    found.partner[asked[rows[lonely]]] = partners[lonely]
    return Near(found=found.found, partner=found.partner, by_chance=int((~lonely).sum()))


def _without_kin(rows: Index, partners: Index) -> tuple[Index, Index, Mask]:
    """Each row once, with one partner, and whether it is the only one."""
    pairs = np.unique(np.column_stack([rows, partners]), axis=0) if rows.size else np.empty((0, 2), dtype=np.intp)
    different, where, counts = np.unique(pairs[:, 0], return_index=True, return_counts=True)
    return different, pairs[where, 1], np.asarray(counts == 1)


def _codes(first: pd.Series[Any], second: pd.Series[Any]) -> tuple[Index, Index]:
    """Equal numbers for equal cells; -1 for what the first table does not hold."""
    if first.dtype != second.dtype:
        first, second = first.astype("str"), second.astype("str")
    codes, known = pd.factorize(first, use_na_sentinel=False, sort=True)
    return codes, np.asarray(pd.Index(known).get_indexer(pd.Index(second)), dtype=np.intp)


def _of_band(codes: Index, band: Sequence[int]) -> Words:
    return _hashes(pd.DataFrame(codes[:, list(band)]))


def _weights(codes: Index) -> Vector:
    """-ln(share) of each value; a value seen once counts as often as Good and Turing estimate (Biometrika 40, 1953)."""
    counts = np.bincount(codes)
    seen_once, seen_twice = int(np.count_nonzero(counts == 1)), int(np.count_nonzero(counts == 2))  # noqa: PLR2004
    once = min(1.0, max(RAREST, 2 * seen_twice / max(1, seen_once)))
    return np.asarray(-np.log(np.where(counts <= 1, once, counts) / codes.size))


def _independence(codes: Index) -> float:
    """How many columns' worth a column says, from 1 down to 1/columns: p² / sum(r²) of the correlations, by column."""
    sample = codes[_sampled(len(codes), SAMPLE)].astype(np.float64)
    varied = sample[:, np.ptp(sample, axis=0) > 0]
    if varied.shape[1] < NUMBERS_OF_A_PAIR:
        return 1.0
    correlations = np.atleast_2d(np.corrcoef(varied, rowvar=False))
    return float(correlations.shape[0] / np.sum(correlations**2))


# --- texts ---------------------------------------------------------------------------------------

#: A shingle is this many bytes, so that it fits a number without a hash.
SHINGLE = 6
#: Hash functions, and how many of them make a band: texts of similarity 0.8 meet with probability 0.9998.
PERMUTATIONS, ROWS_OF_A_BAND = 64, 4
#: Texts are compared by their first so many bytes; in large tables by fewer.
MOST_BYTES, FEW_BYTES = 4_000, 1_000
LARGE_TABLE = 20_000
#: A text shorter than this many shingles is compared with nothing.
FEWEST_SHINGLES = 20


def is_text(column: pd.Series[Any]) -> bool:
    """Whether the column holds free text: mostly long, mostly different, of several words."""
    if types.is_numeric_dtype(column) or types.is_datetime64_any_dtype(column):
        return False
    told = column.dropna().head(SAMPLE).astype("str")
    return bool(
        len(told) > 1
        and told.str.len().median() >= FEWEST_SHINGLES + SHINGLE
        and told.nunique() > len(told) / 2
        and told.str.strip().str.contains(" ").mean() > 0.5  # noqa: PLR2004 - most
    )


def near_texts(first: pd.Series[Any], second: pd.Series[Any], similarity: float) -> Near:
    """Texts of `second` whose shingles overlap with those of one of `first` by at least `similarity` (Jaccard).

    Shingles are the sets of six bytes in a row, in lower case and with single spaces. Candidates come from 16 bands of
    4 of 64 minimum hashes (Broder, "On the resemblance and containment of documents", 1997); each is then computed
    exactly. If texts of the first table are near copies of each other as often (forms, boilerplate), only what exceeds
    that counts, by Fisher's exact test.
    """
    most = FEW_BYTES if len(first) + len(second) > LARGE_TABLE else MOST_BYTES
    own, other = (_Shingled.of(column, most) for column in (first, second))
    found = _overlapping(own, other, similarity)
    if not found.copies:
        return found
    kin = _overlapping(own, own, similarity)
    return _beyond_the_usual(found, int(kin.found.sum()), len(first))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shingled:
    """The shingles of each text, one text after the other, and their minimum hashes (texts, 64)."""

    shingles: Words
    starts: Index
    sizes: Index
    hashes: Words

    @classmethod
    def of(cls, column: pd.Series[Any], most: int) -> _Shingled:
        texts = [_told(text)[:most] for text in column.tolist()]
        words, owner = _shingles(texts)
        sizes = np.bincount(owner, minlength=len(texts)).astype(np.intp)
        starts = np.cumsum(sizes) - sizes
        return cls(shingles=words, starts=starts, sizes=sizes, hashes=_minima(words, starts, sizes))

    def shingles_of(self, text: int) -> Words:
        return np.unique(self.shingles[self.starts[text] : self.starts[text] + self.sizes[text]])


def _told(text: object) -> bytes:
    return " ".join(text.lower().split()).encode() if isinstance(text, str) else b""


def _shingles(texts: Sequence[bytes]) -> tuple[Words, Index]:
    """All shingles and the text of each, by text."""
    lengths = np.asarray([len(text) for text in texts], dtype=np.intp)
    whole = np.frombuffer(b"".join(texts) + bytes(SHINGLE), dtype=np.uint8).astype(np.uint64)
    words = np.zeros(len(whole) - SHINGLE, dtype=np.uint64)
    for step in range(SHINGLE):
        words = (words << np.uint64(8)) | whole[step : step + len(words)]
    owner = np.repeat(np.arange(len(texts)), lengths)
    ends = np.repeat(np.cumsum(lengths), lengths)
    inside = np.arange(len(words)) + SHINGLE <= ends
    return words[inside], owner[inside]


def _minima(words: Words, starts: Index, sizes: Index) -> Words:
    random = np.random.default_rng(0)
    factors = random.integers(1, 2**63, size=PERMUTATIONS, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    minima = np.full((len(starts), PERMUTATIONS), np.uint64(2**64 - 1), dtype=np.uint64)
    full = np.flatnonzero(sizes > 0)
    if full.size:
        mixed = words ^ (words >> np.uint64(23))
        for column, factor in enumerate(factors):
            product = mixed * factor
            minima[full, column] = np.minimum.reduceat(product ^ (product >> np.uint64(29)), starts[full])
    return minima


def _overlapping(first: _Shingled, second: _Shingled, similarity: float) -> Near:
    """The second's texts that overlap with one of the first's; a table held against itself leaves each text out."""
    bands = [
        [_hashes(pd.DataFrame(part.hashes[:, start : start + ROWS_OF_A_BAND])) for part in (first, second)]
        for start in range(0, PERMUTATIONS, ROWS_OF_A_BAND)
    ]
    theirs, ours = _pairs([own for own, _ in bands], [other for _, other in bands])
    if first is second:
        theirs, ours = theirs[theirs != ours], ours[theirs != ours]
    found = nothing(len(second.starts))
    long = (first.sizes[ours] >= FEWEST_SHINGLES) & (second.sizes[theirs] >= FEWEST_SHINGLES)
    pairs = np.unique(np.column_stack([theirs[long], ours[long]]), axis=0)
    estimated = (second.hashes[pairs[:, 0]] == first.hashes[pairs[:, 1]]).mean(axis=1)
    for text, partner in pairs[estimated >= similarity - 0.2].tolist():
        if not found.found[text] and _jaccard(first.shingles_of(partner), second.shingles_of(text)) >= similarity:
            found.found[text], found.partner[text] = True, partner
    return found


def _jaccard(first: Words, second: Words) -> float:
    common = np.intersect1d(first, second, assume_unique=True).size
    return common / (first.size + second.size - common)


def _beyond_the_usual(found: Near, kin: int, rows: int) -> Near:
    """The same if copies are much more frequent here than within the first table; else none, all set aside."""
    from scipy import stats

    here, others = found.copies, len(found.found) - found.copies
    # Kin come at least in pairs, so that only half of them are observations of their own.
    table = np.asarray([[here, others], [kin // 2, max(0, rows - kin) // 2]])
    if kin == 0 or stats.fisher_exact(table, alternative="greater").pvalue < ALPHA:
        return found
    empty = nothing(len(found.found))
    return Near(found=empty.found, partner=empty.partner, by_chance=here)


# --- images --------------------------------------------------------------------------------------

IMAGES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".webp", ".pgm", ".dcm")
#: The side of the small picture, of which each point is compared with its neighbour.
SIDE = 16
#: How many of the 256 comparisons may differ, and how much the small pictures must agree (correlation).
DIFFERING, CORRELATION = 32, 0.99
#: An image of which fewer comparisons than this say "brighter" (or more "darker") is empty, and has no hash.
FEWEST_BITS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """Small pictures (n, 16, 17) of images; blank (n,): those with nothing to recognise."""

    small: Vector
    blank: Mask


def pictures(paths: Sequence[Path]) -> Pictures:
    """Read images as small grey pictures.

    Raises NotMeasurable where Pillow (or, for DICOM, pydicom) is not installed or a file cannot be read as an image.
    """
    small = np.stack([_small(path) for path in paths]) if paths else np.empty((0, SIDE, SIDE + 1))
    bits = _bits(small).sum(axis=1)
    return Pictures(small=small, blank=(bits < FEWEST_BITS) | (bits > SIDE * SIDE - FEWEST_BITS))


def near_images(first: Pictures, second: Pictures) -> Near:
    """Images of `second` that show what one of `first` shows: the same, mirrored, or turned by half.

    Difference hash: of a grey picture of 17 x 16 points, which points are brighter than their left neighbour. Two
    images are near copies if at most 32 of these 256 bits differ and the small pictures are correlated by at least
    0.99. If images of the first table are as often near copies of each other, they are set aside, as texts are.
    """
    found = _same_picture(first, second, itself=False)
    if not found.copies:
        return found
    return _beyond_the_usual(found, _same_picture(first, first, itself=True).copies, len(first.small))


def _same_picture(first: Pictures, second: Pictures, *, itself: bool) -> Near:
    found = nothing(len(second.small))
    own_bits, own_points = _bits(first.small).astype(np.float32), _points(first.small)
    for seen in (second.small, second.small[:, :, ::-1], second.small[:, ::-1], second.small[:, ::-1, ::-1]):
        bits, points = _bits(seen).astype(np.float32), _points(seen)
        for start in range(0, len(seen), 1_000):
            part = slice(start, start + 1_000)
            differing = bits[part].sum(axis=1)[:, None] + own_bits.sum(axis=1)[None, :] - 2 * bits[part] @ own_bits.T
            near = (differing <= DIFFERING) & (points[part] @ own_points.T >= CORRELATION)
            near &= ~second.blank[part, None] & ~first.blank[None, :]
            if itself:
                near[np.arange(len(near)), np.arange(start, start + len(near))] = False
            new = near.any(axis=1) & ~found.found[part]
            found.partner[part] = np.where(new, near.argmax(axis=1), found.partner[part])
            found.found[part] |= new
    return found


def _bits(small: Vector) -> Mask:
    return np.asarray(small[:, :, 1:] > small[:, :, :-1]).reshape(len(small), SIDE * SIDE)


def _points(small: Vector) -> Vector:
    flat = small.reshape(len(small), -1)
    centred = flat - flat.mean(axis=1, keepdims=True)
    return np.asarray(centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-12))


def _small(path: Path) -> Vector:
    try:
        from PIL import Image
    except ImportError as error:
        raise NotMeasurable("images cannot be read; pip install 'crispq[images]'") from error
    try:
        with Image.open(_dicom(path) if path.suffix.lower() == ".dcm" else path) as image:
            image.draft("L", (SIDE * 8, SIDE * 8))
            grey = image.convert("F") if image.mode.startswith("I") else image.convert("L")
            return np.asarray(grey.resize((SIDE + 1, SIDE), Image.Resampling.BOX), dtype=np.float64)
    except (OSError, ValueError) as error:
        raise NotMeasurable(f"{path.name} cannot be read as an image: {type(error).__name__}") from error


def _dicom(path: Path) -> BytesIO:
    """The pixels of a DICOM file as an image in memory."""
    try:
        import pydicom  # type: ignore[import-not-found,unused-ignore]
    except ImportError as error:
        raise NotMeasurable("DICOM files cannot be read; pip install 'crispq[images]'") from error
    from PIL import Image

    pixels = np.asarray(pydicom.dcmread(path).pixel_array, dtype=np.float64)
    pixels = pixels[0] if pixels.ndim > 2 and pixels.shape[-1] > 4 else pixels  # noqa: PLR2004 - frames, not colours
    spread = max(float(np.ptp(pixels)), 1e-12)
    stream = BytesIO()
    Image.fromarray(((pixels - pixels.min()) / spread * 255).astype(np.uint8)).save(stream, "PNG")
    stream.seek(0)
    return stream
