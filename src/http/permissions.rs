//! What a token allows, as its claims say.
//!
//! The claims are read and not verified: they are a hint about what to ask for, and the service alone decides. Microsoft
//! calls its tokens opaque and may change them, so a token without readable claims is *not known*, and that never reads
//! as "not permitted".

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::terminal::clean;

/// The longest token whose claims are read, in bytes. Those of Entra have a few thousand.
const LONGEST_TOKEN: usize = 256 * 1024;
/// The most permissions that are read from a token.
const MOST: usize = 1_000;
/// The longest name of a permission or a user, in characters.
const LONGEST_NAME: usize = 200;

/// Permissions and those that include them, from Microsoft's reference of Graph permissions. Whatever includes a wider
/// one includes the narrower one too.
const WIDER: &[(&str, &[&str])] = &[
    ("User.Read", &["User.ReadWrite", "User.Read.All"]),
    ("User.ReadBasic.All", &["User.Read.All"]),
    (
        "User.Read.All",
        &["User.ReadWrite.All", "Directory.Read.All"],
    ),
    (
        "Organization.Read.All",
        &["Organization.ReadWrite.All", "Directory.Read.All"],
    ),
    ("Directory.Read.All", &["Directory.ReadWrite.All"]),
    (
        "Group.Read.All",
        &["Group.ReadWrite.All", "Directory.Read.All"],
    ),
    (
        "Team.ReadBasic.All",
        &["TeamSettings.Read.All", "Group.Read.All"],
    ),
    ("TeamSettings.Read.All", &["TeamSettings.ReadWrite.All"]),
    (
        "Channel.ReadBasic.All",
        &["ChannelSettings.Read.All", "Group.Read.All"],
    ),
    (
        "ChannelSettings.Read.All",
        &["ChannelSettings.ReadWrite.All"],
    ),
    ("ChannelMember.Read.All", &["ChannelMember.ReadWrite.All"]),
    ("Chat.ReadBasic", &["Chat.Read"]),
    ("Chat.Read", &["Chat.ReadWrite"]),
    ("Chat.ReadBasic.All", &["Chat.Read.All"]),
    ("Chat.Read.All", &["Chat.ReadWrite.All"]),
    ("ChatMember.Read", &["ChatMember.ReadWrite"]),
    ("ChatMember.Read.All", &["ChatMember.ReadWrite.All"]),
    ("SecurityAlert.Read.All", &["SecurityAlert.ReadWrite.All"]),
    (
        "SecurityIncident.Read.All",
        &["SecurityIncident.ReadWrite.All"],
    ),
];

/// Permissions that `Group.Read.All` gives, and `Directory.Read.All` does not although it includes the reading of groups.
const OF_GROUPS: &[(&str, &[&str])] = &[(
    "ChannelMessage.Read.All",
    &["Group.Read.All", "Group.ReadWrite.All"],
)];

/// What a token allows. It can be stored with the case, since it holds nothing of the token but what it says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permissions {
    /// The claims; `None` when the token shows none.
    claims: Option<Claims>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Claims {
    held: BTreeSet<String>,
    is_delegated: bool,
    user: Option<String>,
    object_id: Option<String>,
    application: Option<String>,
    tenant: Option<String>,
    directory_roles: BTreeSet<String>,
    issued: Option<DateTime<Utc>>,
    expires: Option<DateTime<Utc>>,
}

impl Permissions {
    /// Of a token whose claims nobody can read, or where there is no token.
    pub fn not_known() -> Self {
        Self::default()
    }

    /// Reads the claims of a token.
    pub(super) fn of(token: &str) -> Self {
        Self {
            claims: claims(token).as_ref().map(Claims::of),
        }
    }

    /// False when the token does not show what it allows. Then [`has`](Self::has) and [`lacks`](Self::lacks) are both
    /// false, and only a request can tell.
    pub fn is_known(&self) -> bool {
        self.claims.is_some()
    }

    /// True when the token is known to hold this permission, such as `Chat.Read.All`, or one that includes it.
    pub fn has(&self, name: &str) -> bool {
        self.claims.as_ref().is_some_and(|claims| claims.has(name))
    }

    /// True when the token is known not to hold this permission. Where a team or a chat gave its own consent to the
    /// application (resource-specific consent), the service may answer all the same, since no token shows that.
    pub fn lacks(&self, name: &str) -> bool {
        self.claims.as_ref().is_some_and(|claims| !claims.has(name))
    }

    /// True when the token speaks for a person who signed in, and not for an application of its own. Many lists are
    /// then those of this person alone.
    pub fn is_delegated(&self) -> bool {
        self.claims
            .as_ref()
            .is_some_and(|claims| claims.is_delegated)
    }

    /// The permissions that the token names, sorted. Permissions that these include are not among them.
    pub fn held(&self) -> impl Iterator<Item = &str> {
        let claims = self.claims.iter();
        claims.flat_map(|claims| claims.held.iter().map(String::as_str))
    }

    /// The sign-in name of the person who signed in; `None` for an application.
    pub fn user(&self) -> Option<&str> {
        self.claims.as_ref()?.user.as_deref()
    }

    /// The object id of the person or the application that the token speaks for.
    pub fn object_id(&self) -> Option<&str> {
        self.claims.as_ref()?.object_id.as_deref()
    }

    /// The name of the application, or else its id.
    pub fn application(&self) -> Option<&str> {
        self.claims.as_ref()?.application.as_deref()
    }

    /// The id of the tenant that issued the token.
    pub fn tenant(&self) -> Option<&str> {
        self.claims.as_ref()?.tenant.as_deref()
    }

    /// The template ids of the directory roles of the person who signed in, such as
    /// `5d6b6bb7-de71-4623-b4af-96380a352509` for a Security Reader.
    pub fn directory_roles(&self) -> impl Iterator<Item = &str> {
        let claims = self.claims.iter();
        claims.flat_map(|claims| claims.directory_roles.iter().map(String::as_str))
    }

    /// When the token was issued, by the clock of Entra.
    pub fn issued(&self) -> Option<DateTime<Utc>> {
        self.claims.as_ref()?.issued
    }

    /// When the token expires, by the clock of Entra.
    pub fn expires(&self) -> Option<DateTime<Utc>> {
        self.claims.as_ref()?.expires
    }
}

impl Claims {
    fn of(claims: &Value) -> Self {
        let scopes = claims["scp"].as_str();
        let scopes = scopes.map(str::split_whitespace).into_iter().flatten();
        let held = names(&claims["roles"])
            .chain(scopes.filter_map(name))
            .take(MOST)
            .collect();
        let text = |key: &str| claims[key].as_str().and_then(name);
        let is_delegated = match claims["idtyp"].as_str() {
            Some(kind) => kind == "user",
            None => claims["scp"].is_string(),
        };
        let user = ["upn", "unique_name", "preferred_username"];
        let user = user.into_iter().find_map(text);
        let application = ["app_displayname", "appid", "azp"];
        Self {
            held,
            is_delegated,
            user: user.filter(|_| is_delegated),
            object_id: text("oid"),
            application: application.into_iter().find_map(text),
            tenant: text("tid"),
            directory_roles: names(&claims["wids"]).take(MOST).collect(),
            issued: time(&claims["iat"]),
            expires: time(&claims["exp"]),
        }
    }

    fn has(&self, name: &str) -> bool {
        let is_held = |name: &str| self.held.contains(name);
        // Each permission is looked at once, whatever the tables hold.
        let mut todo = vec![name];
        let mut seen = BTreeSet::new();
        while let Some(name) = todo.pop() {
            if is_held(name) {
                return true;
            }
            if seen.insert(name) {
                todo.extend(of(WIDER, name));
            }
        }
        of(OF_GROUPS, name).iter().any(|wider| is_held(wider))
    }
}

fn of(table: &[(&str, &'static [&'static str])], name: &str) -> &'static [&'static str] {
    let found = table.iter().find(|(narrower, _)| *narrower == name);
    found.map_or(&[], |(_, wider)| *wider)
}

/// The claims of a JWT; `None` for anything else, such as an encrypted token.
fn claims(token: &str) -> Option<Value> {
    if token.len() > LONGEST_TOKEN {
        return None;
    }
    let mut parts = token.split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    // Every token of Entra names whom it is for.
    claims.get("aud")?.is_string().then_some(claims)
}

/// The names in a claim that holds a list.
fn names(claim: &Value) -> impl Iterator<Item = String> {
    let items = claim.as_array().into_iter().flatten();
    items.filter_map(|item| name(item.as_str()?))
}

/// A name that can be shown; `None` for an empty one and for one that is longer than any name is.
fn name(text: &str) -> Option<String> {
    if text.chars().nth(LONGEST_NAME).is_some() {
        return None;
    }
    let text = clean(text.trim()).into_owned();
    (!text.is_empty()).then_some(text)
}

fn time(claim: &Value) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(claim.as_i64()?, 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn token(claims: &Value) -> String {
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let header = encode(r#"{"typ":"JWT","alg":"RS256"}"#);
        format!("{header}.{}.{}", encode(&claims.to_string()), encode("x"))
    }

    fn application(roles: &[&str]) -> Permissions {
        Permissions::of(&token(&json!({"aud": "a", "idtyp": "app", "roles": roles})))
    }

    fn delegated(scopes: &str) -> Permissions {
        Permissions::of(&token(&json!({"aud": "a", "scp": scopes})))
    }

    #[test]
    fn the_token_of_an_application_shows_its_roles() {
        let permissions = Permissions::of(&token(&json!({
            "aud": "https://graph.microsoft.com",
            "appid": "cccc0000-0000-4000-8000-000000000001",
            "app_displayname": "link\u{1b}[31mtrail",
            "idtyp": "app",
            "oid": "eeee0000-0000-4000-8000-000000000001",
            "roles": ["User.Read.All", "ThreatHunting.Read.All"],
            "tid": "0a1b2c3d-1111-4222-8333-444455556666",
            "iat": 1_784_800_000, "exp": 1_784_803_600,
        })));
        assert!(permissions.is_known() && !permissions.is_delegated());
        let held: Vec<&str> = permissions.held().collect();
        assert_eq!(held, ["ThreatHunting.Read.All", "User.Read.All"]);
        assert!(permissions.has("ThreatHunting.Read.All") && permissions.has("User.ReadBasic.All"));
        assert!(permissions.lacks("Chat.Read.All") && !permissions.has("Chat.Read.All"));
        assert_eq!(permissions.user(), None);
        assert_eq!(permissions.application(), Some("link[31mtrail"));
        let object_id = permissions.object_id();
        assert_eq!(object_id, Some("eeee0000-0000-4000-8000-000000000001"));
        let tenant = permissions.tenant();
        assert_eq!(tenant, Some("0a1b2c3d-1111-4222-8333-444455556666"));
        let lifetime = permissions.expires().unwrap() - permissions.issued().unwrap();
        assert_eq!(lifetime.num_seconds(), 3600);
    }

    #[test]
    fn the_token_of_a_person_shows_scopes_name_and_roles_in_the_directory() {
        let permissions = Permissions::of(&token(&json!({
            "aud": "https://graph.microsoft.com",
            "scp": "ThreatHunting.Read.All  User.Read",
            "upn": "analyst@contoso.example",
            "wids": ["5d6b6bb7-de71-4623-b4af-96380a352509"],
        })));
        assert!(permissions.is_delegated());
        assert_eq!(permissions.user(), Some("analyst@contoso.example"));
        let held: Vec<&str> = permissions.held().collect();
        assert_eq!(held, ["ThreatHunting.Read.All", "User.Read"]);
        let roles: Vec<&str> = permissions.directory_roles().collect();
        assert_eq!(roles, ["5d6b6bb7-de71-4623-b4af-96380a352509"]);
        // A guest has no upn.
        let claims = json!({"aud": "a", "scp": "", "unique_name": "live.com#a@example.org"});
        let permissions = Permissions::of(&token(&claims));
        assert_eq!(permissions.user(), Some("live.com#a@example.org"));
        assert!(permissions.lacks("User.Read"));
    }

    #[test]
    fn without_grants_there_are_no_roles() {
        let permissions = Permissions::of(&token(&json!({"aud": "a", "appid": "b"})));
        assert!(permissions.is_known() && !permissions.is_delegated());
        assert_eq!(permissions.held().count(), 0);
        assert!(permissions.lacks("User.Read.All"));
    }

    #[test]
    fn a_wider_permission_includes_the_narrower_ones() {
        for (held, included) in [
            ("Directory.Read.All", "User.Read.All"),
            ("Directory.Read.All", "User.ReadBasic.All"),
            ("Directory.ReadWrite.All", "User.ReadBasic.All"),
            ("Directory.Read.All", "Organization.Read.All"),
            ("Directory.Read.All", "Team.ReadBasic.All"),
            ("Group.Read.All", "Team.ReadBasic.All"),
            ("Group.Read.All", "Channel.ReadBasic.All"),
            ("Group.Read.All", "ChannelMessage.Read.All"),
            ("Group.ReadWrite.All", "ChannelMessage.Read.All"),
            ("Chat.ReadWrite.All", "Chat.Read.All"),
            ("Chat.ReadWrite.All", "Chat.ReadBasic.All"),
            ("SecurityAlert.ReadWrite.All", "SecurityAlert.Read.All"),
        ] {
            assert!(application(&[held]).has(included), "{held} {included}");
            assert!(application(&[included]).lacks(held), "{included} {held}");
        }
        assert!(delegated("Chat.ReadWrite").has("Chat.ReadBasic"));
        for (held, other) in [
            ("Directory.Read.All", "ChannelMessage.Read.All"),
            // One's own chats are not everybody's.
            ("Chat.Read", "Chat.Read.All"),
            ("User.Read.All", "Directory.Read.All"),
            ("user.read.all", "User.Read.All"),
        ] {
            assert!(application(&[held]).lacks(other), "{held} {other}");
        }
    }

    #[test]
    fn a_token_without_readable_claims_is_not_known() {
        let json = |text: &str| format!("e30.{}.e30", URL_SAFE_NO_PAD.encode(text));
        for token in [
            String::new(),
            "eyOpaque.27.000001".to_owned(),
            "a.b.c".to_owned(),
            // An encrypted token has five parts.
            format!("{}.a.b", token(&json!({"aud": "a", "roles": ["x"]}))),
            json("[]"),
            json("{\"roles\":[\"User.Read.All\"]}"),
            json(&"[".repeat(100_000)),
            json(&format!("{{\"aud\":\"{}\"}}", "a".repeat(300_000))),
        ] {
            let permissions = Permissions::of(&token);
            assert_eq!(permissions, Permissions::not_known(), "{token:.40}");
            assert!(!permissions.is_known());
            let name = "User.Read.All";
            assert!(!permissions.has(name) && !permissions.lacks(name));
            assert!(!permissions.is_delegated());
        }
    }

    #[test]
    fn claims_of_another_shape_are_left_out() {
        let long = "x".repeat(201);
        let claims = json!({
            "aud": "a", "scp": ["a"], "roles": ["User.Read.All", 7, "", " ", long, {"a": "b"}],
            "oid": 7, "exp": "1784803600", "iat": i64::MAX, "wids": "x", "idtyp": ["user"],
        });
        let permissions = Permissions::of(&token(&claims));
        assert_eq!(permissions.held().collect::<Vec<_>>(), ["User.Read.All"]);
        assert_eq!(permissions.directory_roles().count(), 0);
        assert_eq!(permissions.object_id(), None);
        assert_eq!((permissions.issued(), permissions.expires()), (None, None));
        let many: Vec<String> = (0..5000).map(|n| format!("Role{n}")).collect();
        let permissions = Permissions::of(&token(&json!({"aud": "a", "roles": many})));
        assert_eq!(permissions.held().count(), MOST);
    }

    #[test]
    fn what_is_stored_is_read_back() {
        for permissions in [
            Permissions::not_known(),
            application(&["Chat.Read.All"]),
            delegated("Chat.Read"),
        ] {
            let text = serde_json::to_string(&permissions).unwrap();
            assert_eq!(
                serde_json::from_str::<Permissions>(&text).unwrap(),
                permissions
            );
        }
    }

    proptest! {
        #[test]
        fn no_token_is_too_hostile(token in "\\PC{0,200}", claims in "\\PC{0,200}") {
            let _ = Permissions::of(&token);
            let wrapped = format!("a.{}.b", URL_SAFE_NO_PAD.encode(&claims));
            let _ = Permissions::of(&wrapped);
            let aud = serde_json::json!({"aud": claims, "roles": [claims], "scp": claims, "upn": claims});
            let encoded = URL_SAFE_NO_PAD.encode(aud.to_string());
            let permissions = Permissions::of(&format!("a.{encoded}.b"));
            for name in permissions.held().chain(permissions.user()) {
                prop_assert!(!name.contains(crate::terminal::is_unsafe), "{:?}", name);
            }
        }
    }
}
