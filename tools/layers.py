#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the rules of the source tree that a compiler does not: src/LAYERS (who may include whom, which third-party
header belongs to which file, what a program may link), no circles, a .c file's own header first, functions that are
not to be used, the licence line, the size of files.

usage: layers.py SRC [--programs BUILD]   prints one line per breach; exit code 1 if there is one
"""
import os
import re
import subprocess
import sys

LINES_MAX = 600
BANNED = {
    "strcpy": "snprintf or memcpy", "strcat": "struct buf", "sprintf": "snprintf or buf_fmt", "vsprintf": "vsnprintf",
    "strncpy": "snprintf or memcpy", "strtok": "strcspn", "atoi": "unit_u64", "atol": "unit_u64", "atoll": "unit_u64",
    "gets": "fgets", "rand": "hash64 or getrandom", "srand": "hash_seed", "usleep": "a timer",
}
# The C library and the kernel.
SYSTEM = set("""alloca assert ctype dirent dlfcn elf endian errno fcntl fenv float fnmatch ftw getopt glob grp iconv ifaddrs
inttypes langinfo libgen limits link locale malloc math memory mntent net/if netdb poll pthread pwd regex sched semaphore
setjmp signal spawn stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string strings sysexits
syslog termios time tgmath uchar unistd wchar wctype immintrin x86intrin byteswap""".split())
SYSTEM_FOLDERS = ("sys/", "linux/", "net/", "netinet/", "arpa/", "asm/", "bits/")
C_LIBRARY = re.compile(r"^(lib(c|m|pthread|rt|dl|gcc_s|asan|ubsan|tsan|lsan|stdc\+\+)\.so|ld-linux)")
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.M)
NOT_CODE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


class Rules:
    """What src/LAYERS says."""

    def __init__(self, path):
        self.layers, self.third_party, self.programs = {}, {}, {}
        with open(path) as f:
            for line in f:
                line = line.split("#")[0].strip()
                if not line:
                    continue
                left, _, right = (s.strip() for s in line.partition(":"))
                if left.startswith("<"):
                    self.third_party[left[1:-1]] = right.split()
                elif left.startswith("@"):
                    folders, _, libraries = right.partition("|")
                    self.programs[left[1:]] = (folders.split(), libraries.split())
                else:
                    self.layers[left] = right.split()

    def may(self, folder, other):
        return folder == other or "*" in self.layers.get(folder, []) or other in self.layers.get(folder, [])


def circle(graph):
    """A circle of a graph {node: nodes} as a list of nodes, or None."""
    done, path = set(), []

    def visit(node):
        if node in path:
            return path[path.index(node):] + [node]
        if node in done:
            return None
        path.append(node)
        for other in sorted(graph.get(node, ())):
            found = visit(other)
            if found:
                return found
        path.pop()
        done.add(node)
        return None

    for node in sorted(graph):
        found = visit(node)
        if found:
            return found
    return None


def sources(src):
    for folder, dirs, names in os.walk(src):
        dirs.sort()
        for name in sorted(names):
            if name.endswith((".c", ".h", ".def")):
                path = os.path.join(folder, name)
                with open(path, encoding="utf-8") as f:
                    yield os.path.relpath(path, src), f.read()


class Checker:
    def __init__(self, src):
        self.rules = Rules(os.path.join(src, "LAYERS"))
        self.src = src
        self.breaches = []
        self.headers = {}
        self.folders = {}

    def breach(self, path, text, offset, what):
        line = text.count("\n", 0, offset) + 1
        self.breaches.append(f"{path}:{line}: {what}")

    def own_include(self, path, text, at, name):
        folder, other = path.split("/")[0], name.split("/")[0]
        if "/" not in name:
            self.breach(path, text, at, f'"{name}" is without its folder')
        elif other not in self.rules.layers:
            self.breach(path, text, at, f"{other} is not a folder of src/LAYERS")
        elif not self.rules.may(folder, other):
            self.breach(path, text, at, f"{folder} may not include {other} ({name})")
        self.folders.setdefault(folder, set()).add(other)
        self.folders[folder].discard(folder)
        if path.endswith(".h"):
            self.headers.setdefault(path, set()).add(name)

    def system_include(self, path, text, at, name):
        allowed = self.rules.third_party.get(name)
        if allowed is not None and path not in allowed:
            self.breach(path, text, at, f"<{name}> may be included by {', '.join(allowed)} only")
        elif allowed is None and name[:-2] not in SYSTEM and not name.startswith(SYSTEM_FOLDERS):
            self.breach(path, text, at, f"<{name}> is not a header of the system and not in src/LAYERS")

    def check_file(self, path, text):
        if path.split("/")[0] not in self.rules.layers:
            self.breach(path, text, 0, "its folder is not in src/LAYERS")
        if not text.startswith("/* SPDX-License-Identifier: Apache-2.0 */"):
            self.breach(path, text, 0, "the first line is not the licence's")
        if text.count("\n") > LINES_MAX:
            self.breach(path, text, 0, f"longer than {LINES_MAX} lines")
        own = path[:-2] + ".h"
        includes = list(INCLUDE.finditer(text))
        if path.endswith(".c") and os.path.exists(os.path.join(self.src, own)):
            if not includes or includes[0].group(1) != own:
                self.breach(path, text, includes[0].start() if includes else 0, f'the first include is not "{own}"')
        for m in includes:
            if m.group(1):
                self.own_include(path, text, m.start(1), m.group(1))
            else:
                self.system_include(path, text, m.start(2), m.group(2))
        # Comments and strings blanked, at the same offsets.
        code = NOT_CODE.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)
        for m in re.finditer(r"\b(" + "|".join(BANNED) + r")\s*\(", code):
            self.breach(path, text, m.start(), f"{m.group(1)} is not to be used; take {BANNED[m.group(1)]}")

    def check_tree(self):
        for path, text in sources(self.src):
            self.check_file(path, text)
        for what, graph in (("layers", self.rules.layers), ("folders", self.folders), ("headers", self.headers)):
            found = circle({k: set(v) - {"*"} for k, v in graph.items()})
            if found:
                self.breaches.append(f"LAYERS: circle of {what}: {' -> '.join(found)}")

    def check_program(self, build, program):
        folders, libraries = self.rules.programs[program]
        path = os.path.join(build, program)
        inputs = subprocess.run(["ninja", "-C", build, "-t", "inputs", program], capture_output=True, text=True, check=True)
        for m in sorted(set(re.findall(r"^src/(\w+)/lib\w+\.a$", inputs.stdout, re.M))):
            if m not in folders:
                self.breaches.append(f"{program}: may not be linked with {m}")
        needed = subprocess.run(["readelf", "-dW", path], capture_output=True, text=True, check=True).stdout
        for lib in re.findall(r"\(NEEDED\).*\[(.*)\]", needed):
            if not C_LIBRARY.match(lib) and re.sub(r"^lib(.*?)(-gnutls)?\.so.*", r"\1", lib) not in libraries:
                self.breaches.append(f"{program}: may not need {lib}")

    def check_programs(self, build):
        for program in sorted(self.rules.programs):
            path = os.path.join(build, program)
            if os.path.exists(path) and not os.path.islink(path):
                self.check_program(build, program)


def main(argv):
    checker = Checker(argv[1])
    if len(argv) > 3 and argv[2] == "--programs":
        checker.check_programs(argv[3])
    else:
        checker.check_tree()
    for b in checker.breaches:
        print(b)
    return 1 if checker.breaches else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
