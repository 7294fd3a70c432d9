"""Channels: what lies between clean speech and a recording of it. Rooms, noise, microphones and codecs, by numpy alone.

audiomentations would bring librosa, numba and scipy, and draws from global random numbers; here each utterance has a
generator of its own.
"""
