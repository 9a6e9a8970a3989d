//! Which instructions there are.

/// Instructions beyond the baseline that kernels are compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Level {
    /// Those that every processor of the target has.
    Portable,
    /// AVX2 and FMA.
    Avx2,
    /// AVX-512 (F, VL, DQ and BW) and FMA.
    Avx512,
}

impl Level {
    /// The highest that this processor has.
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

    /// All that this processor has, the highest last.
    pub fn available() -> Vec<Self> {
        let all = [Self::Portable, Self::Avx2, Self::Avx512];
        all.into_iter().filter(|level| *level <= Self::detected()).collect()
    }
}

/// Makes a function of `level` and its arguments from one body, which is compiled once for each level and takes an
/// [`Arithmetic`](crate::math::Arithmetic) as its first type parameter.
macro_rules! for_each_level {
    ($(#[$meta:meta])* $visibility:vis fn $name:ident($($argument:ident: $type:ty),* $(,)?) = $body:ident) => {
        $(#[$meta])*
        #[allow(unsafe_code, reason = "functions for instructions that were found at run time")]
        #[allow(clippy::too_many_arguments, reason = "those of the body")]
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
                    // SAFETY: the processor has these instructions: no level is above the detected one.
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
