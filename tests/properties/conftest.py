"""Property tests: reproducible, and patient with a busy machine."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "reproducible",
    derandomize=True,
    deadline=None,
    max_examples=300,
    # The first example waits until Hypothesis has read the constants of loaded modules.
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("reproducible")
