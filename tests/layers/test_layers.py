#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The layer checker finds each kind of breach in a small bad tree, and nothing in a good one.

usage: test_layers.py TOOLS
"""
import os
import sys
import tempfile
import unittest

sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
import layers  # noqa: E402

SPDX = "/* SPDX-License-Identifier: Apache-2.0 */\n"
LAYERS = """
low  :
high : low
main : *
<zlib.h> : low/pack.c
"""
GOOD = {
    "LAYERS": LAYERS,
    "low/pack.h": SPDX + "#pragma once\n#include <stdint.h>\n",
    "low/pack.c": SPDX + '#include "low/pack.h"\n\n#include <sys/stat.h>\n#include <zlib.h>\n',
    "high/use.c": SPDX + '#include "low/pack.h"\n/* strcpy(a, b) in words */\nconst char *s = "atoi(x)";\n',
    "main/main.c": SPDX + '#include "high/use.h"\n#include "low/pack.h"\n',
}
# What is changed in the good tree, and what is then found.
BAD = [
    ({"low/pack.h": SPDX + '#include "high/use.h"\n'}, "low/pack.h:2: low may not include high (high/use.h)"),
    ({"high/use.c": SPDX + '#include "pack.h"\n'}, 'high/use.c:2: "pack.h" is without its folder'),
    ({"high/use.c": SPDX + '#include "other/x.h"\n'}, "high/use.c:2: other is not a folder of src/LAYERS"),
    ({"extra/x.c": SPDX}, "extra/x.c:1: its folder is not in src/LAYERS"),
    ({"high/use.c": SPDX + "\n#include <zlib.h>\n"}, "high/use.c:3: <zlib.h> may be included by low/pack.c only"),
    ({"high/use.c": SPDX + "#include <gmp.h>\n"}, "high/use.c:2: <gmp.h> is not a header of the system and not in"),
    ({"low/pack.c": SPDX + '#include <stdio.h>\n#include "low/pack.h"\n'},
     'low/pack.c:2: the first include is not "low/pack.h"'),
    ({"high/use.c": SPDX + "void f(char *a)\n{\n\tstrcpy (a, a);\n}\n"}, "high/use.c:4: strcpy is not to be used"),
    ({"high/use.c": SPDX + "int f(void)\n{\n\treturn rand();\n}\n"}, "high/use.c:4: rand is not to be used"),
    ({"high/use.c": "int x;\n"}, "high/use.c:1: the first line is not the licence's"),
    ({"high/use.c": SPDX + "\n" * 600}, "high/use.c:1: longer than 600 lines"),
    ({"LAYERS": "low : high\nhigh : low\nmain : *\n<zlib.h> : low/pack.c\n"},
     "LAYERS: circle of layers: high -> low -> high"),
    ({"low/a.h": SPDX + '#include "low/b.h"\n', "low/b.h": SPDX + '#include "low/a.h"\n'},
     "LAYERS: circle of headers: low/a.h -> low/b.h -> low/a.h"),
]


class Layers(unittest.TestCase):
    def check(self, files):
        with tempfile.TemporaryDirectory() as top:
            for name, text in files.items():
                path = os.path.join(top, name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w") as f:
                    f.write(text)
            checker = layers.Checker(top)
            checker.check_tree()
            return checker.breaches

    def test_good_tree(self):
        self.assertEqual(self.check(GOOD), [])

    def test_each_breach(self):
        for change, expected in BAD:
            with self.subTest(expected):
                found = self.check({**GOOD, **change})
                self.assertTrue(any(f.startswith(expected) for f in found), found)
                self.assertLessEqual(len(found), 2, found)  # upwards is also a circle


unittest.main(argv=sys.argv[:1])
