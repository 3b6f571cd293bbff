//! Pages and their nextLinks: opaque, absolute, on the service's own origin, good only as given.

use crate::exchange::Service;
use crate::service::State;
use base64::Engine as _;
use std::hash::{Hash, Hasher};
use std::sync::atomic::Ordering;

/// What a nextLink continues.
#[derive(Clone, Debug)]
pub(crate) struct Promise {
    /// The decoded path of the first request.
    pub segments: Vec<String>,
    /// The query options of the first request.
    pub pairs: Vec<(String, String)>,
    /// Items given so far.
    pub offset: usize,
    /// Pages given so far.
    pub page: usize,
    /// The tokens that had run out when it was given.
    pub epoch: usize,
}

/// How many items the page after `promise` holds, of `left`. With ragged pages the second page of a
/// list is empty and others are short, which Graph allows and clients forget.
pub(crate) fn size(state: &State, promise: &Promise, top: usize, left: usize) -> usize {
    let top = state
        .options
        .page_limit
        .map_or(top, |limit| limit.min(top))
        .max(1);
    if left <= top && promise.page == 0 {
        return left;
    }
    let size = match (state.options.ragged_pages, promise.page) {
        (true, 1) => 0,
        (true, page) if page % 3 == 2 => top.saturating_sub(1).max(1),
        _ => top,
    };
    size.min(left)
}

/// Makes the nextLink that continues `promise`, spelt by `path` (which stands behind `/v1.0`).
pub(crate) fn next_link(
    state: &State,
    path: &str,
    top: usize,
    extra: &str,
    mut promise: Promise,
) -> String {
    promise.epoch = state.epoch.load(Ordering::SeqCst);
    let mut hasher = std::hash::DefaultHasher::new();
    let identity = (
        path,
        extra,
        promise.offset,
        promise.page,
        promise.epoch,
        top,
    );
    identity.hash(&mut hasher);
    let token = base64::engine::general_purpose::STANDARD
        .encode(format!("3e2d|{:016x}|{}", hasher.finish(), promise.page))
        .replace('=', "%3d")
        .replace('+', "%2b")
        .replace('/', "%2f");
    let target = format!("/v1.0{path}?$top={top}&$skiptoken={token}{extra}");
    let mut pages = state
        .pages
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    pages.insert(target.clone(), promise);
    format!("{}{target}", state.origins[&Service::Graph])
}

/// True when the token of a promise has run out.
pub(crate) fn has_run_out(state: &State, promise: &Promise) -> bool {
    promise.epoch < state.epoch.load(Ordering::SeqCst)
}

/// The promise behind a request that carries a `$skiptoken`.
pub(crate) fn promised(state: &State, target: &str) -> Option<Promise> {
    let pages = state
        .pages
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    pages.get(target).cloned()
}
