//! The instruction sets that kernels are compiled for.

/// An instruction set that kernels are compiled for; a higher level includes the lower ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Level {
    /// The instructions that every processor of the target has.
    Portable,
    /// AVX2 and FMA.
    Avx2,
    /// AVX-512 (F, VL, DQ and BW) and FMA.
    Avx512,
}

impl Level {
    /// The highest level of this processor.
    pub fn detected() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            let has_fma = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            let has_512 = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512bw");
            if has_fma && has_512 {
                return Self::Avx512;
            }
            if has_fma {
                return Self::Avx2;
            }
        }
        Self::Portable
    }

    /// All levels of this processor, in ascending order.
    pub fn available() -> Vec<Self> {
        let all = [Self::Portable, Self::Avx2, Self::Avx512];
        all.into_iter().filter(|level| *level <= Self::detected()).collect()
    }
}

/// Defines a function that takes a `level` before its other arguments. Its body is compiled once
/// for each level, and takes an [`Arithmetic`](crate::math::Arithmetic) as its first type
/// parameter.
macro_rules! for_each_level {
    ($(#[$meta:meta])* $visibility:vis fn $name:ident($($argument:ident: $type:ty),* $(,)?) = $body:ident) => {
        $(#[$meta])*
        #[allow(unsafe_code, reason = "calls functions for instruction sets detected at run time")]
        #[allow(clippy::too_many_arguments, reason = "the body has these arguments")]
        $visibility fn $name(level: $crate::Level, $($argument: $type),*) {
            #[cfg(target_arch = "x86_64")]
            {
                use $crate::math::Fused;

                #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
                fn with_avx512($($argument: $type),*) {
                    $body::<Fused>($($argument),*);
                }

                #[target_feature(enable = "avx2,fma")]
                fn with_avx2($($argument: $type),*) {
                    $body::<Fused>($($argument),*);
                }

                let level = level.min($crate::Level::detected());
                match level {
                    // SAFETY: the level is at most the detected one, so the processor has these
                    // instructions.
                    $crate::Level::Avx512 => return unsafe { with_avx512($($argument),*) },
                    // SAFETY: as above.
                    $crate::Level::Avx2 => return unsafe { with_avx2($($argument),*) },
                    $crate::Level::Portable => (),
                }
            }
            let _ = level;
            $body::<$crate::math::Baseline>($($argument),*);
        }
    };
}

pub(crate) use for_each_level;
