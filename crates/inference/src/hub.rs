//! Models of the Hugging Face Hub, in the same cache as Python's tools.

use std::path::PathBuf;

use hf_hub::api::sync::{ApiBuilder, ApiError, ApiRepo};
use hf_hub::{Cache, CacheRepo, Repo, RepoType};

/// Downloads model folders.
///
/// A model in the cache is used without contacting the network, so that it does not change
/// unexpectedly. A revision (`owner/name@revision`) selects another version.
#[derive(Debug, Clone)]
pub struct Hub {
    endpoint: String,
    cache: Cache,
    offline: bool,
}

/// Why a model could not be fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubError {
    /// The model is not in the cache, and the network must not be used.
    #[error("{model} is not in the cache {} and the network is not to be used (HF_HUB_OFFLINE)", cache.display())]
    Offline {
        /// The model.
        model: String,
        /// The cache folder.
        cache: PathBuf,
    },
    /// The endpoint does not respond, or refuses the request.
    #[error("{model} cannot be fetched from {endpoint}")]
    Fetch {
        /// The model.
        model: String,
        /// The endpoint.
        endpoint: String,
        /// The cause.
        #[source]
        source: Box<ApiError>,
    },
    /// The repository is not a model folder.
    #[error("{model} has no {missing}")]
    NoModel {
        /// The model.
        model: String,
        /// The missing file.
        missing: String,
    },
}

/// The files of a model. From each row, the first file that exists is needed.
const FILES: [&[&str]; 3] = [
    &["config.json"],
    &["model.safetensors", "pytorch_model.bin"],
    &["vocab.txt", "tokenizer.json"], // k-mer models may have both, and only the first holds DNA
];

impl Hub {
    /// The Hub with the cache, endpoint and offline mode from the environment: `HF_HOME`,
    /// `HF_ENDPOINT` and `HF_HUB_OFFLINE`.
    pub fn from_env() -> Self {
        let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let off = set("HF_HUB_OFFLINE").is_some_and(|value| value != "0");
        Self {
            endpoint: set("HF_ENDPOINT").unwrap_or_else(|| "https://huggingface.co".to_owned()),
            cache: Cache::from_env(),
            offline: off,
        }
    }

    /// The Hub at another address, with its own cache.
    pub fn new(endpoint: impl Into<String>, cache: impl Into<PathBuf>) -> Self {
        Self { endpoint: endpoint.into(), cache: Cache::new(cache.into()), offline: false }
    }

    /// The same Hub. If `offline` is true, the network is not used.
    #[must_use]
    pub fn offline(mut self, offline: bool) -> Self {
        self.offline = offline;
        self
    }

    /// The folder of `model`, `owner/name` or `owner/name@revision`. It is taken from the cache if
    /// it is complete there, else downloaded, with progress on standard error. An interrupted
    /// download continues where it stopped.
    ///
    /// # Errors
    ///
    /// [`HubError`] naming the model, and the endpoint or cache.
    pub fn fetch(&self, model: &str) -> Result<PathBuf, HubError> {
        let (name, revision) = model.split_once('@').unwrap_or((model, "main"));
        let repo = Repo::with_revision(name.to_owned(), RepoType::Model, revision.to_owned());
        let cached = self.cache.repo(repo.clone());
        if let Some(folder) = whole(&cached) {
            return Ok(folder);
        }
        if self.offline {
            let cache = self.cache.path().clone();
            return Err(HubError::Offline { model: model.to_owned(), cache });
        }
        let failed = |source| HubError::Fetch {
            model: model.to_owned(),
            endpoint: self.endpoint.clone(),
            source: Box::new(source),
        };
        let api = ApiBuilder::from_cache(self.cache.clone())
            .with_endpoint(self.endpoint.clone())
            .build()
            .map_err(failed)?;
        let api = api.repo(repo);
        download(&api).map_err(failed)?;
        whole(&cached).ok_or_else(|| {
            let absent = FILES.iter().find(|row| present(&cached, row).is_none());
            HubError::NoModel {
                model: model.to_owned(),
                missing: absent.map_or_else(String::new, |row| row.join(" or ")),
            }
        })
    }
}

/// The folder in the cache, if no file is missing.
fn whole(cached: &CacheRepo) -> Option<PathBuf> {
    let files: Option<Vec<PathBuf>> = FILES.iter().map(|row| present(cached, row)).collect();
    Some(files?.first()?.parent()?.to_owned())
}

fn present(cached: &CacheRepo, row: &[&str]) -> Option<PathBuf> {
    row.iter().find_map(|file| cached.get(file))
}

fn download(api: &ApiRepo) -> Result<(), ApiError> {
    let there: Vec<String> = api.info()?.siblings.into_iter().map(|file| file.rfilename).collect();
    for row in FILES {
        if let Some(file) = row.iter().find(|file| there.iter().any(|name| name == *file)) {
            api.get(file)?;
        }
    }
    Ok(())
}
