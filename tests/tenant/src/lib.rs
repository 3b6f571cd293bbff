//! A simulated Microsoft tenant over real TLS: Entra, Graph, Log Analytics and the services of
//! threat intelligence, each on a port of its own, answering from one deterministic world and stricter than the real services.
//!
//! ```ignore
//! let world = World::small();
//! let truth = world.truth(&Query::of(&world));
//! let tenant = Tenant::start(world, Options::default());
//! // run linktrail with tenant.config_toml("") and tenant.env()
//! tenant.assert_clean();
//! ```
//!
//! Nothing here uses the library under test.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what cannot be set up fails the test"
)]

mod cloud;
mod exchange;
mod faults;
mod listen;
mod service;
mod throttle;
mod truth;
pub mod world;

pub use cloud::Cloud;
pub use exchange::{Exchange, Service};
pub use faults::{Action, Detail, Fault};
pub use service::decode;
pub use service::graph::PERMISSIONS;
pub use service::intel::{OTX_KEY, URLHAUS_KEY, VIRUSTOTAL_KEY, XFORCE_KEY, XFORCE_PASSWORD};
pub use service::login::{DeviceCodes, Holder, Registered};
pub use service::metadata::IDENTITY_HEADER;
pub use truth::{ChatsOf, Query, Truth};
pub use world::World;

use world::facts::Time;
use world::logs::Extents;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tempfile::TempDir;

impl World {
    /// What linktrail must answer about this world.
    pub fn truth(&self, query: &Query) -> Truth {
        truth::collect(self, query)
    }
}

/// When a 429 carries `Retry-After`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// Every time.
    Always,
    /// Never.
    Never,
    /// Every other time.
    Sometimes,
}

/// What advanced hunting has, and the workspace has of it.
#[derive(Clone, Debug)]
pub struct Hunting {
    /// Tables that it does not show: there is no licence for them, or no right to them.
    pub absent: Vec<&'static str>,
    /// The workspace is connected, so that its tables are there too.
    pub connected_workspace: bool,
    /// Defender's tables that stream to the workspace beside the usual ones, of AlertInfo and AlertEvidence.
    pub streamed: Vec<&'static str>,
}

impl Default for Hunting {
    fn default() -> Self {
        Self {
            absent: Vec::new(),
            connected_workspace: true,
            streamed: Vec::new(),
        }
    }
}

/// How RecipientDetails of MessageEvents come as a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recipients {
    /// As the text of a list, as `tostring` gives it.
    #[default]
    Text,
    /// As a list all the same.
    List,
    /// As the text of a list of texts, each of one recipient.
    Texts,
}

/// How Defender's tables of messages and clicks look.
#[derive(Clone, Debug, Default)]
pub struct Messages {
    /// How recipients are told.
    pub recipients: Recipients,
    /// Every row of MessageEvents, MessageUrlInfo, MessagePostDeliveryEvents and UrlClickEvents was ingested twice, and
    /// those of MessageEvents once more three hours later.
    pub twice: bool,
    /// MessageEvents has in the workspace the columns that it has in advanced hunting, and the other way round.
    pub turned_columns: bool,
}

/// How strict and how broken a tenant is.
#[derive(Clone, Debug)]
pub struct Options {
    /// Enforce the published limits, times this factor; none enforces nothing. 1 is real time.
    pub throttle: Option<f64>,
    /// When a 429 says how long to wait.
    pub retry_after: RetryAfter,
    /// The cloud that it is in.
    pub cloud: Cloud,
    /// Seconds that a token is good for.
    pub token_lifetime: u64,
    /// Graph permissions that were not granted, of [`PERMISSIONS`].
    pub withheld: Vec<&'static str>,
    /// The permissions of an application's tokens for Graph, but those that are withheld; none for all of [`PERMISSIONS`].
    pub granted: Option<Vec<&'static str>>,
    /// The scopes of a person's tokens for Graph.
    pub scopes: Vec<&'static str>,
    /// The UPN of the person who signs in; none for the first member of the world.
    pub person: Option<String>,
    /// The token of a person opens what an application's does, and not the person's own teams and chats alone.
    pub person_sees_all: bool,
    /// Tokens show nothing of what they allow.
    pub opaque_tokens: bool,
    /// Certificates that are registered at the application.
    pub certificates: Vec<Registered>,
    /// The subject whose federated tokens the application trusts.
    pub federated_subject: Option<&'static str>,
    /// What people do with device codes.
    pub device_codes: DeviceCodes,
    /// The machine has a system-assigned managed identity.
    pub system_identity: bool,
    /// The client ids of its user-assigned ones.
    pub user_identities: Vec<&'static str>,
    /// How many seconds the clock of Entra is ahead of that of everybody else.
    pub clock_ahead: i64,
    /// A word that stands in every device code and refresh token.
    pub mark: &'static str,
    /// Sentinel tables that were never ingested, beside those the world lacks.
    pub absent_tables: Vec<&'static str>,
    /// Rows after which a query's answer is partial.
    pub max_rows: Option<usize>,
    /// Page size that no `$top` can raise.
    pub page_limit: Option<usize>,
    /// Second pages are empty and some others short.
    pub ragged_pages: bool,
    /// Replies that `$expand=replies` gives with their root.
    pub expanded_replies: usize,
    /// Bools of Log Analytics come as 0 and 1.
    pub numeric_bools: bool,
    /// How long each Log Analytics query runs.
    pub query_millis: u64,
    /// The application may not read the workspace.
    pub no_workspace_access: bool,
    /// The workspace has no data at all: 204.
    pub empty_workspace: bool,
    /// What people of other tenants sent to a user is not kept on the user's side, so that nobody gives it.
    pub no_sides: bool,
    /// What advanced hunting has.
    pub hunting: Hunting,
    /// How Defender's tables of messages and clicks look.
    pub messages: Messages,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            throttle: None,
            retry_after: RetryAfter::Sometimes,
            cloud: Cloud::Public,
            token_lifetime: 3599,
            withheld: Vec::new(),
            granted: None,
            scopes: vec![
                "User.Read",
                "Team.ReadBasic.All",
                "Channel.ReadBasic.All",
                "Chat.Read",
            ],
            person: None,
            person_sees_all: false,
            opaque_tokens: false,
            certificates: Vec::new(),
            federated_subject: None,
            device_codes: DeviceCodes::default(),
            system_identity: true,
            user_identities: Vec::new(),
            clock_ahead: 0,
            mark: "EAQAB",
            absent_tables: Vec::new(),
            max_rows: None,
            page_limit: None,
            ragged_pages: true,
            expanded_replies: 1000,
            numeric_bools: false,
            query_millis: 0,
            no_workspace_access: false,
            empty_workspace: false,
            no_sides: false,
            hunting: Hunting::default(),
            messages: Messages::default(),
        }
    }
}

impl Options {
    fn says_retry_after(&self, n: usize) -> bool {
        match self.retry_after {
            RetryAfter::Always => true,
            RetryAfter::Never => false,
            RetryAfter::Sometimes => n.is_multiple_of(2),
        }
    }
}

/// A running tenant. It ends when it is dropped.
pub struct Tenant {
    state: Arc<service::State>,
    runtime: Option<tokio::runtime::Runtime>,
    folder: TempDir,
}

impl Tenant {
    /// Starts a tenant on free loopback ports.
    pub fn start(mut world: World, options: Options) -> Self {
        if options.messages.twice {
            world.tables.ingest_twice();
        }
        let folder = TempDir::new().expect("a temporary folder");
        let identity = listen::Identity::generate();
        std::fs::write(folder.path().join("ca.pem"), &identity.ca_pem).expect("write ca.pem");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("tenant")
            .enable_all()
            .build()
            .expect("a runtime for the tenant");
        let mut origins = BTreeMap::new();
        let mut listeners = Vec::new();
        for service in Service::ALL {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
            listener.set_nonblocking(true).expect("non-blocking");
            let port = listener.local_addr().expect("an address").port();
            let scheme = if service.is_plain() { "http" } else { "https" };
            origins.insert(service, format!("{scheme}://127.0.0.1:{port}"));
            listeners.push((service, listener));
        }
        let state = Arc::new(service::State::new(world, options, origins));
        for (service, listener) in listeners {
            let tls = (!service.is_plain()).then(|| identity.acceptor.clone());
            let state = state.clone();
            runtime.spawn(async move {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                listen::serve(state, service, listener, tls).await;
            });
        }
        Self {
            state,
            runtime: Some(runtime),
            folder,
        }
    }

    /// The world it answers from.
    pub fn world(&self) -> &World {
        &self.state.world
    }

    /// Base urls by the service's name in the configuration, but those for managed identities alone.
    pub fn endpoints(&self) -> BTreeMap<&'static str, String> {
        let origins = self.state.origins.iter();
        origins
            .filter(|(service, _)| !service.is_plain())
            .map(|(service, origin)| (service.name(), origin.clone()))
            .collect()
    }

    /// The base url of a service.
    pub fn endpoint(&self, service: Service) -> &str {
        &self.state.origins[&service]
    }

    /// The authority's certificate in PEM.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A folder that lives as long as the tenant.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A complete `linktrail.toml` for this tenant, then `extra` (such as a `[neo4j]` table).
    pub fn config_toml(&self, extra: &str) -> String {
        let world = self.world();
        let mut text = format!(
            "[tenant]\nid = \"{}\"\ncloud = \"{}\"\ninternal_domains = {:?}\n\n\
             [auth]\nmethod = \"client-secret\"\nclient_id = \"{}\"\n\n\
             [sentinel]\nworkspace_id = \"{}\"\n\n\
             [intel]\nproviders = [\"defender\", \"otx\", \"xforce\"]\npatience = \"5s\"\n\n[endpoints]\n",
            world.tenant_id,
            self.state.options.cloud.name(),
            world.internal_domains,
            world.client_id,
            world.workspace_id
        );
        for (name, url) in self.endpoints() {
            text.push_str(&format!("{name} = \"{url}\"\n"));
        }
        text.push_str(&format!("ca_file = {:?}\n\n{extra}", self.ca_file()));
        text
    }

    /// The secrets, as environment variables of linktrail.
    pub fn env(&self) -> Vec<(&'static str, String)> {
        vec![
            (
                "LINKTRAIL_CLIENT_SECRET",
                self.world().client_secret.clone(),
            ),
            ("LINKTRAIL_OTX_KEY", OTX_KEY.into()),
            ("LINKTRAIL_XFORCE_KEY", XFORCE_KEY.into()),
            ("LINKTRAIL_XFORCE_PASSWORD", XFORCE_PASSWORD.into()),
            ("LINKTRAIL_URLHAUS_KEY", URLHAUS_KEY.into()),
            ("LINKTRAIL_VIRUSTOTAL_KEY", VIRUSTOTAL_KEY.into()),
        ]
    }

    /// Every exchange so far.
    pub fn requests(&self) -> Vec<Exchange> {
        self.state.log.all()
    }

    /// Exchanges with one service.
    pub fn requests_to(&self, service: Service) -> Vec<Exchange> {
        let mut all = self.requests();
        all.retain(|e| e.service == service);
        all
    }

    /// How many HTTP requests a service received; parts of a batch are none of their own.
    pub fn received(&self, service: Service) -> usize {
        let mut all = self.requests_to(service);
        all.retain(|e| !e.in_batch);
        all.len()
    }

    /// Forgets the exchanges so far.
    pub fn clear_requests(&self) {
        self.state.log.clear();
    }

    /// Adds faults.
    pub fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state.script.add(faults);
    }

    /// Removes all faults, and fills the logs.
    pub fn clear_script(&self) {
        self.state.script.clear();
        *self.logs() = Extents::default();
    }

    /// From now on a log holds no event of this time or later: they have not arrived yet.
    pub fn end_log(&self, table: &'static str, at: Time) {
        self.logs().ends.insert(table, at);
    }

    /// From now on a log holds no event before this time: they were not kept.
    pub fn begin_log(&self, table: &'static str, at: Time) {
        self.logs().begins.insert(table, at);
    }

    /// From now on advanced hunting does not show a table.
    pub fn hide_table(&self, table: &'static str) {
        self.logs().not_hunted.insert(table);
    }

    /// The resources of the tenant for advanced hunting are used up for so long.
    pub fn use_up_resources(&self, time: Duration) {
        let mut used_up = self
            .state
            .used_up
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        *used_up = Some(self.state.clock.now() + time);
    }

    /// From now on a table is absent in the workspace.
    pub fn remove_table(&self, table: &'static str) {
        self.logs().absent.insert(table);
    }

    fn logs(&self) -> std::sync::MutexGuard<'_, Extents> {
        self.state
            .logs
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Every bearer token becomes void, as after a password change: 401 until a new one is fetched.
    pub fn expire_tokens(&self) {
        let mut tokens = self
            .state
            .tokens
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        for token in tokens.values_mut() {
            token.expires = self.state.clock.now();
        }
    }

    /// A new token for a resource, as the Azure CLI has one, which the services accept.
    pub fn issue(&self, resource: &str, holder: Holder) -> String {
        service::login::token::issue(&self.state, resource, holder).0
    }

    /// A token of another identity provider for a subject, which is good for so many seconds from now.
    pub fn federated_token(&self, subject: &str, seconds: i64) -> String {
        self.state.federated_token(subject, seconds)
    }

    /// Ends every person's session: refresh tokens are refused with this code from now on.
    pub fn end_sessions(&self, code: u32) {
        self.state.memory().session_over = Some(code);
    }

    /// The tokens for next pages that were given so far run out.
    pub fn expire_pages(&self) {
        self.state.epoch.fetch_add(1, Ordering::SeqCst);
    }

    /// Stops the clock by which tokens end and limits are kept.
    pub fn stop_clock(&self) {
        self.pass(Duration::ZERO);
    }

    /// Moves the clock on by so much, and stops it there.
    pub fn pass(&self, time: Duration) {
        self.state.clock.stop_after(time);
    }

    /// Whether Log Analytics keeps the answers to all queries back.
    pub fn hold_queries(&self, held: bool) {
        self.state.held.store(held, Ordering::SeqCst);
    }

    /// How many requests were left without an answer by a scripted fault.
    pub fn unanswered(&self) -> usize {
        self.state.log.count(|e| e.fault && e.status == 0)
    }

    /// What was asked that a careful client does not ask.
    pub fn violations(&self) -> Vec<String> {
        let told = |e: Exchange| {
            let why = e.violation?;
            Some(format!("{}: {} {}: {why}", e.service, e.method, e.target))
        };
        self.requests().into_iter().filter_map(told).collect()
    }

    /// Panics if anything was asked that a careful client does not ask.
    pub fn assert_clean(&self) {
        let violations = self.violations();
        assert!(
            violations.is_empty(),
            "violations:\n{}",
            violations.join("\n")
        );
    }
}

impl Drop for Tenant {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
