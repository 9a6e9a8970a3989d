//! The one switch.

use std::sync::atomic::{AtomicU8, Ordering};

const UNASKED: u8 = 0;
const ON: u8 = 1;
const OFF: u8 = 2;

static SETTING: AtomicU8 = AtomicU8::new(UNASKED);

/// Whether networks are to use these kernels: yes, unless the environment variable `DNABERT_KERNELS` was `off` when
/// this was asked first, or [`set_enabled`] said otherwise.
pub fn is_enabled() -> bool {
    match SETTING.load(Ordering::Relaxed) {
        UNASKED => {
            let is_on = std::env::var_os("DNABERT_KERNELS").is_none_or(|value| value != "off");
            // Whoever was quicker has said what is to be.
            let wanted = if is_on { ON } else { OFF };
            let relaxed = Ordering::Relaxed;
            let set = SETTING.compare_exchange(UNASKED, wanted, relaxed, relaxed);
            set.err().unwrap_or(wanted) == ON
        }
        setting => setting == ON,
    }
}

/// Switches the kernels on or off, for the whole program.
pub fn set_enabled(is_on: bool) {
    SETTING.store(if is_on { ON } else { OFF }, Ordering::Relaxed);
}
