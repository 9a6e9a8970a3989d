//! The setting that switches the kernels on or off.

use std::sync::atomic::{AtomicU8, Ordering};

const UNSET: u8 = 0;
const ON: u8 = 1;
const OFF: u8 = 2;

static SETTING: AtomicU8 = AtomicU8::new(UNSET);

/// Whether networks should use these kernels.
///
/// The default is true, unless the environment variable `DNABERT_KERNELS` is `off` at the first
/// call. [`set_enabled`] overrides both.
pub fn is_enabled() -> bool {
    match SETTING.load(Ordering::Relaxed) {
        UNSET => {
            let is_on = std::env::var_os("DNABERT_KERNELS").is_none_or(|value| value != "off");
            // Another thread may have initialised the setting first; its value then holds.
            let wanted = if is_on { ON } else { OFF };
            let relaxed = Ordering::Relaxed;
            let set = SETTING.compare_exchange(UNSET, wanted, relaxed, relaxed);
            set.err().unwrap_or(wanted) == ON
        }
        setting => setting == ON,
    }
}

/// Switches the kernels on or off for the whole program.
pub fn set_enabled(is_on: bool) {
    SETTING.store(if is_on { ON } else { OFF }, Ordering::Relaxed);
}
