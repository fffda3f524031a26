"""Which column plays which part. `crispq.yaml` says the same to crispq; a test holds the two together."""

TARGET = "diagnosis"
POSITIVE = "malignant"
KEY = "case_id"
GROUP = None
TIME = None
SENSITIVE: tuple[str, ...] = ()

PROPERTIES = (
    "radius",
    "texture",
    "perimeter",
    "area",
    "smoothness",
    "compactness",
    "concavity",
    "concave_points",
    "symmetry",
    "fractal_dimension",
)
STATISTICS = ("mean", "error", "worst")
NUMBERS = tuple(f"{statistic}_{name}" for statistic in STATISTICS for name in PROPERTIES)
CATEGORIES: tuple[str, ...] = ()
