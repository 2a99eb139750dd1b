"""Makes countries.csv and land.csv: make.py FOLDER, with countries-50m.json and land-110m.json of npm world-atlas 2.0.2.

Natural Earth 4.1 (public domain) as TopoJSON; needs pycountry for the two-letter codes.
"""

import csv
import json
import pathlib
import sys

import pycountry

HERE = pathlib.Path(__file__).parent
# Too small for the map's scale, or without a numeric code there.
ADDED = {
    "BQ": ("Bonaire, Sint Eustatius and Saba", 12.2, -68.3),
    "BV": ("Bouvet Island", -54.4, 3.4),
    "CC": ("Cocos (Keeling) Islands", -12.2, 96.8),
    "CX": ("Christmas Island", -10.5, 105.6),
    "GF": ("French Guiana", 3.9, -53.1),
    "GI": ("Gibraltar", 36.1, -5.3),
    "GP": ("Guadeloupe", 16.2, -61.5),
    "MQ": ("Martinique", 14.6, -61.0),
    "RE": ("Réunion", -21.1, 55.5),
    "SJ": ("Svalbard and Jan Mayen", 78.8, 18.4),
    "TK": ("Tokelau", -9.2, -171.8),
    "TV": ("Tuvalu", -8.0, 178.0),
    "UM": ("United States Minor Outlying Islands", 19.3, 166.6),
    "YT": ("Mayotte", -12.8, 45.1),
}


def rings(topology, geometry):
    """The outer rings of a geometry as lists of (longitude, latitude)."""
    if geometry["type"] == "GeometryCollection":
        return [ring for part in geometry["geometries"] for ring in rings(topology, part)]
    polygons = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
    return [joined(topology, polygon[0]) for polygon in polygons]


def joined(topology, numbers):
    """The points of a ring made of arcs; a negative number is an arc backwards."""
    points = []
    for number in numbers:
        arc = decoded(topology, number if number >= 0 else ~number)
        points += (arc if number >= 0 else arc[::-1])[1 if points else 0 :]
    return points


def decoded(topology, number):
    """The points of an arc, of which the file holds quantised differences."""
    (scale_x, scale_y), (left, bottom) = topology["transform"]["scale"], topology["transform"]["translate"]
    x = y = 0
    points = []
    for step_x, step_y in topology["arcs"][number]:
        x, y = x + step_x, y + step_y
        points.append((x * scale_x + left, y * scale_y + bottom))
    return points


def centre(ring):
    """Twice the signed area, and the centre of gravity."""
    area = middle_x = middle_y = 0.0
    for (x, y), (next_x, next_y) in zip(ring, ring[1:] + ring[:1], strict=True):
        cross = x * next_y - next_x * y
        area, middle_x, middle_y = area + cross, middle_x + (x + next_x) * cross, middle_y + (y + next_y) * cross
    return abs(area), (middle_x / (3 * area), middle_y / (3 * area)) if area else ring[0]


def unwrapped(ring):
    """A ring without leaps at 180 degrees; where it runs over the edge of the map, a second one on the other side."""
    points, turns = [ring[0]], 0
    for (before, _), (x, y) in zip(ring, ring[1:], strict=False):
        turns += (x - before < -180) - (x - before > 180)
        points.append((x + 360 * turns, y))
    edges = min(x for x, _ in points), max(x for x, _ in points)
    shifts = (0, *((360,) if edges[0] < -180.1 else ()), *((-360,) if edges[1] > 180.1 else ()))
    return [[(x + shift, y) for x, y in points] for shift in shifts]


def main(folder):
    """Writes both files."""
    topology = json.loads((folder / "countries-50m.json").read_text(encoding="utf-8"))
    rows = dict(ADDED)
    for country in topology["objects"]["countries"]["geometries"]:
        known = pycountry.countries.get(numeric=str(country.get("id", "")).zfill(3))
        if known and country.get("type"):
            x, y = max(map(centre, rings(topology, country)))[1]
            rows[known.alpha_2] = (getattr(known, "common_name", known.name), round(y, 1), round(x, 1))
    missing = sorted(country.alpha_2 for country in pycountry.countries if country.alpha_2 not in rows)
    sys.stderr.write(f"no place for {', '.join(missing)}\n")
    with open(HERE / "countries.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("country", "name", "latitude", "longitude"))
        writer.writerows((code, *row) for code, row in sorted(rows.items()))
    topology = json.loads((folder / "land-110m.json").read_text(encoding="utf-8"))
    with open(HERE / "land.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("ring", "longitude", "latitude"))
        drawn = [part for ring in rings(topology, topology["objects"]["land"]) for part in unwrapped(ring)]
        for number, ring in enumerate(drawn):
            writer.writerows((number, round(x, 1), round(y, 1)) for x, y in ring)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
