# SPDX-License-Identifier: Apache-2.0
"""Every field that the probe finds in packets (model/fields_probe.def) is set from packets and its value checked by some
test: runs the tests of dissectors and meter once more, which write down what they check (tests/noted.h).

fields_test.py FIELDS_PROBE_DEF PROGRAM..."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

LEAST = 240

rows = re.findall(r"^FIELD\(\s*\d+,\s*(\w+),.*\bWIDE,\s*(ONEWAY|REV)", pathlib.Path(sys.argv[1]).read_text(), re.M)
wanted = {name for name, _ in rows} | {f"rev_{name}" for name, way in rows if way == "REV"}
checked = set()
failed = []
with tempfile.TemporaryDirectory(prefix="weir-fields-") as top:
    path = pathlib.Path(top) / "checked"
    for program in sys.argv[2:]:
        path.write_text("")
        run = subprocess.run([program], env={**os.environ, "WEIR_CHECKED": str(path)}, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, timeout=60)
        if run.returncode:
            failed.append(program)
        checked |= set(path.read_text().split())

missing = sorted(wanted - checked)
print(f"{len(rows)} fields of the probe, {len(wanted)} with those of the reverse direction, {len(missing)} never checked")
for name in missing:
    print(" ", name)
for program in failed:
    print(program, "fails")
sys.exit(bool(missing or failed or len(rows) < LEAST))
