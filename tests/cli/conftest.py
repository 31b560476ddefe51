"""Commands of training are tried on the same small data as training itself."""

from tests.training.conftest import backbone, composed, made_data

__all__ = ["backbone", "composed", "made_data"]
