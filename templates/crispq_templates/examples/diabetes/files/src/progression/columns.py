"""Which column plays which part. `crispq.yaml` says the same to crispq; a test holds the two together."""

TARGET = "progression"
POSITIVE = None
KEY = "patient_id"
GROUP = None
TIME = None
SENSITIVE = ("sex",)

NUMBERS = ("age", "sex", "bmi", "bp", "tc", "ldl", "hdl", "tch", "ltg", "glu")
CATEGORIES: tuple[str, ...] = ()
