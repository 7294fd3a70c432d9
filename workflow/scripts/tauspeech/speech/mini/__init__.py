"""The mini voice coqui/mini: a small neural voice, trained with Coqui's trainer on speech of espeak-ng."""
