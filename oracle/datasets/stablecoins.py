"""Dollar stablecoins that data sets are full of, with what exports of transfers do not say: their decimals."""

from oracle.datasets.transfers import Token

STABLECOINS = {
    token.address: token
    for token in (
        Token("0xdac17f958d2ee523a2206206994597c13d831ec7", "USDT", 6, True),
        Token("0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48", "USDC", 6, True),
        Token("0x6b175474e89094c44da98b954eedeac495271d0f", "DAI", 18, True),
        Token("0x89d24a6b4ccb1b6faa2625fe562bdd9a23260359", "SAI", 18, True),
        Token("0x5f98805a4e8be255a32880fdec7f6728c6568ba0", "LUSD", 18, True),
        Token("0x8e870d67f660d95d5be530380d0ec0bd388289e1", "USDP", 18, True),
        Token("0x0000000000085d4780b73119b644ae5ecd22b376", "TUSD", 18, True),
        Token("0x8dd5fbce2f6a956c3022ba3663759011dd51e73e", "TUSD", 18, True),
        Token("0x57ab1ec28d129707052df4df418d58a2d46d5f51", "sUSD", 18, True),
        Token("0x4fabb145d64652a948d72533023f6e7a623c7c53", "BUSD", 18, True),
        Token("0x056fd409e1d7a124bd7017459dfea2f387b6d5cd", "GUSD", 2, True),
        Token("0x853d955acef822db058eb8505911ed77f175b99e", "FRAX", 18, True),
        # on BNB Smart Chain
        Token("0x55d398326f99059ff775485246999027b3197955", "USDT", 18, True),
        Token("0xe9e7cea3dedca5984780bafc599bd69add087d56", "BUSD", 18, True),
        Token("0x8ac76a51cc950d9822d68b83fe1ad97b32cd580d", "USDC", 18, True),
    )
}
"""By address. Not here, although data sets list them beside these: EURS, which is worth a euro; UST, whose price
fell to cents in May 2022; and LUNA, which never had a fixed price."""
