//! What the system knows of the process's memory.

/// The memory that is in use when the first step begins. The system's record of the peak starts again here.
pub(crate) struct MemoryBefore(Option<[f64; 2]>);

impl MemoryBefore {
    pub(crate) fn steps() -> Self {
        let reset = std::fs::write("/proc/self/clear_refs", "5").ok();
        MemoryBefore(reset.and_then(|()| Some([status_mb("VmRSS:")?, status_mb("RssFile:")?])))
    }

    /// By how much the peak has exceeded it, without code that was read from its file meanwhile.
    pub(crate) fn exceeded_by(&self) -> Option<f64> {
        let [all, code] = self.0?;
        Some(status_mb("VmHWM:")? - all - (status_mb("RssFile:")? - code))
    }
}

pub(crate) fn status_mb(name: &str) -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kb| kb / 1024.0)
}
