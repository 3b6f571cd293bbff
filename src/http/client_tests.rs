use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

fn response(status: u16, retry_after: Option<&str>) -> Answer {
    let headers = retry_after.map(|text| ("retry-after".to_owned(), text.to_owned()));
    Answer::Response {
        status,
        headers: headers.into_iter().collect(),
        body: String::new(),
    }
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let now = DateTime::parse_from_rfc3339("2026-11-24T10:00:00Z")
        .unwrap()
        .to_utc();
    assert_eq!(retry_after("7", now), Some(Duration::from_secs(7)));
    assert_eq!(
        retry_after("Tue, 24 Nov 2026 10:00:30 GMT", now),
        Some(Duration::from_secs(30))
    );
    assert_eq!(
        retry_after("Tue, 24 Nov 2026 09:00:00 GMT", now),
        Some(Duration::ZERO)
    );
    assert_eq!(retry_after("-1", now), None);
    assert_eq!(retry_after("soon", now), None);
}

#[test]
fn only_answers_that_are_none_are_asked_again() {
    for status in [408, 429, 500, 502, 503, 504] {
        assert!(pause(&response(status, None), 1).is_some(), "{status}");
    }
    for status in [200, 204, 301, 400, 401, 402, 403, 404, 501] {
        assert_eq!(pause(&response(status, None), 1), None, "{status}");
    }
    assert_eq!(
        pause(&response(429, Some("3")), 50),
        Some(Duration::from_secs(3))
    );
    assert_eq!(pause(&response(503, None), ATTEMPTS), None);
    assert_eq!(pause(&Answer::Nothing(String::new()), ATTEMPTS), None);
}

#[test]
fn pauses_are_random_and_bounded() {
    for attempt in 1..40 {
        let pause = pause(&response(429, None), attempt).unwrap();
        assert!(pause <= LONGEST_PAUSE && pause > Duration::ZERO);
    }
}

/// Answers every connection with one of these statuses, one after the other.
async fn service(statuses: &'static [u16]) -> url::Url {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for status in statuses {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await.unwrap();
            let answer = format!(
                "HTTP/1.1 {status} x\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}"
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    url::Url::parse(&format!("http://{address}/")).unwrap()
}

#[tokio::test]
async fn what_failed_is_asked_again_by_the_next_run_and_not_by_this_one() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Arc::new(Journal::open(folder.path(), "case").unwrap());
    let request = Request {
        deadline: Duration::from_secs(60),
        url: service(&[403, 200]).await,
        ..Request::file("otx", "").unwrap()
    };
    let client = || {
        let network = Network::new(None, None).unwrap();
        Client::new(Arc::clone(&journal), Some(network))
    };
    let down = |exchange: &Exchange| exchange.status() != Some(200);
    let run = client();
    for _ in 0..2 {
        let exchange = run.send(&request).await.unwrap();
        assert_eq!((exchange.record, exchange.status()), (1, Some(403)));
        let exchange = run.send_if(&request, &|| Ok(()), down).await.unwrap();
        assert_eq!(exchange.record, 1);
    }
    let exchange = client().send(&request).await.unwrap();
    assert_eq!((exchange.record, exchange.status()), (2, Some(200)));
}
