"""Settings of all tests."""

from hypothesis import settings

# Machines are busy and differ: a property is about results, never about time.
settings.register_profile("tauspeech", deadline=None)
settings.load_profile("tauspeech")
