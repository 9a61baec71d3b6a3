"""Python's recursion limit, as it was before the Ethereum libraries came.

py_ecc, which eth_account brings along, raises it to 100,000 when it is imported: JSON nested half so deep then overruns
the C stack and kills the process, where it should be refused. Whoever imports eth_account, or web3, which imports that,
imports this module as well: whichever comes first, the limit holds from then on, because py_ecc is imported once.
"""

import sys

import eth_account  # noqa: F401 (so that it is py_ecc that comes first)

sys.setrecursionlimit(1_000)
