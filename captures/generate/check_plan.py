"""Says where plan.csv and two country databases differ: check_plan.py FIRST.mmdb SECOND.mmdb"""

import sys

import maxminddb

import day


def main(paths):
    """Prints one line per address that is not as planned; exits 1 when there was one."""
    databases = [maxminddb.open_database(path) for path in paths]
    faults = 0
    for name, row in day.read_plan().items():
        for address in filter(None, (row["ipv4"], row["ipv6"])):
            found = {(database.get(address) or {}).get("country_code") for database in databases}
            agreed = (found.pop() or "") if len(found) == 1 else ""
            disputed = row["region"] == "disputed"
            if agreed != row["country"] or (disputed and not found):
                faults += 1
                sys.stdout.write(f"{name}: {address} planned {row['country'] or row['region']}, found {agreed or found}\n")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main(sys.argv[1:])
