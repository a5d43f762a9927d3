//! What a process costs: the processor's time, the most memory, and the time on the clock.

use std::{
    fs, io,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

/// What one run took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// Seconds of all processors, the system's included.
    pub(crate) cpu: f64,
    /// Seconds on the clock.
    pub(crate) wall: f64,
    /// MiB at most.
    pub(crate) peak: f64,
    pub(crate) exit: i32,
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> io::Result<Cost> {
    let begin = Instant::now();
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let peak = watch(&child)?;
    let wall = begin.elapsed().as_secs_f64();
    // It has ended and was not waited for yet: the system still knows what it took.
    let cpu = ticks(child.id())?;
    let exit = child.wait()?.code().unwrap_or(-1);
    Ok(Cost { cpu, wall, peak, exit })
}

/// Waits for the end; the most memory on the way.
fn watch(child: &Child) -> io::Result<f64> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::Other)?;
    let mut peak = 0.0_f64;
    let mut pause = Duration::from_micros(500);
    loop {
        peak = peak.max(memory(child.id(), "VmHWM:"));
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        if waitid(WaitId::Pid(pid), options)?.is_some() {
            return Ok(peak);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(5));
    }
}

/// MiB of a process, now (`VmRSS:`) or at most so far (`VmHWM:`).
pub(crate) fn memory(pid: u32, what: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(what));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.unwrap_or_default() / 1024.0
}

/// Seconds of processor time, in steps of a hundredth.
pub(crate) fn ticks(pid: u32) -> io::Result<f64> {
    let stat = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat"))?;
    let fields = stat
        .rsplit_once(')')
        .map(|(_, rest)| rest.split_whitespace())
        .ok_or(io::ErrorKind::InvalidData)?;
    // utime and stime are the 14th and 15th field of the line; the second has been cut off here.
    Ok(fields.skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / 100.0)
}

/// The value in the middle.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
