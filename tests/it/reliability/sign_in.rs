use super::{Row, rows};
use tenant_sim::{Action, Fault, Service};

const FOR_GRAPH: &str = "graph\\.microsoft\\.com";
const FOR_LOGS: &str = "api\\.loganalytics\\.io";

fn entra(pattern: &str, action: Action) -> Fault {
    Fault::on(Service::Login, pattern, action)
}

fn no_resource() -> Action {
    Action::aadsts(
        400,
        500_011,
        "The resource principal was not found in the tenant.",
    )
}

rows! {
    a_token_expires: Row::new("A token expires before its time (401 once).")
        .script(|_| vec![Fault::on(Service::Graph, "/joinedTeams", Action::ExpiredToken)]);
    entra_away_for_a_while: Row::new("Entra answers 503 three times, and is well after that.")
        .script(|_| vec![entra("token", Action::status(503)).times(3)])
        .sends("login", 5..=5);
    entra_throttles: Row::new("Entra answers 429 with `Retry-After` once.")
        .script(|_| vec![entra("token", Action::retry_after(429, "1"))])
        .sends("login", 3..=3);
    entra_away_for_long: Row::new("Entra answers 503 and asks to wait for an hour: the load ends, and says so.")
        .script(|_| vec![entra("token", Action::retry_after(503, "3600")).always()])
        .exit(1);
    a_wrong_secret: Row::new("The client secret is wrong: the load ends at once.")
        .script(|_| vec![entra("token", Action::aadsts(401, 7_000_215, "Invalid client secret provided.")).always()])
        .exit(1);
    no_such_application: Row::new("There is no such application in the tenant: the load ends at once.")
        .script(|_| vec![entra("token", Action::aadsts(400, 700_016, "Application was not found in the directory.")).always()])
        .exit(1);
    graph_refused: Row::new("Entra refuses the audience of Microsoft Graph alone.")
        .script(|_| vec![entra(FOR_GRAPH, no_resource()).always()])
        .sends("login", 2..=2)
        .sends("graph", 0..=0)
        .gap("teams", "graph", "users: no answer (sign-in to Entra failed: the tenant has no such service; check [tenant] cloud (AADSTS500011: The resource principal was not found in the tenant.))", 7)
        .gap("teams", "graph", "joined teams: no answer (sign-in to Entra failed: the tenant has no such service; check [tenant] cloud (AADSTS500011: The resource principal was not found in the tenant.))", 7)
        .gap("teams", "graph", "associated teams: no answer (sign-in to Entra failed: the tenant has no such service; …)", 7)
        .gap("teams", "graph", "teams: no answer (sign-in to Entra failed: the tenant has no such service; …)", 2)
        .gap("messages", "graph", "channels: no answer (sign-in to Entra failed: the tenant has no such service; …)", 3)
        .gap("messages", "graph", "users: no answer (sign-in to Entra failed: the tenant has no such service; …)", 3)
        .gap("messages", "graph", "the audit log lists messages in the team Fabrikam joint that were not read: channel messages: no answer (sign-in to Entra failed: the tenant has no such service; …)", 4)
        .gap("messages", "graph", "the audit log lists messages in the team Finance that were not read: channel messages: no answer (sign-in to Entra failed: the tenant has no such service; …)", 10)
        .gap("spread", "graph", "users: no answer (sign-in to Entra failed: the tenant has no such service; …)", 1)
        .gap("chats", "graph", "chats: no answer (sign-in to Entra failed: the tenant has no such service; …)", 4)
        .gap("chats", "graph", "chat messages: no answer (sign-in to Entra failed: the tenant has no such service; …)", 1)
        .heals();
    logs_refused: Row::new("Entra refuses the audience of Log Analytics alone, and a user is named by hand.")
        .script(|_| vec![entra(FOR_LOGS, no_resource()).always()])
        .arguments(&["--user", "adele.vance@contoso.com"])
        .sends("login", 2..=2)
        .sends("log_analytics", 0..=0)
        .gap("seeds", "log_analytics", "message_urls: no answer: sign-in to Entra failed: the tenant has no such service; check [tenant] cloud; where the cloud is right, an administrator adds the service with: az ad sp create --id ca7f3f0b-7d91-482c-8e09-c5d840d0eac5 (AADSTS500011: The resource principal was not found in the tenant.)", 1)
        .gap("seeds", "log_analytics", "reported: no answer: sign-in to Entra failed: the tenant has no such service; …", 1)
        .gap("seeds", "log_analytics", "smartscreen: no answer: sign-in to Entra failed: the tenant has no such service; check [tenant] cloud; where the cloud is right, an administrator adds the service with: az ad sp create --id ca7f3f0b-7d91-482c-8e09-c5d840d0eac5 (AADSTS500011: The resource principal was not found in the tenant.)", 1)
        .gap("seeds", "log_analytics", "url_clicks: no answer: sign-in to Entra failed: the tenant has no such service; check [tenant] cloud; where the cloud is right, an administrator adds the service with: az ad sp create --id ca7f3f0b-7d91-482c-8e09-c5d840d0eac5 (AADSTS500011: The resource principal was not found in the tenant.)", 1)
        .gap("messages", "log_analytics", "link_messages: no answer: sign-in to Entra failed: the tenant has no such service; check [tenant] cloud; where the cloud is right, an administrator adds the service with: az ad sp create --id ca7f3f0b-7d91-482c-8e09-c5d840d0eac5 (AADSTS500011: The resource principal was not found in the tenant.)", 1)
        .gap("seeds", "log_analytics", "log_ends: no answer: sign-in to Entra failed: the tenant has no such service; …", 1)
        .heals();
    graph_accepts_no_token: Row::new("Microsoft Graph answers 401 to every token.")
        .script(|_| vec![Fault::on(Service::Graph, "", Action::ExpiredToken).always()])
        .sends("login", 2..=4)
        .gap("teams", "graph", "users: no answer (Microsoft Graph does not accept the token that Entra issues (HTTP 401 InvalidAuthenticationToken); check [tenant] id and cloud, and [endpoints])", 7)
        .gap("teams", "graph", "joined teams: no answer (Microsoft Graph does not accept the token that Entra issues (HTTP 401 InvalidAuthenticationToken); check [tenant] id and cloud, and [endpoints])", 7)
        .gap("teams", "graph", "associated teams: no answer (Microsoft Graph does not accept the token that Entra issues (HTTP 401 InvalidAuthenticationToken); …)", 7)
        .gap("teams", "graph", "teams: no answer (Microsoft Graph does not accept the token that Entra issues (HTTP 401 InvalidAuthenticationToken); …)", 2)
        .gap("messages", "graph", "channels: no answer (Microsoft Graph does not accept the token that Entra issues (HTTP 401 InvalidAuthenticationToken); …)", 3)
        .gap("messages", "graph", "users: no answer (Microsoft Graph does not accept the token that Entra issues (HTTP 401 InvalidAuthenticationToken); …)", 3)
        .gap("messages", "graph", "the audit log lists messages in the team Fabrikam joint that were not read: channel messages: no answer (Microsoft Graph does not accept the token that Entra issues (HTTP 401 InvalidAuthenticationToken); …)", 4)
        .gap("messages", "graph", "the audit log lists messages in the team Finance that were not read: channel messages: no answer (Microsoft Graph does not accept the token that Entra issues (HTTP 401 InvalidAuthenticationToken); …)", 10)
        .gap("spread", "graph", "users: no answer (Microsoft Graph does not accept the token that Entra issues (HTTP 401 InvalidAuthenticationToken); …)", 1)
        .gap("chats", "graph", "chats: no answer (Microsoft Graph does not accept the token that Entra issues (HTTP 401 InvalidAuthenticationToken); …)", 4)
        .gap("chats", "graph", "chat messages: no answer (Microsoft Graph does not accept the token that Entra issues (HTTP 401 InvalidAuthenticationToken); …)", 1)
        .heals();
}
