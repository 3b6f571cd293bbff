//! What outlasts a run: counts of requests, and answers.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use linktrail::intel::{AnswerCache, Lookup, Period, QuotaStore, Rate};
use linktrail::journal::{Answer, Auth, NoAnswer, Request};

use super::provider;

fn request(name: &str, asked: &str) -> Request {
    match provider(name).look_up(asked) {
        Lookup::Send(request) => *request,
        other => panic!("{other:?}"),
    }
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn answer(status: u16, body: &str) -> Answer {
    Answer::Response {
        status,
        headers: BTreeMap::new(),
        body: body.to_owned(),
    }
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().build().unwrap()
}

const NOON: &str = "2026-11-30T12:00:00Z";

#[tokio::test]
async fn a_quota_is_counted_across_runs_until_its_period_ends() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state/linktrail/quotas.json");
    let month = Rate {
        count: 4,
        per: Period::Month,
    };
    let quotas = [Rate::day(3), month];
    let take = async |at: DateTime<Utc>| {
        let store = QuotaStore::new(Some(path.clone()));
        store.take(&request("virustotal", "x"), &quotas, at).await
    };
    let noon = at(NOON);
    for _ in 0..3 {
        take(noon).await.unwrap();
    }
    let refused = take(noon).await.unwrap_err();
    let refused = refused.to_string();
    assert!(refused.contains("3 requests a day"), "{refused}");
    // Refused requests count for nothing.
    take(noon).await.unwrap_err();
    // 1 December is another day and another month.
    for _ in 0..3 {
        take(noon + TimeDelta::hours(12)).await.unwrap();
    }
    take(noon + TimeDelta::hours(36)).await.unwrap();
    let refused = take(noon + TimeDelta::hours(36)).await.unwrap_err();
    let refused = refused.to_string();
    assert!(refused.contains("4 requests a month"), "{refused}");
    // What is over is forgotten, and no key stands there.
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(
        !text.contains("2026-11") && !text.contains("LINKTRAIL"),
        "{text}"
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    }
}

#[tokio::test]
async fn each_key_and_each_provider_has_its_own_quota() {
    let folder = tempfile::tempdir().unwrap();
    let store = QuotaStore::new(Some(folder.path().join("quotas.json")));
    let mut other = request("virustotal", "x");
    other.auth = Auth::Header("x-apikey", "another".to_owned().into());
    for request in [request("virustotal", "x"), request("otx", "x"), other] {
        let take = async || store.take(&request, &[Rate::day(1)], at(NOON)).await;
        take().await.unwrap();
        take().await.unwrap_err();
    }
}

#[test]
fn two_processes_together_stay_below_a_quota() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("quotas.json");
    let granted = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let store = QuotaStore::new(Some(path.clone()));
                let request = request("virustotal", "x");
                for _ in 0..20 {
                    let taken =
                        runtime().block_on(store.take(&request, &[Rate::day(50)], at(NOON)));
                    granted.fetch_add(usize::from(taken.is_ok()), Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(granted.into_inner(), 50);
}

#[tokio::test]
async fn a_file_of_counts_that_cannot_be_used_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("torn", "{\"counts\": {\"virus"),
        ("empty", ""),
        ("other", "[1, 2]"),
        ("text", "{\"counts\": {\"x\": \"many\"}}"),
        ("binary", "\u{0}\u{1}"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let take = async || {
            let store = QuotaStore::new(Some(path.clone()));
            let request = request("virustotal", "x");
            store.take(&request, &[Rate::day(1)], at(NOON)).await
        };
        take().await.unwrap();
        // It was made anew.
        take().await.unwrap_err();
    }
    // A folder in its place, a file where its folder should be: counted in memory.
    std::fs::create_dir(folder.path().join("folder")).unwrap();
    for path in ["folder", "torn/quotas.json"] {
        let store = QuotaStore::new(Some(folder.path().join(path)));
        let take = async || {
            let request = request("virustotal", "x");
            store.take(&request, &[Rate::day(1)], at(NOON)).await
        };
        take().await.unwrap();
        take().await.unwrap_err();
    }
}

#[test]
fn an_answer_is_kept_for_its_request_and_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let cache = AnswerCache::open(folder.path().to_owned(), TimeDelta::hours(1));
    let now = Utc::now();
    let (one, form) = (
        request("otx", "https://a.example/"),
        request("urlhaus", "https://a.example/"),
    );
    cache.put(&one, now, &answer(200, "{\"one\":1}"));
    cache.put(&form, now, &answer(404, ""));
    assert_eq!(
        cache.get_at(&one, now),
        Some((now, answer(200, "{\"one\":1}")))
    );
    assert_eq!(cache.get_at(&form, now), Some((now, answer(404, ""))));
    assert_eq!(
        cache.get_at(&request("otx", "https://b.example/"), now),
        None
    );
    assert_eq!(
        cache.get_at(&request("urlhaus", "https://b.example/"), now),
        None
    );
    assert_eq!(cache.get_at(&one, now + TimeDelta::hours(1)), None);
    assert_eq!(cache.get_at(&one, now - TimeDelta::seconds(1)), None);
    for failure in [
        answer(429, ""),
        answer(500, "{}"),
        answer(302, ""),
        Answer::Nothing(NoAnswer::Failed("no answer in time".to_owned())),
    ] {
        let other = request("otx", "https://c.example/");
        cache.put(&other, now, &failure);
        assert_eq!(cache.get_at(&other, now), None, "{failure:?}");
    }
    // No key is written.
    for file in files(folder.path()) {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(!text.contains("LINKTRAIL"), "{text}");
    }
}

#[test]
fn a_kept_answer_that_is_torn_or_anothers_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let cache = AnswerCache::open(folder.path().to_owned(), TimeDelta::hours(1));
    let now = Utc::now();
    let one = request("otx", "https://a.example/");
    cache.put(&one, now, &answer(200, "{}"));
    let [path] = files(folder.path()).try_into().unwrap();
    let whole = std::fs::read_to_string(&path).unwrap();
    for text in [
        String::new(),
        whole[..whole.len() / 2].to_owned(),
        "null".to_owned(),
        whole.replace("a.example", "b.example"),
        whole.replace("\"status\":200", "\"status\":500"),
        whole.replace("\"format\":1", "\"format\":2"),
        whole.replace("\"source\":\"otx\"", "\"source\":\"xforce\""),
        "\u{0}".repeat(100),
    ] {
        std::fs::write(&path, &text).unwrap();
        assert_eq!(cache.get_at(&one, now), None, "{text}");
    }
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert_eq!(cache.get_at(&one, now), None);
    cache.put(&one, now, &answer(200, "{}"));
    assert_eq!(cache.get_at(&one, now), None);
}

/// Opening a pipe that nobody writes to would wait for ever.
#[cfg(unix)]
#[tokio::test]
async fn a_pipe_in_the_place_of_a_file_is_not_waited_for() {
    let pipe = |path: &Path| {
        let made = std::process::Command::new("mkfifo").arg(path).status();
        assert!(made.unwrap().success());
    };
    let folder = tempfile::tempdir().unwrap();
    let cache = AnswerCache::open(folder.path().join("verdicts"), TimeDelta::hours(1));
    let one = request("otx", "https://a.example/");
    cache.put(&one, Utc::now(), &answer(200, "{}"));
    let [path] = files(folder.path()).try_into().unwrap();
    std::fs::remove_file(&path).unwrap();
    pipe(&path);
    assert_eq!(cache.get(&one), None);

    let path = folder.path().join("quotas.json");
    pipe(&path);
    let store = QuotaStore::new(Some(path));
    let take = async || {
        let request = request("virustotal", "x");
        store.take(&request, &[Rate::day(1)], at(NOON)).await
    };
    take().await.unwrap();
    take().await.unwrap_err();
}

#[tokio::test]
async fn counts_without_a_place_to_keep_them_hold_for_the_run() {
    let store = QuotaStore::new(None);
    let take = async || {
        let request = request("virustotal", "x");
        store.take(&request, &[Rate::day(1)], at(NOON)).await
    };
    take().await.unwrap();
    take().await.unwrap_err();
}

#[test]
fn what_is_too_old_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let one = request("otx", "https://a.example/");
    AnswerCache::open(folder.path().to_owned(), TimeDelta::hours(1)).put(
        &one,
        Utc::now(),
        &answer(200, "{}"),
    );
    assert_eq!(files(folder.path()).len(), 1);
    AnswerCache::open(folder.path().to_owned(), TimeDelta::hours(1));
    assert_eq!(files(folder.path()).len(), 1);
    AnswerCache::open(folder.path().to_owned(), TimeDelta::zero());
    assert!(files(folder.path()).is_empty());
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}
