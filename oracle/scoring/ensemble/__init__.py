"""Models behind the feature vector: inference in our own code, training elsewhere."""

from oracle.scoring.ensemble.anomaly import MEMBERS, AnomalyEnsemble
from oracle.scoring.ensemble.channel import Channel, Opinion
from oracle.scoring.ensemble.forest import Forest
from oracle.scoring.ensemble.kernels import Autoencoder, Neighbourhood, OneClassSvm
from oracle.scoring.ensemble.scaling import RankCurve, Scaler

__all__ = [
    "MEMBERS",
    "AnomalyEnsemble",
    "Autoencoder",
    "Channel",
    "Forest",
    "Neighbourhood",
    "OneClassSvm",
    "Opinion",
    "RankCurve",
    "Scaler",
]
