"""What training reports."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Epoch:
    """One epoch of training. Errors are shares of wrong answers, 0 to 1; losses are in nats."""

    epoch: int  # counted from 1
    train_loss: float
    train_error: float
    test_loss: float
    test_error: float
    images_per_second: float
