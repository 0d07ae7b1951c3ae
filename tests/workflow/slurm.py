"""A real SLURM of one node, started from Debian's packages and stopped again: its own key, ports and folders."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol")
# the executor takes SLURM_CONF out of its jobs, so that only this place is read inside them
CONFIGURATION = Path("/etc/slurm/slurm.conf")
OURS = "# made by the tests of naturalistic; may be removed\n"
SETTINGS = """\
ClusterName=naturalistic
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MinJobAge=3600
KillWait=5
NodeName={host} NodeAddr=127.0.0.1 CPUs={processors} RealMemory={memory} State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def why_not() -> str:
    """Why no SLURM can be started here; empty where one can."""
    folders = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    if missing := [name for name in PROGRAMS if shutil.which(name, path=folders) is None]:
        return f"no {', '.join(missing)}: apt-get install slurmctld slurmd slurm-client munge"
    if os.geteuid() != 0:
        return "SLURM's daemons are started by root, and these tests do not run as root"
    if CONFIGURATION.exists() and not CONFIGURATION.read_text().startswith(OURS):
        return f"{CONFIGURATION} belongs to a SLURM of this machine, which is left alone"
    return ""


@contextmanager
def one_node(folder: Path) -> Iterator[None]:
    """A running cluster whose files lie in `folder`.

    Raises
    ------
    RuntimeError
        It did not come up within 30 seconds; what its daemons said is in the message.
    """
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True)
    key = folder / "munge.key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o400)
    CONFIGURATION.parent.mkdir(exist_ok=True)
    CONFIGURATION.write_text(OURS + _settings(folder))
    with ExitStack() as stack:
        stack.callback(CONFIGURATION.unlink)
        _start(stack, folder, "munged", *_munge_options(folder))
        _wait_for(folder, (folder / "munge.socket").exists)
        _start(stack, folder, "slurmctld", "-D", "-c")
        _start(stack, folder, "slurmd", "-D", "-c")
        _wait_for(folder, lambda: "idle" in _said("sinfo", "-h", "-o", "%T"))
        yield


def _settings(folder: Path) -> str:
    megabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    controller_port, node_port = _free_ports()
    return SETTINGS.format(
        folder=folder,
        host=socket.gethostname().split(".")[0],
        processors=os.cpu_count(),
        memory=megabytes * 9 // 10,
        controller_port=controller_port,
        node_port=node_port,
    )


def _munge_options(folder: Path) -> list[str]:
    named = {
        "socket": "munge.socket",
        "key-file": "munge.key",
        "log-file": "munge.log",
        "pid-file": "munge.pid",
        "seed-file": "munge.seed",
    }
    # --force: run by root, in a folder that only root can enter
    return ["--foreground", "--force", *(f"--{k}={folder / v}" for k, v in named.items())]


def _free_ports() -> list[int]:
    with ExitStack() as stack:
        found = []
        for _ in range(2):
            taken = stack.enter_context(socket.socket())
            taken.bind(("127.0.0.1", 0))
            found.append(int(taken.getsockname()[1]))
        return found


def _start(stack: ExitStack, folder: Path, program: str, *options: str) -> None:
    log = stack.enter_context((folder / f"{program}.out").open("wb"))
    path = shutil.which(program) or f"/usr/sbin/{program}"
    process = subprocess.Popen([path, *options], stdout=log, stderr=log)
    stack.callback(_stop, process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _wait_for(folder: Path, ready: object, seconds: float = 30) -> None:
    assert callable(ready)
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            told = [
                f"{p.name}: {p.read_text(errors='replace')[-500:]}" for p in folder.glob("*.out")
            ]
            raise RuntimeError("SLURM did not come up. " + " | ".join(told))
        time.sleep(0.1)
