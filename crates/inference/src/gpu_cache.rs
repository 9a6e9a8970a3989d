//! What burn's GPU runtime keeps on disk: the kernels that were the fastest for each shape, and their
//! compiled code.

use std::path::PathBuf;
use std::sync::Once;

use cubecl::config::CubeClRuntimeConfig;
use cubecl::config::RuntimeConfig as _;
use cubecl::config::cache::CacheConfig;
use cubecl::environment;

/// Turns the cache of compiled kernels on, and puts all caches in the folder for caches of the user.
/// By default the code is not kept, and the rest lies beside the nearest `Cargo.toml`.
///
/// All other settings of a `cubecl.toml` or `burn.toml` are kept, and so is another place in it. Does
/// nothing if the program has set up the runtime already.
pub(crate) fn keep() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let mut config = CubeClRuntimeConfig::from_current_dir().override_from_env();
        config.compilation.cache = true;
        if matches!(config.environment.path, CacheConfig::Target) {
            config.environment.path = CacheConfig::Global;
        }
        CubeClRuntimeConfig::try_set(config);
    });
}

/// A part of the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachePart {
    /// Its name in burn's runtime, with the version of the runtime and the kind of device.
    pub name: String,
    /// Number of entries: tuned shapes, or compiled kernels.
    pub entries: u64,
    /// Bytes of all entries.
    pub bytes: u64,
}

/// The file that caches of the GPU runtime are in, and its parts.
///
/// ```no_run
/// let (file, parts) = dnabert_inference::backend::gpu_cache();
/// println!("{}: {} parts", file.display(), parts.len());
/// ```
pub fn gpu_cache() -> (PathBuf, Vec<CachePart>) {
    keep();
    let parts = environment::namespaces().into_iter().map(|part| CachePart {
        name: part.namespace,
        entries: part.entries,
        bytes: part.bytes,
    });
    (environment::path(), parts.collect())
}
