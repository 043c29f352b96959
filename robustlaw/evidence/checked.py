"""What the check of a bracket found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CheckResult:
    """Why each end is not proved, "" if it is; `norm` of the inputs is the one the certificate names."""

    lower: str
    upper: str
    norm: str

    @property
    def ok(self) -> bool:
        return not self.lower and not self.upper

    @property
    def reasons(self) -> tuple[str, ...]:
        return tuple(sentence for sentence in (self.lower, self.upper) if sentence)
