"""Where the land of each country lies, as boxes of degrees: enough to say how far away it is at least.

Standard library only, and deterministic. The outlines are those of Natural Earth, 1:10 million, as the npm package
`world-atlas` has them (TopoJSON); codes are those of `i18n-iso-countries`. Land is put on a grid of one degree: a cell
that an outline crosses, or whose centre lies inside, belongs to the country. A country therefore never reaches less far
than its outline, and up to a cell farther. Cells that lie side by side become one box.
"""

import math

# Features without a number of ISO 3166-1: whose word it would be that an address lies there. Land that several claim
# is everybody's here: what is struck out of an answer must be out of reach of each of them.
NAMED = {
    "Kosovo": ("XK", "RS"),
    "Somaliland": ("SO",),
    "N. Cyprus": ("CY", "TR"),
    "Cyprus U.N. Buffer Zone": ("CY",),
    "Dhekelia": ("CY", "GB"),
    "Akrotiri": ("CY", "GB"),
    "USNB Guantanamo Bay": ("CU", "US"),
    "Siachen Glacier": ("IN", "PK"),
    "Baikonur": ("KZ", "RU"),
    "Indian Ocean Ter.": ("AU", "CX", "CC"),
    "Coral Sea Is.": ("AU",),
    "Spratly Is.": ("CN", "MY", "PH", "TW", "VN"),
    "Scarborough Reef": ("CN", "PH", "TW"),
    "Clipperton I.": ("FR",),
    "Bajo Nuevo Bank": ("CO", "US"),
    "Serranilla Bank": ("CO", "US"),
}

# Parts with a code of their own that the outlines have within another country, or not at all: south, west, north, east.
# The last five are Crimea, Western Sahara, Kashmir (twice) and Arunachal Pradesh, for those who claim them.
PARTS = (
    ("BQ", 11.9, -68.5, 12.4, -68.1),
    ("BQ", 17.4, -63.3, 17.7, -62.9),
    ("BV", -54.5, 3.2, -54.3, 3.5),
    ("CC", -12.3, 96.8, -11.8, 97.0),
    ("CX", -10.6, 105.5, -10.4, 105.8),
    ("GF", 2.1, -54.7, 5.8, -51.6),
    ("GP", 15.8, -61.9, 16.6, -60.9),
    ("MQ", 14.3, -61.3, 14.9, -60.8),
    ("RE", -21.4, 55.2, -20.8, 55.9),
    ("SJ", 70.8, -9.1, 71.2, -7.9),
    ("SJ", 74.3, 10.4, 80.9, 33.6),
    ("TK", -9.5, -172.6, -8.5, -171.1),
    ("YT", -13.1, 45.0, -12.6, 45.4),
    ("UA", 44.3, 32.4, 46.3, 36.7),
    ("MA", 20.7, -17.2, 27.7, -8.6),
    ("PK", 32.2, 73.0, 37.1, 80.4),
    ("IN", 32.2, 73.0, 37.1, 80.4),
    ("CN", 26.6, 91.5, 29.5, 97.5),
)

# Codes under which addresses of another code are found too: what lies overseas, or is a dependency.
WITH = {
    "AU": ("CC", "CX", "HM", "NF"),
    "DK": ("FO", "GL"),
    "FI": ("AX",),
    "FR": ("BL", "GF", "GP", "MF", "MQ", "NC", "PF", "PM", "RE", "TF", "WF", "YT"),
    "GB": ("AI", "BM", "FK", "GG", "GI", "GS", "IM", "IO", "JE", "KY", "MS", "PN", "SH", "TC", "VG"),
    "NL": ("AW", "BQ", "CW", "SX"),
    "NO": ("BV", "SJ"),
    "NZ": ("CK", "NU", "TK"),
    "US": ("AS", "GU", "MP", "PR", "UM", "VI"),
}

STEP = 0.05  # degrees between the points of an outline that are looked at


def boxes(topology, codes):
    """Rows (code, south, west, north, east) in whole degrees, sorted. `codes`: numeric code to alpha-2."""
    cells = {}
    for feature in topology["objects"]["countries"]["geometries"]:
        owners = NAMED[feature["properties"]["name"]] if "id" not in feature else (codes[feature["id"]],)
        found = set()
        for polygon in polygons(feature):
            rings = [ring(topology, arcs) for arcs in polygon]
            found |= crossed(rings) | inside(rings)
        for owner in owners:
            cells.setdefault(owner, set()).update(found)
    for code, south, west, north, east in PARTS:
        columns = range(math.floor(west), math.ceil(east))
        rows = range(math.floor(south), math.ceil(north))
        cells.setdefault(code, set()).update((row, column) for row in rows for column in columns)
    for code, others in WITH.items():
        for other in others:
            cells[code] = cells[code] | cells[other]
    return [(code, *box) for code in sorted(cells) for box in merged(cells[code])]


def polygons(feature):
    return feature["arcs"] if feature["type"] == "MultiPolygon" else [feature["arcs"]]


def ring(topology, arcs):
    """The points (longitude, latitude) of a ring; arcs are differences, a negative number means backwards."""
    (scale_x, scale_y), (move_x, move_y) = topology["transform"]["scale"], topology["transform"]["translate"]
    points = []
    for number in arcs:
        x = y = 0
        part = []
        for dx, dy in topology["arcs"][number if number >= 0 else ~number]:
            x, y = x + dx, y + dy
            part.append((x * scale_x + move_x, y * scale_y + move_y))
        points += part if number >= 0 else part[::-1]
    return unwound(points)


def unwound(points):
    """The same ring without a jump at the antimeridian: longitudes go on beyond 180. A ring round the pole is closed there."""
    turns, out = 0, []
    for x, y in points:
        if out:
            step = x + 360 * turns - out[-1][0]
            turns -= (step > 180) - (step < -180)
        out.append((x + 360 * turns, y))
    (first, _), (last, height) = out[0], out[-1]
    if abs(last - first) > 180:
        pole = math.copysign(90, height)
        out += [(last, pole), (first, pole)]
    return out


def cell(longitude, latitude):
    """South-west corner of the cell of a point."""
    return min(math.floor(latitude), 89), column(math.floor(longitude))


def column(west):
    """A column by its western edge, -180 to 179."""
    return (west + 180) % 360 - 180


def crossed(rings):
    found = set()
    for points in rings:
        for (x, y), (next_x, next_y) in zip(points, points[1:] + points[:1]):
            steps = max(1, math.ceil(max(abs(next_x - x), abs(next_y - y)) / STEP))
            for step in range(steps):
                part = step / steps
                found.add(cell(x + (next_x - x) * part, y + (next_y - y) * part))
    return found


def inside(rings):
    """Cells whose centre lies inside, by the crossings of its parallel."""
    edges = [edge for points in rings for edge in zip(points, points[1:] + points[:1]) if edge[0][1] != edge[1][1]]
    if not edges:
        return set()
    heights = [point[1] for edge in edges for point in edge]
    found = set()
    for row in range(math.floor(min(heights)), math.ceil(max(heights))):
        middle = row + 0.5
        hits = sorted(
            x + (middle - y) * (next_x - x) / (next_y - y)
            for (x, y), (next_x, next_y) in edges
            if (y <= middle) != (next_y <= middle)
        )
        for west, east in zip(hits[::2], hits[1::2]):
            found |= {(row, column(at)) for at in range(math.floor(west), math.ceil(east)) if west <= at + 0.5 <= east}
    return found


def merged(cells):
    """Boxes (south, west, north, east) that cover the cells and nothing else: rows of cells, equal rows put together."""
    runs = {}
    for row, column in sorted(cells):
        last = runs.setdefault(row, [])
        if last and last[-1][1] == column:
            last[-1][1] = column + 1
        else:
            last.append([column, column + 1])
    open_boxes, done = {}, []
    for row in range(min(runs), max(runs) + 2):
        present = {tuple(run) for run in runs.get(row, [])}
        for run in sorted(set(open_boxes) - present):
            done.append((open_boxes.pop(run), run[0], row, run[1]))
        for run in present - set(open_boxes):
            open_boxes[run] = row
    return sorted(done)
