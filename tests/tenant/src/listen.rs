//! TLS listeners: one port a service, HTTP/1.1, every exchange logged.

use super::exchange::{Exchange, Service};
use super::faults::{Action, Detail};
use super::service::graph::{self, graph_error};
use super::service::{Call, Reply, State};
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{Request, Response};
use chrono::Utc;
use futures::StreamExt;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A certificate authority of one's own and a leaf for the loopback addresses.
pub(crate) struct Identity {
    /// The authority, in PEM: what `endpoints.ca_file` holds.
    pub ca_pem: String,
    /// The server's TLS configuration.
    pub acceptor: TlsAcceptor,
}

impl Identity {
    /// Makes both.
    pub(crate) fn generate() -> Self {
        let ca_key = KeyPair::generate().expect("a key for the authority");
        let mut ca = CertificateParams::new(Vec::<String>::new()).expect("no names");
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        ca.distinguished_name
            .push(rcgen::DnType::CommonName, "Simulated tenant authority");
        let ca_cert = ca.self_signed(&ca_key).expect("the authority signs itself");
        let issuer = Issuer::new(ca, ca_key);
        let key = KeyPair::generate().expect("a key for the leaf");
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let leaf = CertificateParams::new(names).expect("loopback names");
        let cert = leaf
            .signed_by(&key, &issuer)
            .expect("the authority signs the leaf");
        let chain = vec![CertificateDer::from(cert.der().to_vec())];
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("TLS versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("certificate and key fit");
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self {
            ca_pem: ca_cert.pem(),
            acceptor: TlsAcceptor::from(Arc::new(config)),
        }
    }
}

/// Serves one service until the runtime ends.
pub(crate) async fn serve(
    state: Arc<State>,
    service: Service,
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let (state, tls) = (state.clone(), tls.clone());
        tokio::spawn(async move {
            let handler = hyper::service::service_fn(move |request| {
                let state = state.clone();
                async move { handle(&state, service, request).await }
            });
            let server = auto::Builder::new(TokioExecutor::new());
            // An error here is a client or a fault that closed the connection.
            let _closed = match tls {
                None => server.serve_connection(TokioIo::new(stream), handler).await,
                Some(tls) => {
                    let Ok(stream) = tls.accept(stream).await else {
                        return;
                    };
                    server.serve_connection(TokioIo::new(stream), handler).await
                }
            };
        });
    }
}

/// Why a connection is closed without an answer.
#[derive(Debug)]
struct Dropped;

impl std::fmt::Display for Dropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("dropped by script")
    }
}

impl std::error::Error for Dropped {}

async fn handle(
    state: &State,
    service: Service,
    request: Request<Incoming>,
) -> Result<Response<Body>, Dropped> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(Body::new(body), 8 << 20)
        .await
        .map_err(|_| Dropped)?;
    let mut headers = BTreeMap::new();
    for (name, value) in &parts.headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        headers.insert(name.as_str().to_owned(), value);
    }
    let call = Call {
        method: parts.method.to_string(),
        target: parts.uri.to_string(),
        headers,
        body: body.to_vec(),
    };
    let action = state.script.due(service, &text_of(&call), false);
    match &action {
        Some(Action::Hang) => {
            log(state, service, &call, None, false, true);
            std::future::pending::<Infallible>().await;
        }
        Some(Action::Drop) => {
            log(state, service, &call, None, false, true);
            return Err(Dropped);
        }
        _ => {}
    }
    let mut reply = faulty(state, service, &call, action.as_ref(), false).await;
    if let Some(why) = misplaced_secret(state, service, &call) {
        reply = reply.violating(why);
    }
    log(state, service, &call, Some(&reply), false, action.is_some());
    Ok(response(reply, action.as_ref()))
}

/// A secret that was sent to a service it is not for, whatever the answer is.
fn misplaced_secret(state: &State, service: Service, call: &Call) -> Option<String> {
    let authorization = call.header("authorization").unwrap_or_default();
    let misplaced = match service {
        Service::Login | Service::InstanceMetadata | Service::AppService => {
            !authorization.is_empty()
        }
        Service::Otx | Service::UrlHaus | Service::VirusTotal => !authorization.is_empty(),
        Service::XForce => authorization.starts_with("Bearer"),
        Service::Graph | Service::LogAnalytics => authorization.starts_with("Basic"),
    };
    let keys = [
        ("x-otx-api-key", Service::Otx),
        ("auth-key", Service::UrlHaus),
        ("x-apikey", Service::VirusTotal),
    ];
    let key = keys
        .iter()
        .any(|(name, owner)| call.header(name).is_some() && service != *owner);
    let secret = state.world.client_secret.as_bytes();
    let in_body = call.body.windows(secret.len()).any(|w| w == secret) && service != Service::Login;
    (misplaced || key || in_body).then(|| format!("a secret was sent to {service}"))
}

/// Answers one part of a `$batch`.
pub(crate) async fn in_batch(state: &State, call: &Call) -> Reply {
    let action = state.script.due(Service::Graph, &text_of(call), true);
    let reply = faulty(state, Service::Graph, call, action.as_ref(), true).await;
    log(
        state,
        Service::Graph,
        call,
        Some(&reply),
        true,
        action.is_some(),
    );
    reply
}

fn text_of(call: &Call) -> String {
    let body = String::from_utf8_lossy(&call.body);
    format!("{} {}\n{body}", call.method, call.target)
}

async fn faulty(
    state: &State,
    service: Service,
    call: &Call,
    action: Option<&Action>,
    in_batch: bool,
) -> Reply {
    match action {
        Some(Action::Answer {
            status,
            headers,
            body,
        }) => {
            let mut reply = Reply::empty(*status);
            reply.headers.clone_from(headers);
            reply.body = body.clone().into_bytes();
            return reply;
        }
        Some(Action::Html) => {
            let mut reply = Reply::empty(200).header("content-type", "text/html; charset=utf-8");
            reply.body =
                b"<html><body><h1>Our services aren't available right now</h1></body></html>"
                    .to_vec();
            return reply;
        }
        Some(Action::EmptyPage) => return empty_page(&state.origins[&service], &call.target),
        Some(Action::ExpiredToken) => {
            let text = "Lifetime validation failed, the token is expired.";
            return graph_error(401, "InvalidAuthenticationToken", text);
        }
        Some(Action::Delay(time)) => tokio::time::sleep(*time).await,
        _ => {}
    }
    let mut reply = if in_batch {
        graph::answer(state, call, true).await
    } else {
        state.answer(service, call).await
    };
    let link = match action {
        Some(Action::NextLinkLoop) => Some(format!("{}{}", state.origins[&service], call.target)),
        Some(Action::NextLink(url)) => Some(url.clone()),
        _ => None,
    };
    if let Some(link) = link
        && let Ok(mut body) = serde_json::from_slice::<serde_json::Value>(&reply.body)
        && body.get("value").is_some()
    {
        body["@odata.nextLink"] = serde_json::json!(link);
        reply.body = body.to_string().into_bytes();
    }
    if let Some(Action::Partial(details)) = action
        && let Ok(mut body) = serde_json::from_slice::<serde_json::Value>(&reply.body)
        && body.get("tables").is_some()
    {
        body["error"] = Detail::error(details);
        reply.body = body.to_string().into_bytes();
    }
    if let Some(change @ (Action::Without(_) | Action::Items(..))) = action {
        change_items(&mut reply, change);
    }
    if let Some(Action::HalfJson) = action {
        reply.body.truncate(reply.body.len() / 2);
    }
    reply
}

fn change_items(reply: &mut Reply, action: &Action) {
    let Ok(mut body) = serde_json::from_slice::<serde_json::Value>(&reply.body) else {
        return;
    };
    let Some(items) = body.get_mut("value").and_then(|value| value.as_array_mut()) else {
        return;
    };
    match action {
        Action::Without(ids) => items.retain(|item| !ids.iter().any(|id| item["id"] == **id)),
        Action::Items(name, value) => {
            for item in items {
                item[*name] = value.clone();
            }
        }
        _ => {}
    }
    reply.body = body.to_string().into_bytes();
}

/// Each token says how many came before it.
fn empty_page(origin: &str, target: &str) -> Reply {
    const TOKEN: &str = "$skiptoken=empty-";
    let (list, before) = match target.split_once(TOKEN) {
        Some((list, number)) => (list.to_owned(), number.parse().unwrap_or(0_u64)),
        None if target.contains('?') => (format!("{target}&"), 0),
        None => (format!("{target}?"), 0),
    };
    let next = format!("{origin}{list}{TOKEN}{}", before + 1);
    Reply::json(
        200,
        &serde_json::json!({"value": [], "@odata.nextLink": next}),
    )
}

fn log(
    state: &State,
    service: Service,
    call: &Call,
    reply: Option<&Reply>,
    in_batch: bool,
    fault: bool,
) {
    let answer = reply.map(|r| String::from_utf8_lossy(&r.body).into_owned());
    state.log.push(Exchange {
        at: Utc::now(),
        service,
        method: call.method.clone(),
        target: call.target.clone(),
        headers: call.headers.clone(),
        body: String::from_utf8_lossy(&call.body).into_owned(),
        status: reply.map_or(0, |r| r.status),
        answer: answer.unwrap_or_default(),
        in_batch,
        fault,
        query: reply.and_then(|r| r.query.clone()),
        violation: reply.and_then(|r| r.violation.clone()),
    });
}

fn response(reply: Reply, action: Option<&Action>) -> Response<Body> {
    let mut builder = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        builder = builder.header(name, value);
    }
    let length = reply.body.len();
    let parts = |bytes: Vec<u8>, fails: bool| {
        let mut items: Vec<Result<Bytes, Dropped>> = vec![Ok(Bytes::from(bytes))];
        if fails {
            items.push(Err(Dropped));
        }
        // What came before the break must be on the wire before the connection is closed.
        Body::from_stream(futures::stream::iter(items).then(|item| async move {
            if item.is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            item
        }))
    };
    let body = match action {
        Some(Action::Cut(after)) => {
            builder = builder.header("content-length", length);
            parts(reply.body[..(*after).min(length)].to_vec(), true)
        }
        Some(Action::WrongLength(off)) => {
            let claimed = (length as i64 + off).max(0);
            builder = builder.header("content-length", claimed);
            parts(reply.body, *off > 0)
        }
        _ => Body::from(reply.body),
    };
    builder
        .body(body)
        .unwrap_or_else(|_| Response::new(Body::empty()))
}
