"""A small neural voice of our own: coqui/mini, trained by Coqui's trainer on what espeak-ng says."""
