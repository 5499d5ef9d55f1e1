/*
 * The system calls about processes, signals, time and the system, by number. What each does is said where it is.
 */

import {
  SYS_timer_create,
  SYS_timer_delete,
  SYS_timer_getoverrun,
  SYS_timer_gettime,
  SYS_timer_gettime64,
  SYS_timer_settime,
  SYS_timer_settime64,
  SYS_alarm,
  SYS_capget,
  SYS_clock_getres,
  SYS_clock_getres_time64,
  SYS_clock_gettime,
  SYS_clock_gettime64,
  SYS_clock_nanosleep,
  SYS_clock_nanosleep_time64,
  SYS_clock_settime,
  SYS_clock_settime64,
  SYS_clone,
  SYS_clone3,
  SYS_execve,
  SYS_exit,
  SYS_exit_group,
  SYS_fork,
  SYS_futex,
  SYS_futex_time64,
  SYS_get_robust_list,
  SYS_get_thread_area,
  SYS_getcpu,
  SYS_getegid,
  SYS_getegid32,
  SYS_geteuid,
  SYS_geteuid32,
  SYS_getgid,
  SYS_getgid32,
  SYS_getgroups,
  SYS_getgroups32,
  SYS_getitimer,
  SYS_getpgid,
  SYS_getpgrp,
  SYS_getpid,
  SYS_getppid,
  SYS_getpriority,
  SYS_getrandom,
  SYS_getresgid,
  SYS_getresgid32,
  SYS_getresuid,
  SYS_getresuid32,
  SYS_getrlimit,
  SYS_getrusage,
  SYS_getsid,
  SYS_gettid,
  SYS_gettimeofday,
  SYS_getuid,
  SYS_getuid32,
  SYS_kill,
  SYS_membarrier,
  SYS_nanosleep,
  SYS_nice,
  SYS_oldolduname,
  SYS_olduname,
  SYS_pause,
  SYS_personality,
  SYS_prctl,
  SYS_prlimit64,
  SYS_process_vm_readv,
  SYS_process_vm_writev,
  SYS_ptrace,
  SYS_reboot,
  SYS_restart_syscall,
  SYS_rt_sigaction,
  SYS_rt_sigpending,
  SYS_rt_sigprocmask,
  SYS_rt_sigqueueinfo,
  SYS_rt_sigreturn,
  SYS_rt_sigsuspend,
  SYS_rt_sigtimedwait,
  SYS_rt_sigtimedwait_time64,
  SYS_rt_tgsigqueueinfo,
  SYS_sched_get_priority_max,
  SYS_sched_get_priority_min,
  SYS_sched_getaffinity,
  SYS_sched_getattr,
  SYS_sched_getparam,
  SYS_sched_getscheduler,
  SYS_sched_rr_get_interval,
  SYS_sched_rr_get_interval_time64,
  SYS_sched_setaffinity,
  SYS_sched_setattr,
  SYS_sched_setparam,
  SYS_sched_setscheduler,
  SYS_sched_yield,
  SYS_set_robust_list,
  SYS_set_thread_area,
  SYS_set_tid_address,
  SYS_setdomainname,
  SYS_setfsgid,
  SYS_setfsgid32,
  SYS_setfsuid,
  SYS_setfsuid32,
  SYS_setgid,
  SYS_setgid32,
  SYS_setgroups,
  SYS_setgroups32,
  SYS_sethostname,
  SYS_setitimer,
  SYS_setpgid,
  SYS_setpriority,
  SYS_setregid,
  SYS_setregid32,
  SYS_setresgid,
  SYS_setresgid32,
  SYS_setresuid,
  SYS_setresuid32,
  SYS_setreuid,
  SYS_setreuid32,
  SYS_setrlimit,
  SYS_setsid,
  SYS_settimeofday,
  SYS_setuid,
  SYS_setuid32,
  SYS_sgetmask,
  SYS_sigaction,
  SYS_sigaltstack,
  SYS_signal,
  SYS_sigpending,
  SYS_sigprocmask,
  SYS_sigreturn,
  SYS_sigsuspend,
  SYS_ssetmask,
  SYS_stime,
  SYS_sysinfo,
  SYS_tgkill,
  SYS_time,
  SYS_times,
  SYS_tkill,
  SYS_ugetrlimit,
  SYS_uname,
  SYS_unshare,
  SYS_vfork,
  SYS_wait4,
  SYS_waitid,
  SYS_waitpid,
} from '../abi/syscallNumbers.ts';
import { sysExecve } from '../proc/exec.ts';
import { sysExit, sysExitGroup } from '../proc/exit.ts';
import { sysClone, sysClone3, sysFork, sysSetTidAddress, sysVfork } from '../proc/sysClone.ts';
import { sysProcessVmReadv, sysProcessVmWritev } from '../proc/processVm.ts';
import { sysPtrace } from '../proc/sysPtrace.ts';
import { sysCapget } from '../proc/sysCapability.ts';
import { sysFutex, sysFutexTime64, sysGetRobustList, sysSetRobustList } from '../proc/sysFutex.ts';
import { sysReboot } from '../proc/power.ts';
import { sysGetrandom } from '../proc/random.ts';
import {
  sysGetegid,
  sysGetegid16,
  sysGeteuid,
  sysGeteuid16,
  sysGetgid,
  sysGetgid16,
  sysGetgroups,
  sysGetgroups16,
  sysGetresgid,
  sysGetresgid16,
  sysGetresuid,
  sysGetresuid16,
  sysGetuid,
  sysGetuid16,
  sysSetfsgid,
  sysSetfsgid16,
  sysSetfsuid,
  sysSetfsuid16,
  sysSetgid,
  sysSetgid16,
  sysSetgroups,
  sysSetgroups16,
  sysSetregid,
  sysSetregid16,
  sysSetresgid,
  sysSetresgid16,
  sysSetresuid,
  sysSetresuid16,
  sysSetreuid,
  sysSetreuid16,
  sysSetuid,
  sysSetuid16,
} from '../proc/sysIdentity.ts';
import { sysKill, sysRtSigqueueinfo, sysRtTgsigqueueinfo, sysTgkill, sysTkill } from '../proc/sysKill.ts';
import {
  sysGetpgid,
  sysGetpgrp,
  sysGetpid,
  sysGetppid,
  sysGetsid,
  sysGettid,
  sysSetpgid,
  sysSetsid,
} from '../proc/sysProcess.ts';
import {
  sysGetpriority,
  sysGetrlimit,
  sysGetrusage,
  sysNice,
  sysOldGetrlimit,
  sysPrlimit64,
  sysSetpriority,
  sysSetrlimit,
} from '../proc/sysResource.ts';
import {
  sysPause,
  sysRtSigaction,
  sysRtSigpending,
  sysRtSigprocmask,
  sysRtSigreturn,
  sysRtSigsuspend,
  sysRtSigtimedwait,
  sysRtSigtimedwaitTime64,
  sysSgetmask,
  sysSigaction,
  sysSigaltstack,
  sysSignal,
  sysSigpending,
  sysSigprocmask,
  sysSigreturn,
  sysSigsuspend,
  sysSsetmask,
} from '../proc/sysSignal.ts';
import {
  sysGetcpu,
  sysSchedGetPriorityMax,
  sysSchedGetPriorityMin,
  sysSchedGetaffinity,
  sysSchedGetattr,
  sysSchedGetparam,
  sysSchedGetscheduler,
  sysSchedRrGetInterval,
  sysSchedRrGetIntervalTime64,
  sysSchedSetaffinity,
  sysSchedSetattr,
  sysSchedSetparam,
  sysSchedSetscheduler,
  sysSchedYield,
} from '../proc/sysScheduler.ts';
import { sysClockSettime, sysClockSettime64, sysSettimeofday, sysStime } from '../proc/sysClock.ts';
import { sysMembarrier } from '../proc/sysMembarrier.ts';
import { sysPersonality, sysPrctl } from '../proc/sysPrctl.ts';
import {
  sysOldOldUname,
  sysOldUname,
  sysSetdomainname,
  sysSethostname,
  sysSysinfo,
  sysUname,
} from '../proc/sysSystem.ts';
import {
  sysAlarm,
  sysClockGetres,
  sysClockGetresTime64,
  sysClockGettime,
  sysClockGettime64,
  sysClockNanosleep,
  sysClockNanosleepTime64,
  sysGetitimer,
  sysGettimeofday,
  sysNanosleep,
  sysRestartSyscall,
  sysSetitimer,
  sysTime,
  sysTimes,
} from '../proc/sysTime.ts';
import { sysGetThreadArea, sysSetThreadArea } from '../proc/tls.ts';
import { sysUnshare } from '../proc/unshare.ts';
import { sysWait4, sysWaitid, sysWaitpid } from '../proc/wait.ts';
import {
  sysTimerCreate,
  sysTimerDelete,
  sysTimerGetoverrun,
  sysTimerGettime,
  sysTimerGettime64,
  sysTimerSettime,
  sysTimerSettime64,
} from '../proc/sysTimers.ts';
import { setSystemCall } from './dispatch.ts';

/** Processes: their beginning and end. */
function installLife(): void {
  setSystemCall(SYS_fork, sysFork);
  setSystemCall(SYS_vfork, sysVfork);
  setSystemCall(SYS_clone, sysClone);
  setSystemCall(SYS_clone3, sysClone3);
  setSystemCall(SYS_unshare, sysUnshare);
  setSystemCall(SYS_set_tid_address, sysSetTidAddress);
  setSystemCall(SYS_futex, sysFutex);
  setSystemCall(SYS_futex_time64, sysFutexTime64);
  setSystemCall(SYS_set_robust_list, sysSetRobustList);
  setSystemCall(SYS_get_robust_list, sysGetRobustList);
  setSystemCall(SYS_execve, sysExecve);
  setSystemCall(SYS_exit, sysExit);
  setSystemCall(SYS_exit_group, sysExitGroup);
  setSystemCall(SYS_wait4, sysWait4);
  setSystemCall(SYS_waitpid, sysWaitpid);
  setSystemCall(SYS_waitid, sysWaitid);
  setSystemCall(SYS_set_thread_area, sysSetThreadArea);
  setSystemCall(SYS_get_thread_area, sysGetThreadArea);
  setSystemCall(SYS_getpid, sysGetpid);
  setSystemCall(SYS_gettid, sysGettid);
  setSystemCall(SYS_getppid, sysGetppid);
  setSystemCall(SYS_getpgid, sysGetpgid);
  setSystemCall(SYS_getpgrp, sysGetpgrp);
  setSystemCall(SYS_getsid, sysGetsid);
  setSystemCall(SYS_setpgid, sysSetpgid);
  setSystemCall(SYS_setsid, sysSetsid);
}

/** Signals. */
function installSignals(): void {
  setSystemCall(SYS_rt_sigaction, sysRtSigaction);
  setSystemCall(SYS_sigaction, sysSigaction);
  setSystemCall(SYS_signal, sysSignal);
  setSystemCall(SYS_rt_sigprocmask, sysRtSigprocmask);
  setSystemCall(SYS_sigprocmask, sysSigprocmask);
  setSystemCall(SYS_sgetmask, sysSgetmask);
  setSystemCall(SYS_ssetmask, sysSsetmask);
  setSystemCall(SYS_rt_sigpending, sysRtSigpending);
  setSystemCall(SYS_sigpending, sysSigpending);
  setSystemCall(SYS_pause, sysPause);
  setSystemCall(SYS_sigsuspend, sysSigsuspend);
  setSystemCall(SYS_rt_sigsuspend, sysRtSigsuspend);
  setSystemCall(SYS_rt_sigtimedwait, sysRtSigtimedwait);
  setSystemCall(SYS_rt_sigtimedwait_time64, sysRtSigtimedwaitTime64);
  setSystemCall(SYS_sigaltstack, sysSigaltstack);
  setSystemCall(SYS_sigreturn, sysSigreturn);
  setSystemCall(SYS_rt_sigreturn, sysRtSigreturn);
  setSystemCall(SYS_kill, sysKill);
  setSystemCall(SYS_tkill, sysTkill);
  setSystemCall(SYS_tgkill, sysTgkill);
  setSystemCall(SYS_rt_sigqueueinfo, sysRtSigqueueinfo);
  setSystemCall(SYS_rt_tgsigqueueinfo, sysRtTgsigqueueinfo);
  setSystemCall(SYS_ptrace, sysPtrace);
  setSystemCall(SYS_process_vm_readv, sysProcessVmReadv);
  setSystemCall(SYS_process_vm_writev, sysProcessVmWritev);
}

/** Who a process acts for. */
function installIdentity(): void {
  setSystemCall(SYS_getuid, sysGetuid16);
  setSystemCall(SYS_geteuid, sysGeteuid16);
  setSystemCall(SYS_getgid, sysGetgid16);
  setSystemCall(SYS_getegid, sysGetegid16);
  setSystemCall(SYS_getuid32, sysGetuid);
  setSystemCall(SYS_geteuid32, sysGeteuid);
  setSystemCall(SYS_getgid32, sysGetgid);
  setSystemCall(SYS_getegid32, sysGetegid);
  setSystemCall(SYS_getresuid32, sysGetresuid);
  setSystemCall(SYS_getresgid32, sysGetresgid);
  setSystemCall(SYS_setuid32, sysSetuid);
  setSystemCall(SYS_setreuid32, sysSetreuid);
  setSystemCall(SYS_setresuid32, sysSetresuid);
  setSystemCall(SYS_setfsuid32, sysSetfsuid);
  setSystemCall(SYS_setgid32, sysSetgid);
  setSystemCall(SYS_setregid32, sysSetregid);
  setSystemCall(SYS_setresgid32, sysSetresgid);
  setSystemCall(SYS_setfsgid32, sysSetfsgid);
  setSystemCall(SYS_getgroups32, sysGetgroups);
  setSystemCall(SYS_capget, sysCapget);
  setSystemCall(SYS_setgroups32, sysSetgroups);
  setSystemCall(SYS_setfsuid, sysSetfsuid16);
  setSystemCall(SYS_setfsgid, sysSetfsgid16);
  setSystemCall(SYS_getresuid, sysGetresuid16);
  setSystemCall(SYS_getresgid, sysGetresgid16);
  setSystemCall(SYS_getgroups, sysGetgroups16);
  setSystemCall(SYS_setgroups, sysSetgroups16);
  setSystemCall(SYS_setuid, sysSetuid16);
  setSystemCall(SYS_setgid, sysSetgid16);
  setSystemCall(SYS_setreuid, sysSetreuid16);
  setSystemCall(SYS_setregid, sysSetregid16);
  setSystemCall(SYS_setresuid, sysSetresuid16);
  setSystemCall(SYS_setresgid, sysSetresgid16);
}

/** Time, limits, accounts. */
function installTime(): void {
  setSystemCall(SYS_clock_gettime, sysClockGettime);
  setSystemCall(SYS_clock_gettime64, sysClockGettime64);
  setSystemCall(SYS_clock_getres, sysClockGetres);
  setSystemCall(SYS_clock_getres_time64, sysClockGetresTime64);
  setSystemCall(SYS_clock_settime, sysClockSettime);
  setSystemCall(SYS_clock_settime64, sysClockSettime64);
  setSystemCall(SYS_settimeofday, sysSettimeofday);
  setSystemCall(SYS_stime, sysStime);
  setSystemCall(SYS_time, sysTime);
  setSystemCall(SYS_gettimeofday, sysGettimeofday);
  setSystemCall(SYS_nanosleep, sysNanosleep);
  setSystemCall(SYS_clock_nanosleep, sysClockNanosleep);
  setSystemCall(SYS_clock_nanosleep_time64, sysClockNanosleepTime64);
  setSystemCall(SYS_restart_syscall, sysRestartSyscall);
  setSystemCall(SYS_timer_create, sysTimerCreate);
  setSystemCall(SYS_timer_delete, sysTimerDelete);
  setSystemCall(SYS_timer_getoverrun, sysTimerGetoverrun);
  setSystemCall(SYS_timer_gettime, sysTimerGettime);
  setSystemCall(SYS_timer_gettime64, sysTimerGettime64);
  setSystemCall(SYS_timer_settime, sysTimerSettime);
  setSystemCall(SYS_timer_settime64, sysTimerSettime64);
  setSystemCall(SYS_alarm, sysAlarm);
  setSystemCall(SYS_getitimer, sysGetitimer);
  setSystemCall(SYS_setitimer, sysSetitimer);
  setSystemCall(SYS_times, sysTimes);
  setSystemCall(SYS_getrusage, sysGetrusage);
  setSystemCall(SYS_getrlimit, sysOldGetrlimit);
  setSystemCall(SYS_ugetrlimit, sysGetrlimit);
  setSystemCall(SYS_setrlimit, sysSetrlimit);
  setSystemCall(SYS_prlimit64, sysPrlimit64);
  setSystemCall(SYS_setpriority, sysSetpriority);
  setSystemCall(SYS_getpriority, sysGetpriority);
  setSystemCall(SYS_nice, sysNice);
}

/** The system. */
function installSystem(): void {
  setSystemCall(SYS_uname, sysUname);
  setSystemCall(SYS_olduname, sysOldUname);
  setSystemCall(SYS_oldolduname, sysOldOldUname);
  setSystemCall(SYS_sethostname, sysSethostname);
  setSystemCall(SYS_setdomainname, sysSetdomainname);
  setSystemCall(SYS_sysinfo, sysSysinfo);
  setSystemCall(SYS_sched_yield, sysSchedYield);
  setSystemCall(SYS_sched_getscheduler, sysSchedGetscheduler);
  setSystemCall(SYS_sched_setscheduler, sysSchedSetscheduler);
  setSystemCall(SYS_sched_getparam, sysSchedGetparam);
  setSystemCall(SYS_sched_setparam, sysSchedSetparam);
  setSystemCall(SYS_sched_getattr, sysSchedGetattr);
  setSystemCall(SYS_sched_setattr, sysSchedSetattr);
  setSystemCall(SYS_sched_rr_get_interval_time64, sysSchedRrGetIntervalTime64);
  setSystemCall(SYS_sched_get_priority_max, sysSchedGetPriorityMax);
  setSystemCall(SYS_sched_get_priority_min, sysSchedGetPriorityMin);
  setSystemCall(SYS_sched_rr_get_interval, sysSchedRrGetInterval);
  setSystemCall(SYS_sched_getaffinity, sysSchedGetaffinity);
  setSystemCall(SYS_sched_setaffinity, sysSchedSetaffinity);
  setSystemCall(SYS_getcpu, sysGetcpu);
  setSystemCall(SYS_membarrier, sysMembarrier);
  setSystemCall(SYS_prctl, sysPrctl);
  setSystemCall(SYS_personality, sysPersonality);
  setSystemCall(SYS_getrandom, sysGetrandom);
  setSystemCall(SYS_reboot, sysReboot);
}

/** Makes them known. */
export function installProcessCalls(): void {
  installLife();
  installSignals();
  installIdentity();
  installTime();
  installSystem();
}
