"""The pictures both notebooks draw. They take plain Python values, so it does not matter which library read the tables."""

import csv
import pathlib

import matplotlib.pyplot as plt
from matplotlib.colors import LogNorm

WORLD = pathlib.Path(__file__).parent / "world"
UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


def shown(amount):
    """Bytes as people read them."""
    for size, unit in UNITS:
        if amount >= size:
            return f"{amount / size:.3g} {unit}"
    return f"{amount:.0f} B"


def heat_map(cells, title):
    """`cells`: (row, column, bytes). Both axes stand in order of their totals; colours are logarithmic."""
    totals = {}
    table = {}
    for row, column, amount in cells:
        table[row, column] = table.get((row, column), 0) + amount
        for key in (("row", row), ("column", column)):
            totals[key] = totals.get(key, 0) + amount
    rows, columns = (
        [key for side, key in sorted(totals, key=totals.get, reverse=True) if side == wanted] for wanted in ("row", "column")
    )
    figure, axes = plt.subplots(figsize=(2 + 0.95 * len(columns), 1.5 + 0.38 * len(rows)))
    values = [[table.get((row, column), 0) or float("nan") for column in columns] for row in rows]
    largest = max([2, *table.values()])
    axes.imshow(values, norm=LogNorm(1, largest), cmap="YlOrRd", aspect="auto")
    for y, row in enumerate(rows):
        for x, column in enumerate(columns):
            amount = table.get((row, column), 0)
            if amount:
                colour = "white" if amount > largest**0.75 else "black"
                axes.text(x, y, shown(amount), ha="center", va="center", fontsize=8, color=colour)
    axes.set_xticks(range(len(columns)), columns, rotation=35, ha="right")
    axes.set_yticks(range(len(rows)), rows)
    axes.set_title(title)
    figure.tight_layout()
    return figure


def over_time(flows, title, bins=120):
    """`flows`: (label, first, last, bytes), times in seconds since 1970. A strip per label; colours are logarithmic.

    The bytes of a flow are spread evenly over its time.
    """
    flows = [(label, first, max(last, first + 1e-6), amount) for label, first, last, amount in flows if amount]
    if not flows:
        return None
    begin, end = min(flow[1] for flow in flows), max(flow[2] for flow in flows)
    width = max((end - begin) / bins, 1e-6)
    series = {}
    for label, first, last, amount in flows:
        row = series.setdefault(label, [0.0] * bins)
        lowest, highest = (min(int((time - begin) / width), bins - 1) for time in (first, last))
        for number in range(lowest, highest + 1):
            left, right = begin + number * width, begin + (number + 1) * width
            row[number] += amount * max(min(last, right) - max(first, left), 0) / (last - first)
    order = sorted(series, key=lambda label: sum(series[label]), reverse=True)
    figure, axes = plt.subplots(figsize=(12, 1.4 + 0.3 * len(order)))
    values = [[amount or float("nan") for amount in series[label]] for label in order]
    extent = (0, bins * width / 60, len(order) - 0.5, -0.5)
    image = axes.imshow(
        values,
        norm=LogNorm(1, max(2, *map(max, series.values()))),
        cmap="YlOrRd",
        aspect="auto",
        extent=extent,
        interpolation="none",
    )
    axes.set_yticks(range(len(order)), [f"{label}  {shown(sum(series[label]))}" for label in order], fontsize=8)
    axes.set(xlabel="minutes since the first flow", title=title)
    axes.set_facecolor("#f4f4f4")
    figure.colorbar(image, label=f"IP bytes in {width:.3g} s", pad=0.01)
    figure.tight_layout()
    return figure


def world_map(places, title):
    """`places`: (ISO country code, bytes). A disc per country, its area as the bytes; returns what has no place."""
    with open(WORLD / "countries.csv", encoding="utf-8", newline="") as file:
        centres = {row["country"]: (float(row["longitude"]), float(row["latitude"])) for row in csv.DictReader(file)}
    figure, axes = plt.subplots(figsize=(12, 6))
    rings = {}
    with open(WORLD / "land.csv", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            rings.setdefault(row["ring"], []).append((float(row["longitude"]), float(row["latitude"])))
    for ring in rings.values():
        axes.fill(*zip(*ring, strict=True), facecolor="#e8e4da", edgecolor="#b8b2a4", linewidth=0.4)
    largest = max([1, *(amount for _, amount in places)])
    for country, amount in sorted(places, key=lambda place: place[1], reverse=True):
        if country in centres:
            axes.scatter(
                *centres[country], s=30 + 1500 * amount / largest, color="#b2182b", alpha=0.55, linewidths=0.5, edgecolors="black"
            )
            axes.annotate(f"{country}  {shown(amount)}", centres[country], (6, 6), textcoords="offset points", fontsize=8)
    axes.set(xlim=(-180, 180), ylim=(-60, 85), xticks=[], yticks=[], aspect=1.2, title=title)
    figure.tight_layout()
    return [(country, amount) for country, amount in places if country not in centres]
