"""Runs whose job a test writes itself."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Config:
    count: int = 0


@dataclass(frozen=True)
class Number:
    number: int
    value: int = 0
    thread: int = 0

    @property
    def key(self):
        return f"n/{self.thread}/{self.number}"


@dataclass(frozen=True)
class Progress:
    number: int
    key = "progress"


def counting(config, folder):
    for number in range(config.count):
        yield Number(number, number)
