use chrono::TimeDelta;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::journal::JournalWriter;

/// A service that answers each connection with the next of these statuses.
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
    let journal = Arc::new(Journal::from(
        JournalWriter::open(folder.path(), "case").unwrap(),
    ));
    let request = Request {
        deadline: Duration::from_secs(60),
        url: service(&[403, 200]).await,
        ..Request::file(Source::Provider("otx"), "").unwrap()
    };
    let client = || {
        let network = Network::new(None, None).unwrap();
        Client::new(Arc::clone(&journal), Some(network))
    };
    let run = client();
    for _ in 0..2 {
        let exchange = run.send(&request).await.unwrap();
        assert_eq!((exchange.record, exchange.status()), (1, Some(403)));
    }
    let exchange = client().send(&request).await.unwrap();
    assert_eq!((exchange.record, exchange.status()), (2, Some(200)));
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Arc::new(Journal::from(
        JournalWriter::open(folder.path(), "case").unwrap(),
    ));
    let request = |longest_answer, url| Request {
        longest_answer,
        ..Request::get(Source::Provider("otx"), url)
    };
    let client = Client::new(journal, Some(Network::new(None, None).unwrap()));
    let fits = request(2, service(&[200]).await);
    assert_eq!(client.send(&fits).await.unwrap().body(), "{}");
    let network = Network::new(None, None).unwrap();
    let cut = request(1, service(&[200]).await);
    let outgoing = network.prepare(&cut, None);
    let answer = transport::exchange(outgoing, cut.longest_answer).await;
    assert_eq!(
        answer,
        Answer::Nothing(NoAnswer::Failed(
            "the answer is longer than 1 bytes".to_owned()
        ))
    );
}

#[tokio::test]
async fn a_list_is_found_by_its_name_and_by_the_name_of_earlier_versions() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Arc::new(Journal::from(
        JournalWriter::open(folder.path(), "case").unwrap(),
    ));
    let client = Client::new(Arc::clone(&journal), None);
    let keep = |name: &str, text: &str| {
        let text = Some(text.to_owned()).filter(|text| !text.is_empty());
        client
            .keep(Source::File, name, text)
            .map(|kept| kept.record)
    };
    // Recorded by a version that did not distinguish the two names.
    assert_eq!(keep("a/l.csv", "one").unwrap(), 1);
    assert_eq!(keep("/a/l.csv", "").unwrap(), 1);
    assert_eq!(keep("/a/l.csv", "one").unwrap(), 1);
    assert_eq!(keep("/a/l.csv", "two").unwrap(), 2);
    assert_eq!(keep("a/l.csv", "").unwrap(), 1);
    assert_eq!(keep("/a/l.csv", "").unwrap(), 2);
    assert!(keep("/b.csv", "").is_err());
}

#[tokio::test]
async fn an_answer_is_never_replaced_by_none() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Arc::new(Journal::from(
        JournalWriter::open(folder.path(), "case").unwrap(),
    ));
    let request = Request {
        deadline: Duration::from_secs(60),
        url: service(&[200, 403, 404, 404]).await,
        ..Request::file(Source::Provider("otx"), "").unwrap()
    };
    let client = || {
        let network = Network::new(None, None).unwrap();
        Client::new(Arc::clone(&journal), Some(network))
    };
    let anew = async |client: &Client| client.send_anew(&request).await.unwrap();
    // The second run is refused, so that the answer of the first one stands. The third one gets a new answer, once, and the
    // fourth one the same again.
    assert_eq!(anew(&client()).await.record, 1);
    assert_eq!(anew(&client()).await.record, 1);
    let third = client();
    for _ in 0..2 {
        assert_eq!(anew(&third).await.record, 2);
        assert_eq!(third.counts()[&request.source].sent, 1);
    }
    assert_eq!(anew(&client()).await.record, 2);
    assert_eq!(anew(&client().offline()).await.record, 2);
}

#[tokio::test]
async fn an_answer_that_may_have_grown_is_asked_for_again_by_the_next_run() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Arc::new(Journal::from(
        JournalWriter::open(folder.path(), "case").unwrap(),
    ));
    let request = |final_from| Request {
        deadline: Duration::from_secs(60),
        final_from,
        ..Request::file(Source::LogAnalytics, "").unwrap()
    };
    let url = service(&[200, 200]).await;
    let client = || {
        let network = Network::new(None, None).unwrap();
        Client::new(Arc::clone(&journal), Some(network))
    };
    let ask = async |client: &Client, final_from| {
        let request = Request {
            url: url.clone(),
            ..request(Some(final_from))
        };
        client.send(&request).await.unwrap().record
    };
    let (past, future) = (
        Utc::now() - TimeDelta::hours(1),
        Utc::now() + TimeDelta::hours(1),
    );
    let first = client();
    assert_eq!(ask(&first, future).await, 1);
    assert_eq!(ask(&first, future).await, 1, "once in a run");
    assert_eq!(ask(&client(), past).await, 1, "final");
    assert_eq!(ask(&client(), future).await, 2);
    assert_eq!(ask(&client().offline(), future).await, 2);
}
