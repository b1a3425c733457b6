#!/usr/bin/env python3
"""Puts a usable libtorch at .deps/libtorch, taken from the official Python wheel of PyTorch.

Standard library only. Running it again is always safe: a finished .deps/libtorch is left alone (and nothing is
fetched), an unfinished one is made anew. With LIBTORCH set, that folder is verified instead and nothing is fetched.

  .deps/wheels/                  downloads, removed at the end
  .deps/libtorch-2.13.0/         the unpacked wheel: torch/, nvidia/ (CUDA build); appears by one rename, when it loads
  .deps/libtorch                 link to libtorch-2.13.0/torch
"""

import argparse
import ast
import errno
import fcntl
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

VERSION = "2.13.0"
SUPPORTED = ((2, 11), (2, 13))  # for LIBTORCH
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
# What C++ needs of the torch wheel; the rest is Python. `torch.libs` exists where the wheel bundles system libraries.
KEPT = re.compile(r"torch/(include|lib|share)/|torch\.libs/|torch-[^/]*\.dist-info/")
# Folders with this file in it are complete: it is written last.
STAMP = "complete.json"
SHARED = ".dylib" if sys.platform == "darwin" else ".so"


class Refusal(Exception):
    """One sentence for the person at the terminal."""


def say(sentence):
    print(f"libtorch: {sentence}", flush=True)


# Verifying: a fresh process loads the libraries, because what this one has loaded or could not load must not matter.

LOADER = """
import ctypes, os, sys
for path in sys.argv[1:]:
    try:
        ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL)
    except OSError as error:
        sys.exit(str(error))
"""


def why_it_does_not_load(root, environment=None):
    """The loader's own words, or None when libtorch at `root` loads."""
    names = ["libc10", "libtorch_cpu", "libc10_cuda", "libtorch_cuda", "libtorch_cuda_linalg"]
    paths = [root / "lib" / (name + SHARED) for name in names]
    for path in paths[:2]:
        if not path.is_file():
            return f"{path} does not exist"
    present = [str(path) for path in paths if path.is_file()]
    done = subprocess.run([sys.executable, "-c", LOADER, *present], env=environment,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
    if done.returncode == 0:
        return None
    return done.stderr.strip() or f"loading it ended with status {done.returncode}"


def header_version(root):
    for name in ("torch/headeronly/version.h", "torch/csrc/api/include/torch/version.h"):
        header = root / "include" / name
        if header.is_file():
            found = dict(re.findall(r"#define TORCH_VERSION_(MAJOR|MINOR|PATCH) (\d+)", header.read_text()))
            if len(found) == 3:
                return tuple(int(found[part]) for part in ("MAJOR", "MINOR", "PATCH"))
    return None


def verify_given(root):
    """Checks the folder that LIBTORCH names."""
    if not (root / "include" / "torch" / "csrc" / "api" / "include" / "torch" / "torch.h").is_file():
        raise Refusal(f"LIBTORCH is {root}, but that has no include/torch/csrc/api/include/torch/torch.h; "
                      "it must be the folder with include/ and lib/ of a libtorch or of an installed torch package.")
    version = header_version(root)
    low, high = SUPPORTED
    if version is None or not low <= version[:2] <= high:
        what = "an unknown version" if version is None else "version " + ".".join(map(str, version))
        raise Refusal(f"LIBTORCH is {root}, which is {what}; Maxwell needs {low[0]}.{low[1]} to {high[0]}.{high[1]}.")
    problem = why_it_does_not_load(root)
    if problem:
        raise Refusal(f"LIBTORCH is {root}, but it does not load: {problem}.")
    say(f"{'.'.join(map(str, version))} at {root} (LIBTORCH) loads.")


# Fetching, with pip as it is configured on this machine.


def has_nvidia_gpu():
    return os.path.exists("/proc/driver/nvidia/version") or shutil.which("nvidia-smi") is not None


def attempts(build):
    """pip arguments to try in turn."""
    plain = [f"torch=={VERSION}"]
    if build == "cuda":
        # A local +cpu wheel would otherwise sort above the plain version, which is the CUDA build on Linux.
        tries = [[f"torch=={VERSION},!={VERSION}+cpu"]]
    elif sys.platform == "linux":
        cpu = [f"torch=={VERSION}+cpu"]
        tries = [cpu, cpu + ["--extra-index-url", CPU_INDEX, "--retries", "1", "--timeout", "20"], plain]
    else:
        tries = [plain]
    if (3, 10) <= sys.version_info[:2] <= (3, 14):
        return tries
    # There is no wheel for this Python; which one it is for does not matter to C++.
    return [arguments + ["--python-version", "3.12", "--implementation", "cp"] for arguments in tries]


def pip_download(arguments, folder):
    """Runs pip; returns None, or what it wrote to stderr when it failed."""
    scratch = folder / "tmp"  # pip's own temporary files: /tmp may be small, and a kill leaves them behind
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-deps",
               "--only-binary=:all:", "--dest", str(folder), *arguments]
    done = subprocess.run(command, env=dict(os.environ, TMPDIR=str(scratch)),
                          stderr=subprocess.PIPE, universal_newlines=True)
    shutil.rmtree(scratch, ignore_errors=True)
    if done.returncode == 0:
        return None
    if "No module named pip" in done.stderr:
        raise Refusal(f"{sys.executable} has no pip; install it (Debian, Ubuntu: apt-get install python3-pip).")
    if "No space left" in done.stderr:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
    return done.stderr


def explain(complaint):
    """One sentence out of pip's pages."""
    unreachable = ("Temporary failure in name resolution", "Name or service not known", "Network is unreachable",
                   "NewConnectionError", "nodename nor servname", "Connection refused", "timed out")
    if any(sign in complaint for sign in unreachable):
        return "the package index cannot be reached; is the network up? (LIBTORCH=/path uses one that you have)"
    lines = [line for line in complaint.splitlines() if line.startswith("ERROR")]
    return (lines or complaint.strip().splitlines() or ["it said nothing"])[-1].replace("ERROR: ", "")


def torch_wheels(folder, build):
    return sorted(wheel for wheel in folder.glob(f"torch-{VERSION}*.whl") if build == "cpu" or "cpu" not in wheel.name)


def is_whole(wheel):
    try:
        with zipfile.ZipFile(str(wheel)) as archive:
            return archive.testzip() is None
    except zipfile.BadZipFile:
        return False


def fetch_torch(folder, build):
    """The torch wheel in `folder`, from an earlier run when that is whole."""
    for wheel in torch_wheels(folder, build):
        if is_whole(wheel):
            say(f"{wheel.name} is already there.")
            return wheel
        say(f"{wheel.name} is broken; fetching it again.")
        wheel.unlink()
    complaint = ""
    for arguments in attempts(build):
        say(f"fetching {' '.join(arguments)}")
        complaint = pip_download(arguments, folder)
        wheels = torch_wheels(folder, build)
        if complaint is None and wheels:
            if not is_whole(wheels[0]):
                wheels[0].unlink()
                raise Refusal(f"pip fetched a broken {wheels[0].name}; run this again.")
            return wheels[0]
    raise Refusal(f"torch {VERSION} could not be fetched: {explain(complaint or '')}.")


def unpack(wheel, site):
    torch = wheel.name.startswith("torch-")
    with zipfile.ZipFile(str(wheel)) as archive:
        members = [name for name in archive.namelist() if not torch or KEPT.match(name)]
        archive.extractall(str(site), members)  # checks every member's checksum


# Further libraries: the CUDA build leaves them to other wheels, which its metadata names.


def metadata_lines(wheel):
    with zipfile.ZipFile(str(wheel)) as archive:
        name = next(name for name in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name))
        return archive.read(name).decode().splitlines()


def holds(marker, extra):
    """Whether an environment marker (PEP 508) holds here. Its grammar is a part of Python's."""
    here = {
        "platform_system": platform.system(), "platform_machine": platform.machine(), "sys_platform": sys.platform,
        "os_name": os.name, "python_version": "{}.{}".format(*sys.version_info[:2]),
        "python_full_version": platform.python_version(), "implementation_name": sys.implementation.name,
        "platform_python_implementation": platform.python_implementation(), "extra": extra,
    }

    def value(node):
        return node.value if isinstance(node, ast.Constant) else here[node.id]

    def comparable(text):
        return [int(part) for part in text.split(".")] if re.fullmatch(r"\d+(\.\d+)*", text) else text

    def truth(node):
        if isinstance(node, ast.BoolOp):
            return (all if isinstance(node.op, ast.And) else any)(truth(part) for part in node.values)
        left, right = comparable(value(node.left)), comparable(value(node.comparators[0]))
        return {"Eq": left == right, "NotEq": left != right, "Lt": left < right, "LtE": left <= right,
                "Gt": left > right, "GtE": left >= right, "In": left in right, "NotIn": left not in right,
                }[type(node.ops[0]).__name__]

    try:
        return truth(ast.parse(marker.strip(), mode="eval").body)
    except (SyntaxError, KeyError, TypeError, AttributeError):
        return True  # one library too many is better than one missing


def library_requirements(lines, extras=()):
    """The NVIDIA libraries among a wheel's requirements: name, version wanted, extras asked of it."""
    found = []
    for line in lines:
        match = re.match(r"Requires-Dist: *([A-Za-z0-9._-]+) *(?:\[([^\]]*)\])? *([^;]*)(?:;(.*))?$", line)
        if match is None:
            continue
        name, asked, version, marker = match.groups()
        name = re.sub(r"[-_.]+", "-", name).lower()
        # cuda-toolkit only names nvidia-* wheels by its extras; cuda-bindings and the like are Python.
        if not (name.startswith("nvidia-") or name == "cuda-toolkit"):
            continue
        if marker is None or any(holds(marker, extra) for extra in ("", *extras)):
            version = version.strip().strip("()").replace(" ", "")
            found.append((name, version, [word.strip() for word in (asked or "").split(",") if word.strip()]))
    return found


def fetch_libraries(torch_wheel, folder, site):
    """Fetches and unpacks, level by level, the NVIDIA libraries that the torch wheel requires."""
    wanted, fetched = library_requirements(metadata_lines(torch_wheel)), set()
    level = folder / "libraries"
    while wanted:
        versions, extras = {}, {}
        for name, version, asked in wanted:
            versions.setdefault(name, set()).update(version.split(",") if version else [])
            extras.setdefault(name, set()).update(asked)
        requirements = [name + ",".join(sorted(versions[name])) for name in sorted(versions)]
        say(f"fetching {len(requirements)} libraries that this build needs: {', '.join(requirements)}")
        shutil.rmtree(str(level), ignore_errors=True)
        level.mkdir()
        complaint = pip_download(requirements, level)
        if complaint is not None:
            raise Refusal(f"the libraries of the CUDA build could not be fetched: {explain(complaint)}.")
        fetched.update(versions)
        wanted = []
        for wheel in sorted(level.glob("*.whl")):
            name = wheel.name.split("-")[0].replace("_", "-").lower()
            further = library_requirements(metadata_lines(wheel), sorted(extras.get(name, ())))
            wanted += [requirement for requirement in further if requirement[0] not in fetched]
            unpack(wheel, site)
    shutil.rmtree(str(level), ignore_errors=True)


# Putting it together.


def is_complete(home):
    try:
        size = json.loads((home / STAMP).read_text())["libtorch_cpu_bytes"]
        return (home / "torch" / "lib" / ("libtorch_cpu" + SHARED)).stat().st_size == size
    except (OSError, ValueError, KeyError, TypeError):
        return False


def link(home, name):
    """Points `name` at home/torch in one step."""
    target = f"{home.name}/torch"
    if name.is_symlink() and os.readlink(str(name)) == target:
        return
    if name.exists() and not name.is_symlink():
        raise Refusal(f"{name} is a folder that was not made here; set LIBTORCH={name} to use it, or move it away.")
    fresh = name.with_name(name.name + ".new")
    if fresh.is_symlink():
        fresh.unlink()
    fresh.symlink_to(target)
    os.replace(str(fresh), str(name))


def make(deps, build):
    home, partial, wheels = deps / f"libtorch-{VERSION}", deps / f"libtorch-{VERSION}.partial", deps / "wheels"
    if is_complete(home):
        link(home, deps / "libtorch")
        return
    say(f"{VERSION} is not in {deps} yet ({build.upper()} build).")
    for leftover in (partial, home):
        shutil.rmtree(str(leftover), ignore_errors=True)
    wheels.mkdir(parents=True, exist_ok=True)
    wheel = fetch_torch(wheels, build)
    say(f"unpacking {wheel.name}")
    unpack(wheel, partial)

    environment = {key: value for key, value in os.environ.items() if key != "LD_LIBRARY_PATH"}
    problem = why_it_does_not_load(partial / "torch", environment)
    if problem and library_requirements(metadata_lines(wheel)):
        fetch_libraries(wheel, wheels, partial)
        problem = why_it_does_not_load(partial / "torch", environment)
    if problem:
        raise Refusal(f"{wheel.name} was fetched but does not load on this machine: {problem}.")

    library = partial / "torch" / "lib" / ("libtorch_cpu" + SHARED)
    stamp = {"wheel": wheel.name, "libtorch_cpu_bytes": library.stat().st_size}
    (partial / STAMP).write_text(json.dumps(stamp) + "\n")
    partial.rename(home)
    link(home, deps / "libtorch")
    shutil.rmtree(str(wheels))
    say(f"{wheel.name} is ready at {deps / 'libtorch'}.")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--deps", type=Path, default=Path(__file__).resolve().parent.parent / ".deps",
                        help="where to put it (default: .deps beside Makefile)")
    parser.add_argument("--build", choices=["cpu", "cuda"], default="cuda" if has_nvidia_gpu() else "cpu",
                        help="default: cuda where an NVIDIA GPU is found, else cpu")
    options = parser.parse_args()
    try:
        given = os.environ.get("LIBTORCH", "").strip()
        if given:
            verify_given(Path(given).expanduser().resolve())
            return
        options.deps.mkdir(parents=True, exist_ok=True)
        with open(str(options.deps / ".lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two makes at once: the second waits and finds it done
            make(options.deps.resolve(), options.build)
    except Refusal as refusal:
        sys.exit(f"libtorch: {refusal}")
    except OSError as error:
        if error.errno == errno.ENOSPC:
            sys.exit(f"libtorch: the disk is full; about 2 GB are needed under {options.deps} (CUDA build: 12 GB).")
        sys.exit(f"libtorch: {error}.")
    except KeyboardInterrupt:
        sys.exit("libtorch: interrupted; run it again to continue.")


if sys.version_info < (3, 8):
    sys.exit("libtorch: Python 3.8 or newer is needed, this is " + sys.version.split()[0] + ".")
if __name__ == "__main__":
    main()
