//! Downloads from a small server of our own: files, cache, offline mode, and what is said of
//! failures.
#![cfg(feature = "hub")]
#![allow(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dnabert::Model;
use dnabert::hub::{Hub, HubError};

/// Serves the folder `files` as repository `owner/name`; counts the requests.
fn serve(files: &Path) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(AtomicUsize::new(0));
    let (files, counted) = (files.to_owned(), Arc::clone(&requests));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let first = lines.next().unwrap().unwrap();
            let mut range = None;
            for line in lines.map(Result::unwrap).take_while(|line| !line.is_empty()) {
                let line = line.to_ascii_lowercase();
                if let Some(bytes) = line.strip_prefix("range: bytes=") {
                    let (start, end) = bytes.split_once('-').unwrap();
                    range = Some((start.parse().unwrap(), end.parse::<usize>().ok()));
                }
            }
            counted.fetch_add(1, Ordering::SeqCst);
            let path = first.split(' ').nth(1).unwrap();
            stream.write_all(&answer(&files, path, range)).unwrap();
        }
    });
    (endpoint, requests)
}

fn answer(files: &Path, path: &str, range: Option<(usize, Option<usize>)>) -> Vec<u8> {
    let head = |status: &str, more: &str, body: &[u8]| {
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{more}\r\n"
        );
        [head.as_bytes(), body].concat()
    };
    if path.starts_with("/api/models/owner/name") {
        let names: Vec<String> = fs::read_dir(files)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .map(|name| format!(r#"{{"rfilename": "{name}"}}"#))
            .collect();
        let body = format!(r#"{{"sha": "abc", "siblings": [{}]}}"#, names.join(","));
        return head("200 OK", "", body.as_bytes());
    }
    let name = path.rsplit('/').next().unwrap();
    let Some(content) = path
        .starts_with("/owner/name/resolve/main/")
        .then(|| fs::read(files.join(name)).ok())
        .flatten()
    else {
        return head("404 Not Found", "", b"");
    };
    let (start, end) = range.unwrap_or((0, None));
    let end = end.unwrap_or(content.len() - 1);
    let more = format!(
        "ETag: \"{name}\"\r\nX-Repo-Commit: abc\r\nContent-Range: bytes {start}-{end}/{}\r\n",
        content.len()
    );
    head("206 Partial Content", &more, &content[start..=end])
}

fn model() -> tempfile::TempDir {
    let oracle = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/oracle/models/k3_cls");
    let folder = tempfile::tempdir().unwrap();
    for file in ["config.json", "model.safetensors"] {
        fs::copy(oracle.join(file), folder.path().join(file)).unwrap();
    }
    dnabert::kmer::Vocabulary::new(3).unwrap().write(folder.path().join("vocab.txt")).unwrap();
    // Python's fast tokenizers write such a file beside vocab.txt; it holds no k-mer tokenizer.
    fs::write(folder.path().join("tokenizer.json"), "{}").unwrap();
    folder
}

#[test]
fn a_model_is_fetched_once_and_works_offline() {
    let (files, cache) = (model(), tempfile::tempdir().unwrap());
    let (endpoint, requests) = serve(files.path());
    let hub = Hub::new(endpoint, cache.path());
    let error = hub.clone().offline(true).fetch("owner/name").unwrap_err();
    assert!(matches!(error, HubError::Offline { .. }), "{error}");

    let folder = hub.fetch("owner/name").unwrap();
    Model::open(&folder, &dnabert::device(None).unwrap())
        .and_then(|model| model.predictor())
        .unwrap();
    let asked = requests.load(Ordering::SeqCst);
    assert_eq!(hub.offline(true).fetch("owner/name").unwrap(), folder);
    assert_eq!(requests.load(Ordering::SeqCst), asked);
}

#[test]
fn failures_name_model_and_place() {
    let (files, cache) = (model(), tempfile::tempdir().unwrap());
    fs::remove_file(files.path().join("model.safetensors")).unwrap();
    let (endpoint, _) = serve(files.path());
    let hub = Hub::new(endpoint, cache.path());
    let error = hub.fetch("owner/name").unwrap_err().to_string();
    assert_eq!(error, "owner/name has no model.safetensors or pytorch_model.bin");
    let error = hub.fetch("owner/other").unwrap_err();
    assert!(matches!(error, HubError::Fetch { .. }), "{error}");
    // Port 9 discards; nothing listens there.
    let error = Hub::new("http://127.0.0.1:9", cache.path()).fetch("owner/name2").unwrap_err();
    assert!(error.to_string().contains("http://127.0.0.1:9"), "{error}");
}
