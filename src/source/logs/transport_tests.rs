#![allow(clippy::unwrap_used)]

use std::sync::Mutex;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::http::Network;
use crate::journal::{Journal, JournalWriter};
use crate::model::parse_time;
use crate::source::logs::{Logs, Why};

/// A workspace that answers each slice by its length, and the slices that it was asked for.
#[derive(Clone, Default)]
struct Workspace(Arc<Mutex<Vec<Window>>>);

/// What a workspace answers: a status and a body.
type Answers = fn(TimeDelta) -> (u16, Value);

fn window(hours: i64) -> Window {
    let from = parse_time("2026-10-01T00:00:00Z").unwrap();
    Window {
        from,
        to: from + TimeDelta::hours(hours),
    }
}

fn whole(text: &str) -> Value {
    json!({"tables": [{"name": "PrimaryResult", "columns": [{"name": "url"}], "rows": [[text]]}]})
}

fn too_large() -> (u16, Value) {
    let mut body = whole("cut");
    body["error"] = json!({"code": "PartialError", "details": [{"innererror": {"code": "-2133196797", "message": "size"}}]});
    (200, body)
}

impl Workspace {
    fn asked(&self) -> Vec<Window> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    async fn serve(&self, answers: Answers) -> Url {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::clone(&self.0);
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let asked = Arc::clone(&asked);
                tokio::spawn(async move {
                    let mut request = Vec::new();
                    let mut part = [0; 4096];
                    // The body ends with the time span.
                    while !request.ends_with(b"\"}") {
                        let read = stream.read(&mut part).await.unwrap();
                        request.extend_from_slice(&part[..read]);
                    }
                    let request = String::from_utf8(request).unwrap();
                    let bound = |name: &str| {
                        let (_, rest) = request
                            .split_once(&format!("let {name} = datetime("))
                            .unwrap();
                        parse_time(rest.split_once(')').unwrap().0).unwrap()
                    };
                    let slice = Window {
                        from: bound("slice_from"),
                        to: bound("slice_to"),
                    };
                    asked.lock().unwrap().push(slice);
                    let (status, body) = answers(slice.to - slice.from);
                    let body = body.to_string();
                    let answer = format!(
                        "HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                        body.len()
                    );
                    stream.write_all(answer.as_bytes()).await.unwrap();
                });
            }
        });
        Url::parse(&format!("http://{address}/")).unwrap()
    }
}

/// A workspace and a journal. The address, which belongs to the key of a record, stays when the answers change.
struct Lab {
    journal: Arc<Journal>,
    _folder: tempfile::TempDir,
    workspace: Workspace,
    url: Url,
}

impl Lab {
    async fn new(answers: Answers) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let writer = JournalWriter::open(folder.path(), "case").unwrap();
        let workspace = Workspace::default();
        Self {
            journal: Arc::new(Journal::from(writer)),
            _folder: folder,
            url: workspace.serve(answers).await,
            workspace,
        }
    }

    /// Runs a query as a load of its own, and returns it with the number of slices that were asked for.
    async fn load(&self, query: Query, hours: i64, most_time: Duration) -> (Rows, usize) {
        let network = Network::new(None, None).unwrap();
        let client = Client::new(Arc::clone(&self.journal), Some(network));
        let rows = self.run(client, query, hours, most_time).await;
        (rows, self.workspace.asked().len())
    }

    /// Runs a query without a network.
    async fn replay(&self, query: Query, hours: i64) -> Rows {
        let client = Client::new(Arc::clone(&self.journal), None);
        self.run(client, query, hours, MOST_TIME).await
    }

    async fn run(&self, client: Client, query: Query, hours: i64, most_time: Duration) -> Rows {
        let workspace = Transport {
            most_time,
            auth: Auth::None,
            ..Transport::workspace(Arc::new(client), &self.url, "w")
        };
        let logs = Logs::at(vec![workspace]);
        logs.query(query, window(hours)).await.unwrap()
    }
}

fn texts(rows: &Rows) -> (Vec<&str>, Vec<String>) {
    let cells = rows.rows.iter().map(|row| row.text("url")).collect();
    (
        cells,
        rows.problems.iter().map(ToString::to_string).collect(),
    )
}

#[tokio::test]
async fn what_is_too_large_is_halved_until_it_fits() {
    let lab = Lab::new(|span| match span > TimeDelta::hours(3) {
        true => too_large(),
        false => (200, whole("row")),
    })
    .await;
    let (rows, asked) = lab.load(Query::UrlClicks, 12, MOST_TIME).await;
    assert_eq!((rows.rows.len(), rows.problems.len(), asked), (4, 0, 7));
    assert_eq!(rows.answers.len(), 7);
    let replayed = lab.replay(Query::UrlClicks, 12).await;
    assert_eq!(texts(&replayed), texts(&rows));
    assert_eq!(replayed.answers, rows.answers);
}

#[tokio::test]
async fn what_is_always_too_large_ends_with_a_budget_of_queries() {
    let lab = Lab::new(|_| too_large()).await;
    let (rows, asked) = lab.load(Query::UrlClicks, 24 * 30, MOST_TIME).await;
    assert_eq!(asked, 63, "{MOST_QUERIES} would be half a pair");
    assert_eq!(rows.rows.len(), 32, "the rows that came are kept");
    let problem = "url_clicks: more than 63 answers can hold (-2133196797: size); read in full: nothing; the rows that came are kept";
    assert_eq!(texts(&rows).1, [problem]);
    assert_eq!(
        texts(&lab.replay(Query::UrlClicks, 24 * 30).await),
        texts(&rows)
    );
    // It is final.
    assert_eq!(lab.load(Query::UrlClicks, 24 * 30, MOST_TIME).await.1, 0);
}

#[tokio::test]
async fn what_is_joined_by_the_hour_is_halved_on_whole_hours() {
    let lab = Lab::new(|_| too_large()).await;
    let (rows, asked) = lab.load(Query::ProxyHosts, 3, MOST_TIME).await;
    assert_eq!((asked, rows.rows.len()), (5, 3));
}

#[tokio::test]
async fn what_is_too_heavy_at_two_depths_is_given_up_and_asked_for_again_later() {
    let lab = Lab::new(|_| {
        (
            504,
            json!({"error": {"code": "GatewayTimeout", "message": "long"}}),
        )
    })
    .await;
    let (rows, asked) = lab.load(Query::UrlClicks, 24, MOST_TIME).await;
    assert_eq!(asked, 3);
    let problem =
        "url_clicks: too heavy for the service (GatewayTimeout: long); read in full: nothing";
    assert_eq!(texts(&rows), (vec![], vec![problem.to_owned()]));
    assert_eq!(texts(&lab.replay(Query::UrlClicks, 24).await), texts(&rows));
    // The whole is known to be too heavy; its halves may be lighter another time.
    assert_eq!(lab.load(Query::UrlClicks, 24, MOST_TIME).await.1, 2);
}

#[tokio::test]
async fn what_came_of_a_heavy_query_is_said() {
    let lab = Lab::new(|span| match span > TimeDelta::hours(12) {
        true => too_large(),
        false if span > TimeDelta::hours(6) => (504, Value::Null),
        false => (200, whole("row")),
    })
    .await;
    let (rows, asked) = lab.load(Query::UrlClicks, 24, MOST_TIME).await;
    assert_eq!((asked, rows.rows.len(), rows.problems.len()), (7, 4, 0));
    let lab = Lab::new(|span| match span.num_hours() {
        24 => too_large(),
        12 => (200, whole("row")),
        _ => (504, Value::Null),
    })
    .await;
    assert_eq!(
        lab.load(Query::UrlClicks, 24, MOST_TIME).await.0.problems,
        []
    );
    let pieces = [(0, 6, true), (6, 12, true), (12, 18, false), (18, 24, true)];
    let pieces: Vec<Piece> = pieces
        .map(|(from, to, is_whole)| Piece {
            slice: Slice::whole(Window {
                from: window(from).to,
                to: window(to).to,
            }),
            record: 1,
            at: DateTime::UNIX_EPOCH,
            end: match is_whole {
                true => End::Whole,
                false => End::TooHeavy("w".to_owned()),
            },
        })
        .into();
    let problems = slices::problems(Place::Workspace, Query::UrlClicks, 7, &pieces);
    let read = "2026-10-01T00:00:00Z to 2026-10-01T12:00:00Z, 2026-10-01T18:00:00Z to 2026-10-02T00:00:00Z";
    let Why::TooHeavy { read: told, .. } = &problems[0].why else {
        panic!("{problems:?}")
    };
    assert_eq!(told, read);
}

#[tokio::test]
async fn when_the_minutes_are_over_the_rest_is_sent_by_the_next_load() {
    let lab = Lab::new(|span| match span > TimeDelta::hours(12) {
        true => too_large(),
        false => (200, whole("row")),
    })
    .await;
    let (rows, asked) = lab.load(Query::UrlClicks, 24, Duration::ZERO).await;
    let problem =
        "url_clicks: 0 minutes were not enough; read in full: nothing; run again to go on";
    assert_eq!(
        (asked, texts(&rows)),
        (1, (vec![], vec![problem.to_owned()]))
    );
    // A replay has all the time, and the same result.
    assert_eq!(texts(&lab.replay(Query::UrlClicks, 24).await), texts(&rows));
    let (rows, asked) = lab.load(Query::UrlClicks, 24, MOST_TIME).await;
    assert_eq!((asked, texts(&rows)), (2, (vec!["row", "row"], vec![])));
}

#[tokio::test]
async fn what_is_broken_is_asked_for_once_a_load_and_its_rows_are_kept() {
    let lab = Lab::new(|_| {
        let mut body = whole("row");
        body["error"] = json!({"code": "PartialError", "message": "a shard is lost"});
        (200, body)
    })
    .await;
    for _ in 0..2 {
        let (rows, asked) = lab.load(Query::UrlClicks, 24, MOST_TIME).await;
        let problem =
            "url_clicks: the service gave a part of the rows only (PartialError: a shard is lost)";
        assert_eq!(
            (asked, texts(&rows)),
            (1, (vec!["row"], vec![problem.to_owned()]))
        );
    }
}

#[tokio::test]
async fn what_is_absent_for_a_part_of_the_time_only_is_not_asked_for_elsewhere() {
    let lab = Lab::new(|span| match span.num_hours() {
        3 => too_large(),
        1 => (200, whole("row")),
        _ => {
            let message = "Failed to resolve table or column expression named 'DeviceNetworkInfo'";
            let inner = json!({"code": "SEM0100", "message": message});
            let error = json!({"code": "BadArgumentError", "message": "", "innererror": inner});
            (400, json!({ "error": error }))
        }
    })
    .await;
    let network = Network::new(None, None).unwrap();
    let client = Arc::new(Client::new(Arc::clone(&lab.journal), Some(network)));
    let place = |of: Transport| Transport {
        auth: Auth::None,
        ..of
    };
    let logs = Logs::at(vec![
        place(Transport::workspace(Arc::clone(&client), &lab.url, "w")),
        place(Transport::hunting(Arc::clone(&client), &lab.url)),
    ]);
    let rows = logs.query(Query::ProxyHosts, window(3)).await.unwrap();
    assert_eq!((lab.workspace.asked().len(), rows.rows.len()), (3, 1));
    assert_eq!(rows.place, Place::Workspace);
    assert!(
        matches!(&rows.problems[..], [problem] if problem.is_absence()),
        "{:?}",
        rows.problems
    );
}
