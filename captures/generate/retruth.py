"""Writes the labels of plan.csv into go4-day.truth.json again, after a rule or a region was renamed.

Packets, counts, times and frame numbers stay as the run that made the capture left them.
"""

import json
import pathlib
import sys

import day
from account import LABELS, write_truth


def main(folder):
    """Relabels the truth in a folder; refuses a plan whose hosts or addresses are not those of the capture."""
    path, plan = pathlib.Path(folder) / "go4-day.truth.json", day.read_plan()
    known = json.loads(path.read_text(encoding="utf-8"))
    for flow in known["flows"]:
        row = plan[flow["plan"]]
        addresses = {row["ipv4"], row["ipv6"]} - {""}
        if flow["host"] != (row["host"] or None) or (addresses and flow["remote_ip"] not in addresses):
            sys.exit(f"flow {flow['flow']} went to {flow['host']} {flow['remote_ip']}: plan.csv has {row['host']} {addresses}")
        for name in (*LABELS, "host", "category_candidates"):
            del flow[name]
    write_truth(day.label(known, plan), path)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else day.HERE.parent)
