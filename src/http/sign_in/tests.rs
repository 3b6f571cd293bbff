use tokio::io::{AsyncReadExt, AsyncWriteExt};
use url::Url;

use super::*;

const TOKEN: (u16, &str) = (
    200,
    r#"{"token_type":"Bearer","expires_in":3599,"access_token":"t"}"#,
);

/// Entra, which answers each request with the next of these, and then with the last for ever.
async fn entra(answers: &'static [(u16, &'static str)], patience: Duration) -> Arc<Tokens> {
    let audiences = vec![Audience::Graph, Audience::LogAnalytics];
    entra_for(audiences, answers, patience).await
}

async fn entra_for(
    audiences: Vec<Audience>,
    answers: &'static [(u16, &'static str)],
    patience: Duration,
) -> Arc<Tokens> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for at in 0.. {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (status, body) = answers[at.min(answers.len() - 1)];
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await.unwrap();
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    let sign_in = SignIn {
        method: Method::ClientSecret {
            client_id: "client".to_owned(),
            secret: "hush".to_owned().into(),
        },
        authority: "https://login.example",
        tenant: "11111111-2222-3333-4444-555555555555".to_owned(),
        login: Url::parse(&format!("http://{address}/")).unwrap(),
        graph_audience: "https://graph.example",
        log_analytics_audience: "https://logs.example",
        audiences,
        patience,
    };
    Arc::new(Tokens::new(sign_in, reqwest::Client::new()))
}

async fn refused(tokens: &Tokens, source: Source, token: &Token) -> Refused {
    tokens
        .refused(Audience::Graph, source, token, "HTTP 401")
        .await
}

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn one_request_signs_in_for_all_who_wait() {
    let tokens = entra(&[(503, ""), TOKEN], LONG).await;
    let all = (0..20).map(|_| tokens.get(Audience::Graph));
    let all = futures::future::join_all(all).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    assert_eq!(tokens.sent(), 2);
}

#[tokio::test]
async fn a_refusal_is_remembered_for_its_audience() {
    let refused =
        r#"{"error":"x","error_description":"AADSTS500011: No such resource. Trace ID: 1"}"#;
    let tokens = entra(Box::leak(Box::new([(400, refused), TOKEN])), LONG).await;
    for _ in 0..3 {
        let error = tokens.get(Audience::LogAnalytics).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains("AADSTS500011: No such resource.)"), "{text}");
        assert!(!text.contains("hush"), "{text}");
    }
    assert_eq!(tokens.sent(), 1);
    let error = tokens.get(Audience::LogAnalytics).await.unwrap_err();
    assert!(
        tokens
            .is_signed_in_elsewhere(Audience::LogAnalytics, &error)
            .await
    );
}

#[tokio::test]
async fn a_service_that_the_configuration_does_not_use_is_not_signed_in_to() {
    let refused = (
        400,
        r#"{"error":"x","error_description":"AADSTS500011: No."}"#,
    );
    let answers = Box::leak(Box::new([refused, TOKEN]));
    let tokens = entra_for(vec![Audience::Graph], answers, LONG).await;
    let error = tokens.get(Audience::Graph).await.unwrap_err();
    assert!(!tokens.is_signed_in_elsewhere(Audience::Graph, &error).await);
    assert_eq!(tokens.sent(), 1);
}

#[tokio::test]
async fn entra_is_waited_for_only_so_long() {
    let patience = Duration::from_secs(2);
    let tokens = entra(&[(503, "")], patience).await;
    let begun = Instant::now();
    let error = tokens.get(Audience::Graph).await.unwrap_err();
    assert!(error.is_away, "{error}");
    assert!(error.to_string().contains("status 503"), "{error}");
    assert!(!tokens.is_signed_in_elsewhere(Audience::Graph, &error).await);
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert!((3..=8).contains(&tokens.sent()), "{}", tokens.sent());
}

#[tokio::test]
async fn a_token_that_cannot_be_used_is_none() {
    const OVER: (u16, &str) = (
        200,
        r#"{"token_type":"Bearer","expires_in":0,"access_token":"t"}"#,
    );
    const NO_HEADER: (u16, &str) = (
        200,
        r#"{"token_type":"Bearer","expires_in":3599,"access_token":"a\nb"}"#,
    );
    for (answer, wanted) in [(OVER, "has expired"), (NO_HEADER, "holds no token")] {
        let tokens = entra(Box::leak(Box::new([answer])), Duration::ZERO).await;
        for _ in 0..3 {
            let error = tokens.get(Audience::Graph).await.unwrap_err();
            assert!(error.to_string().contains(wanted), "{error}");
        }
        // It is not asked for again with every request.
        assert_eq!(tokens.sent(), 1);
    }
    const FOR_YEARS: (u16, &str) = (
        200,
        r#"{"token_type":"Bearer","expires_in":999999999,"access_token":"t"}"#,
    );
    let tokens = entra(&[FOR_YEARS], LONG).await;
    tokens.get(Audience::Graph).await.unwrap();
    let state = tokens.state(Audience::Graph);
    let expires = state.lock().await.token.as_ref().unwrap().expires;
    assert!(expires < Utc::now() + chrono::TimeDelta::days(8));
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once_for_all() {
    let tokens = entra(&[TOKEN], LONG).await;
    let first = tokens.get(Audience::Graph).await.unwrap();
    let refused = async |token: &Token| refused(&tokens, Source::Graph, token).await;
    assert_eq!(refused(&first).await, Refused::Renewed);
    assert_eq!(refused(&first).await, Refused::Renewed);
    assert_eq!(tokens.sent(), 2);
    let second = tokens.get(Audience::Graph).await.unwrap();
    // The service accepts the new token elsewhere, so that this answer is about one request.
    tokens.accepted(Audience::Graph, &second).await;
    assert_eq!(refused(&second).await, Refused::OnlyHere);
    assert_eq!(tokens.sent(), 2);
}

#[tokio::test]
async fn a_service_that_accepts_no_token_is_not_signed_in_to_again() {
    let tokens = entra(&[TOKEN], LONG).await;
    let first = tokens.get(Audience::Graph).await.unwrap();
    let refused = async |token: &Token| refused(&tokens, Source::Graph, token).await;
    assert_eq!(refused(&first).await, Refused::Renewed);
    let second = tokens.get(Audience::Graph).await.unwrap();
    let Refused::Always(error) = refused(&second).await else {
        panic!("renewed");
    };
    assert!(
        error
            .to_string()
            .contains("Microsoft Graph does not accept the token that Entra issues (HTTP 401)"),
        "{error}"
    );
    assert_eq!(tokens.get(Audience::Graph).await.unwrap_err(), error);
    assert_eq!(tokens.sent(), 2);
}

#[tokio::test]
async fn a_token_counts_as_accepted_when_the_one_before_it_was() {
    let tokens = entra(&[TOKEN], LONG).await;
    let first = tokens.get(Audience::Graph).await.unwrap();
    tokens.accepted(Audience::Graph, &first).await;
    let is_renewed = refused(&tokens, Source::Graph, &first).await;
    assert_eq!(is_renewed, Refused::Renewed);
    let second = tokens.get(Audience::Graph).await.unwrap();
    for _ in 0..3 {
        let again = refused(&tokens, Source::Graph, &second).await;
        assert_eq!(again, Refused::OnlyHere);
    }
    assert!(tokens.get(Audience::Graph).await.is_ok());
    assert_eq!(tokens.sent(), 2);
}

#[tokio::test]
async fn what_advanced_hunting_alone_refuses_leaves_the_token_to_the_others() {
    for (by, is_left) in [(Source::Hunting, true), (Source::Graph, false)] {
        let tokens = entra(&[TOKEN], LONG).await;
        let first = tokens.get(Audience::Graph).await.unwrap();
        let is_renewed = refused(&tokens, by, &first).await;
        assert_eq!(is_renewed, Refused::Renewed);
        let second = tokens.get(Audience::Graph).await.unwrap();
        let again = refused(&tokens, Source::Hunting, &second).await;
        assert_eq!(again == Refused::OnlyHere, is_left, "{again:?}");
        assert_eq!(tokens.get(Audience::Graph).await.is_ok(), is_left);
        // What Graph itself refuses counts.
        let again = refused(&tokens, Source::Graph, &second).await;
        assert!(matches!(again, Refused::Always(_)), "{again:?}");
        assert_eq!(tokens.sent(), 2);
    }
}

#[tokio::test]
async fn what_a_token_allows_is_read_from_the_token_in_use() {
    // Claims: {"aud":"https://graph.example","roles":["Chat.Read.All"]}
    const READABLE: (u16, &str) = (
        200,
        r#"{"token_type":"Bearer","expires_in":3599,"access_token":"e30.eyJhdWQiOiJodHRwczovL2dyYXBoLmV4YW1wbGUiLCJyb2xlcyI6WyJDaGF0LlJlYWQuQWxsIl19.x"}"#,
    );
    let tokens = entra(&[READABLE, TOKEN], LONG).await;
    for _ in 0..2 {
        let permissions = tokens.permissions(Audience::Graph).await.unwrap();
        assert!(permissions.has("Chat.Read.All") && permissions.lacks("User.Read.All"));
    }
    assert_eq!(tokens.sent(), 1);
    let permissions = tokens.permissions(Audience::LogAnalytics).await.unwrap();
    assert!(!permissions.is_known());
}
