"""How long the state machine runs: the usual profile, and ``--hypothesis-profile long``."""

from hypothesis import HealthCheck, settings

QUIET = [HealthCheck.too_slow, HealthCheck.filter_too_much]

settings.register_profile(
    "rules",
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=35,
    stateful_step_count=40,
    suppress_health_check=QUIET,
)
settings.register_profile(
    "long",
    deadline=None,
    database=None,
    max_examples=100,
    stateful_step_count=100,
    suppress_health_check=QUIET,
    print_blob=True,
)
