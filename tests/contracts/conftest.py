"""A fresh deployment per module, isolated per test, on an anvil that the tests start themselves."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

# The tests never run on a devnet that happens to listen on the usual port.
os.environ["APE_FOUNDRY_HOST"] = "auto"

from system import (
    DELAY,
    LIFETIME,
    REVIEW_WINDOW,
    SETTLE_WINDOW,
    UNLIMITED,
    ZERO,
    System,
    deploy_system,
)
from tracing import Tracer

__all__ = ["DELAY", "LIFETIME", "REVIEW_WINDOW", "SETTLE_WINDOW", "UNLIMITED", "ZERO", "Deploy", "System"]

Deploy = Callable[..., System]


@pytest.fixture(scope="session")
def deploy(accounts: Any, chain: Any, project: Any) -> Deploy:
    """Deploys a system: `deploy(quorum=3, signers=5)`."""
    return partial(deploy_system, accounts, chain, project)


@pytest.fixture(scope="module")
def system(deploy: Deploy) -> System:
    """One signer."""
    return deploy()


@pytest.fixture(scope="module")
def council(deploy: Deploy) -> System:
    """Three of five signers."""
    return deploy(quorum=3, signers=5)


@pytest.fixture(scope="session", autouse=True)
def traced(chain: Any) -> Iterator[None]:
    """With PAYFLOW_COVERAGE naming a file, every call is traced into it."""
    target = os.environ.get("PAYFLOW_COVERAGE")
    if not target:
        yield
        return
    provider = chain.provider.web3.provider
    tracer = Tracer(provider.make_request)
    provider.make_request = tracer
    kind = type(chain.provider)
    kind.send_transaction = tracer.sending(kind.send_transaction)
    yield
    tracer.save(Path(target))
