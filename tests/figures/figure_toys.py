"""The source of a figure that is none."""

SOURCE = """
import polars as pl
from matplotlib.figure import Figure

from figures.claims import Exact, Paired
from figures.sheets import Declared

LABEL, TITLE, SOURCE, CAPTION = "toy", "Gains of a toy", "here", "Each seed has a gain."
DECLARED = (Declared("gain", "1 and more", ("none",), "made up"),)
SEEDS = {"smoke": 3, "quick": 9, "full": 9}
ACT = None


def study(preset):
    configs = [{"seed": s} for s in range(SEEDS[preset])]
    return [("figure_study", [*configs, {"seed": 99, "do": ACT}] if ACT else configs)]


def tidy(rows):
    return pl.DataFrame([{"seed": r.config["seed"], "gain": r.result["gain"]} for r in rows])


def plot(table):
    figure = Figure(figsize=(2.0, 2.0))
    figure.subplots().plot(table["seed"], table["gain"])
    return figure


def claims(table):
    gains = table["gain"]
    return [
        Paired("gain", "there is a gain", differences=gains),
        Exact("bound", "no gain is above 2", wrong=int((gains > 2.0).sum()), cases=len(gains)),
        Paired("mutant", "there is a loss", mutant=True, differences=-gains),
    ]
"""
