//! System calls of PowerPC Linux: the same numbers for 32 and 64 bits (arch/powerpc/kernel/syscalls/syscall.tbl).

use core::arch::asm;
use core::ffi::CStr;
use sprig_kvm::system::Errno;

/// File descriptor of standard output.
pub(crate) const STDOUT: usize = 1;
/// Of standard error.
pub(crate) const STDERR: usize = 2;

mod number {
    pub(super) const EXIT_GROUP: usize = 234;
    pub(super) const WAIT4: usize = 114;
    pub(super) const KILL: usize = 37;
    pub(super) const CLONE: usize = 120;
    pub(super) const SCHED_SETAFFINITY: usize = 222;
    pub(super) const GETCPU: usize = 302;
    pub(super) const READ: usize = 3;
    pub(super) const WRITE: usize = 4;
    pub(super) const OPEN: usize = 5;
    pub(super) const CLOSE: usize = 6;
    pub(super) const LSEEK: usize = 19;
    pub(super) const GETPID: usize = 20;
    pub(super) const IOCTL: usize = 54;
    pub(super) const REBOOT: usize = 88;
    pub(super) const MMAP: usize = 90;
    pub(super) const MUNMAP: usize = 91;
    pub(super) const MREMAP: usize = 163;
    pub(super) const SETITIMER: usize = 104;
    pub(super) const RT_SIGACTION: usize = 173;
    pub(super) const RT_SIGPROCMASK: usize = 174;
}

/// CR0\[SO\] in the word that mfcr gives.
const SUMMARY_OVERFLOW: usize = 1 << 28;

/// Makes a system call (Documentation/arch/powerpc/syscall64-abi.rst; the 32-bit ABI is the same): number in r0,
/// arguments from r3 on, result in r3; CR0\[SO\] says that it is an errno.
///
/// # Safety
/// As the call demands.
unsafe fn call(number: usize, arguments: [usize; 6]) -> Result<usize, Errno> {
    let [a, b, c, d, e, f] = arguments;
    let (result, failed): (usize, usize);
    // SAFETY: the caller's duty; everything the kernel may change is named.
    unsafe {
        asm!(
            "sc",
            "mfcr 0",
            inlateout("r0") number => failed,
            inlateout("r3") a => result,
            inlateout("r4") b => _,
            inlateout("r5") c => _,
            inlateout("r6") d => _,
            inlateout("r7") e => _,
            inlateout("r8") f => _,
            lateout("r9") _, lateout("r10") _, lateout("r11") _, lateout("r12") _,
            lateout("cr0") _, lateout("ctr") _, lateout("xer") _,
            options(nostack),
        );
    }
    // An errno is less than 4096.
    if failed & SUMMARY_OVERFLOW == 0 { Ok(result) } else { Err(Errno(result as u32)) }
}

/// Ends the program.
pub(crate) fn exit(status: usize) -> ! {
    loop {
        // SAFETY: nothing runs afterwards.
        let _ = unsafe { call(number::EXIT_GROUP, [status, 0, 0, 0, 0, 0]) };
    }
}

/// Starts a process with the memory and the files of this one, which calls a program on a stack of its own. Its number.
///
/// # Safety
/// Nothing else uses the memory below `stack`, which is a multiple of 16 and has room enough; the program does only
/// what may be done beside this one.
pub(crate) unsafe fn start_beside(
    stack: usize,
    program: extern "C" fn(usize) -> !,
    argument: usize,
) -> Result<usize, Errno> {
    // include/uapi/linux/sched.h, arch/powerpc/include/uapi/asm/signal.h
    const CLONE_VM: usize = 0x100;
    const CLONE_FILES: usize = 0x400;
    const SIGCHLD: usize = 17;
    /// The first stack frame: a zero, which ends the chain of frames, and what a callee may store to (of both ABIs).
    const FRAME: usize = 64;
    let (result, failed): (usize, usize);
    // SAFETY: the caller's duty. The new process has the registers of this one but for r1 and r3, and does not come
    // back.
    unsafe {
        asm!(
            "sc",
            "mfcr 0",
            "cmpwi 3, 0",
            "bne 2f",
            "mr 3, {argument}",
            "mr 12, {program}",
            "mtctr 12",
            "bctrl",
            "2:",
            program = in(reg_nonzero) program as usize,
            argument = in(reg_nonzero) argument,
            inlateout("r0") number::CLONE => failed,
            inlateout("r3") CLONE_VM | CLONE_FILES | SIGCHLD => result,
            inlateout("r4") stack - FRAME => _,
            inlateout("r5") 0_usize => _,
            inlateout("r6") 0_usize => _,
            inlateout("r7") 0_usize => _,
            // Not lateout: program and argument are in none of these.
            out("r8") _, out("r9") _, out("r10") _, out("r11") _, out("r12") _,
            lateout("cr0") _, lateout("ctr") _, lateout("xer") _,
        );
    }
    if failed & SUMMARY_OVERFLOW == 0 { Ok(result) } else { Err(Errno(result as u32)) }
}

/// Waits for the end of a process that [`start_beside`] has started.
pub(crate) fn wait_for(process: usize) -> Result<(), Errno> {
    // SAFETY: nothing is to be stored.
    unsafe { call(number::WAIT4, [process, 0, 0, 0, 0, 0]) }.map(|_| ())
}

/// Ends a process.
pub(crate) fn kill(process: usize) {
    // include/uapi/asm-generic/signal.h
    const SIGKILL: usize = 9;
    // SAFETY: the process is another. It fails only if there is none.
    let _ = unsafe { call(number::KILL, [process, SIGKILL, 0, 0, 0, 0]) };
}

/// Stays on the CPU that this runs on. Where there is only one, or the kernel does not do it, all is as it was.
pub(crate) fn stay_on_this_cpu() {
    /// CPUs that a set has room for, at least: NR_CPUS of the largest configurations.
    const CPUS: usize = 2048;
    const BITS: usize = usize::BITS as usize;
    let mut cpu = 0_u32;
    let mut set = [0_usize; CPUS / BITS];
    // SAFETY: the kernel stores a number, and copies the set.
    unsafe {
        if call(number::GETCPU, [core::ptr::from_mut(&mut cpu) as usize, 0, 0, 0, 0, 0]).is_ok()
            && let Some(word) = set.get_mut(cpu as usize / BITS)
        {
            *word = 1 << (cpu as usize % BITS);
            let _ = call(number::SCHED_SETAFFINITY, [0, size_of_val(&set), set.as_ptr() as usize, 0, 0, 0]);
        }
    }
}

/// True for the first process of a system.
pub(crate) fn is_process_1() -> bool {
    // SAFETY: no arguments.
    let process = unsafe { call(number::GETPID, [0; 6]) };
    process == Ok(1)
}

/// Restarts the machine; returns only where that is not allowed.
pub(crate) fn restart() {
    // include/uapi/linux/reboot.h
    const MAGIC1: usize = 0xfee1_dead;
    const MAGIC2: usize = 0x2812_1969;
    const CMD_RESTART: usize = 0x0123_4567;
    // SAFETY: touches no memory of this program.
    let _ = unsafe { call(number::REBOOT, [MAGIC1, MAGIC2, CMD_RESTART, 0, 0, 0]) };
}

/// Opens a file for reading, or reading and writing.
pub(crate) fn open(path: &CStr, writable: bool) -> Result<usize, Errno> {
    // include/uapi/asm-generic/fcntl.h: O_RDONLY 0, O_RDWR 2
    const O_RDWR: usize = 2;
    let flags = if writable { O_RDWR } else { 0 };
    // SAFETY: the path is a string.
    unsafe { call(number::OPEN, [path.as_ptr() as usize, flags, 0, 0, 0, 0]) }
}

/// Closes a file. What could go wrong is nobody's concern any more.
pub(crate) fn close(file: usize) {
    // SAFETY: touches no memory of this program.
    let _ = unsafe { call(number::CLOSE, [file, 0, 0, 0, 0, 0]) };
}

/// Bytes of a file; its position is at the end then.
pub(crate) fn length(file: usize) -> Result<usize, Errno> {
    const SEEK_END: usize = 2;
    // SAFETY: touches no memory of this program.
    unsafe { call(number::LSEEK, [file, 0, SEEK_END, 0, 0, 0]) }
}

/// Reads into memory; the number of bytes.
pub(crate) fn read(file: usize, bytes: &mut [u8]) -> Result<usize, Errno> {
    // SAFETY: the memory is ours to be written.
    unsafe { call(number::READ, [file, bytes.as_mut_ptr() as usize, bytes.len(), 0, 0, 0]) }
}

/// Writes everything; false where that cannot be.
pub(crate) fn write_all(file: usize, mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        // SAFETY: the memory is ours to be read.
        match unsafe { call(number::WRITE, [file, bytes.as_ptr() as usize, bytes.len(), 0, 0, 0]) } {
            Ok(written) => bytes = bytes.get(written..).unwrap_or(&[]),
            // A pipe or terminal that the caller has made non-blocking has room again sooner or later.
            Err(sprig_kvm::system::EINTR | sprig_kvm::system::EAGAIN) => {}
            Err(_) => return false,
        }
    }
    true
}

/// Waits until a terminal has sent what was written to it; other files have nothing to wait for.
pub(crate) fn drain(file: usize) {
    /// TCSBRK (arch/powerpc/include/uapi/asm/ioctls.h): with an argument that is not 0, tcdrain.
    const TCSBRK: u32 = 0x2000_741d;
    // SAFETY: the argument is a number.
    while unsafe { ioctl(file, TCSBRK, 1) } == Err(sprig_kvm::system::EINTR) {}
}

/// Any ioctl.
///
/// # Safety
/// As the ioctl demands of its argument.
pub(crate) unsafe fn ioctl(file: usize, request: u32, argument: usize) -> Result<usize, Errno> {
    // SAFETY: the caller's duty.
    unsafe { call(number::IOCTL, [file, request as usize, argument, 0, 0, 0]) }
}

/// What new memory is made of.
#[derive(Clone, Copy)]
pub(crate) enum Backing {
    /// Zeros.
    Nothing,
    /// A file's contents, to be read.
    File(usize),
    /// A device's memory.
    Device(usize),
}

// include/uapi/asm-generic/mman-common.h
const PROT_READ: usize = 1;
const PROT_WRITE: usize = 2;
const MAP_SHARED: usize = 1;
const MAP_PRIVATE: usize = 2;
const MAP_FIXED: usize = 0x10;
const MREMAP_MAYMOVE: usize = 1;
const MREMAP_FIXED: usize = 2;
const MAP_ANONYMOUS: usize = 0x20;
/// In the place of a file descriptor.
const NO_FILE: usize = usize::MAX;

/// Makes memory; the address.
pub(crate) fn map(length: usize, backing: Backing) -> Result<usize, Errno> {
    let (protection, flags, file) = match backing {
        Backing::Nothing => (PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, NO_FILE),
        Backing::File(file) => (PROT_READ, MAP_PRIVATE, file),
        Backing::Device(file) => (PROT_READ | PROT_WRITE, MAP_SHARED, file),
    };
    // SAFETY: the kernel chooses a place where nothing is.
    unsafe { call(number::MMAP, [0, length, protection, flags, file, 0]) }
}

/// Puts zeros in the place of memory: new pages, where there were others.
///
/// # Safety
/// [`map`] made it of [`Backing::Nothing`], it is whole pages, and nothing refers to what they hold.
pub(crate) unsafe fn renew(address: usize, length: usize) -> Result<(), Errno> {
    const FLAGS: usize = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    // Not MADV_DONTNEED: a small kernel is built without madvise.
    // SAFETY: the caller's duty.
    unsafe { call(number::MMAP, [address, length, PROT_READ | PROT_WRITE, FLAGS, NO_FILE, 0]) }.map(|_| ())
}

/// Moves memory to where other memory is, which goes.
///
/// # Safety
/// [`map`] made both, they are whole pages, and nothing refers to what the others hold, or to these where they were.
pub(crate) unsafe fn replace(address: usize, length: usize, by: usize) -> Result<(), Errno> {
    const FLAGS: usize = MREMAP_MAYMOVE | MREMAP_FIXED;
    // SAFETY: the caller's duty.
    unsafe { call(number::MREMAP, [by, length, length, FLAGS, address, 0]) }.map(|_| ())
}

/// Takes memory away.
///
/// # Safety
/// [`map`] made it, and nothing refers to it any more.
pub(crate) unsafe fn unmap(address: usize, length: usize) {
    // SAFETY: the caller's duty. It cannot fail for memory that was mapped whole.
    let _ = unsafe { call(number::MUNMAP, [address, length, 0, 0, 0, 0]) };
}

/// `struct sigaction` of the kernel (arch/powerpc/include/uapi/asm/signal.h).
#[repr(C)]
pub(crate) struct SigAction {
    pub(crate) handler: extern "C" fn(i32),
    pub(crate) flags: usize,
    pub(crate) restorer: usize,
    pub(crate) mask: SignalSet,
}

/// `sigset_t` of the kernel: a bit for each of 64 signals, in words of its own width.
pub(crate) type SignalSet = [usize; size_of::<u64>() / size_of::<usize>()];

const _: () = {
    let word = size_of::<usize>();
    assert!(core::mem::offset_of!(SigAction, mask) == 3 * word);
    assert!(size_of::<SigAction>() == 3 * word + size_of::<SignalSet>());
};

/// Sets what a signal does.
///
/// # Safety
/// The handler does only what may be done in one.
pub(crate) unsafe fn sigaction(signal: usize, action: &SigAction) {
    // SAFETY: the caller's duty; the kernel copies the structure. It fails only for numbers that are no signals.
    let _ = unsafe {
        call(number::RT_SIGACTION, [signal, core::ptr::from_ref(action) as usize, 0, size_of::<SignalSet>(), 0, 0])
    };
}

/// Lets every signal through, whatever this was started by has blocked.
pub(crate) fn unblock_signals() {
    // arch/powerpc/include/uapi/asm/signal.h
    const SIG_SETMASK: usize = 2;
    let none = SignalSet::default();
    // SAFETY: the kernel copies the set. It fails only for sets of another size.
    let _ = unsafe {
        call(
            number::RT_SIGPROCMASK,
            [SIG_SETMASK, core::ptr::from_ref(&none) as usize, 0, size_of::<SignalSet>(), 0, 0],
        )
    };
}

/// Starts a timer of real time that sends SIGALRM for the first time after so many microseconds, and then each time
/// after so many.
pub(crate) fn start_timer(first: u32, interval: u32) {
    const ITIMER_REAL: usize = 0;
    // Interval and first expiry, each in seconds and microseconds.
    let timer = [0, interval as usize, 0, first as usize];
    // SAFETY: the kernel copies the structure. It fails only for times that are none.
    let _ = unsafe { call(number::SETITIMER, [ITIMER_REAL, timer.as_ptr() as usize, 0, 0, 0, 0]) };
}
