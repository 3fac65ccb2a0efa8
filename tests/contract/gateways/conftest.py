"""Failed asserts of the kit are explained like those of a test."""

import pytest

pytest.register_assert_rewrite("contract.gateways.kit")
